//! The flows over a Task Scheduler that plays its part.

use super::stage::{Stage, no, yes};
use crate::service::launch::MARK;
use crate::service::outcome::ServiceError;
use crate::service::windows::{self, Tasks};

const QUESTION: &str = "powershell -NoProfile -NonInteractive -Command $t = Get-ScheduledTask \
     -TaskName 'WhisperEngine' -ErrorAction SilentlyContinue; if ($t) { $t.State; $t.Description }";
const RUN: &str = "schtasks /Run /TN WhisperEngine";
const END: &str = "schtasks /End /TN WhisperEngine";
const DELETE: &str = "schtasks /Delete /TN WhisperEngine /F";

fn task(state: &str) -> super::stage::Answer {
    yes(&format!("{state}\r\n{MARK}\r\n"))
}

fn create(stage: &Stage) -> String {
    format!("schtasks /Create /TN WhisperEngine /XML {} /F", stage.path("box/config/service.xml").display())
}

#[tokio::test]
async fn it_is_made_once_for_the_user_who_asks() -> anyhow::Result<()> {
    let mut stage = Stage::new("windows", 1000)?;
    stage.set("USERDOMAIN", "HOME");
    stage.set("USERNAME", "Ada");
    let _box = stage.answering_box()?;
    stage.expect(&[(QUESTION, yes("")), (&create(&stage), yes("")), (RUN, yes(""))]);
    let launch = stage.launch(&[])?;
    let done = Tasks::new(&stage.ground()).install(&launch).await?;
    stage.assert_played();
    assert!(done.changed, "{done:?}");
    let written = std::fs::read(stage.path("box/config/service.xml"))?;
    assert_eq!(written, windows::encode(&windows::render(&launch, Some("HOME\\Ada"))));

    stage.expect(&[(QUESTION, task("Running"))]);
    let done = Tasks::new(&stage.ground()).install(&launch).await?;
    assert!(!done.changed && done.said.contains("nothing was changed"), "{done:?}");

    stage.expect(&[(QUESTION, task("Running")), (END, yes("")), (&create(&stage), yes("")), (RUN, yes(""))]);
    assert!(Tasks::new(&stage.ground()).install(&stage.launch(&["--runtime=native"])?).await?.changed);
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn a_task_of_somebody_else_is_left_alone() -> anyhow::Result<()> {
    let stage = Stage::new("windows", 1000)?;
    let dir = stage.data_dir()?;
    for _ in 0..3 {
        stage.expect(&[(QUESTION, yes("Ready\r\nSomebody's own\r\n"))]);
    }
    let refused = Tasks::new(&stage.ground()).install(&stage.launch(&[])?).await.expect_err("not ours");
    assert!(matches!(refused, ServiceError::Foreign(_)), "{refused}");
    let refused = Tasks::new(&stage.ground()).remove(dir.root()).await.expect_err("not ours");
    assert!(matches!(refused, ServiceError::Foreign(_)), "{refused}");
    assert!(!Tasks::new(&stage.ground()).status(dir.root()).await?.installed);
    stage.assert_played();
    Ok(())
}

#[tokio::test]
async fn status_and_removal() -> anyhow::Result<()> {
    let stage = Stage::new("windows", 1000)?;
    let dir = stage.data_dir()?;
    stage.expect(&[(QUESTION, task("Disabled"))]);
    let standing = Tasks::new(&stage.ground()).status(dir.root()).await?;
    assert_eq!((standing.installed, standing.enabled, standing.running), (true, false, false));

    stage.expect(&[(QUESTION, task("Running")), (END, yes("")), (DELETE, no("Access is denied."))]);
    let failed = Tasks::new(&stage.ground()).remove(dir.root()).await.expect_err("it is still there");
    assert!(failed.to_string().contains("Access is denied."), "{failed}");

    stage.expect(&[(QUESTION, task("Ready")), (DELETE, yes(""))]);
    assert!(Tasks::new(&stage.ground()).remove(dir.root()).await?.changed);
    stage.expect(&[(QUESTION, yes(""))]);
    assert!(!Tasks::new(&stage.ground()).remove(dir.root()).await?.changed);
    stage.assert_played();
    Ok(())
}
