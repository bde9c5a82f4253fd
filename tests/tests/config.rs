//! Configuration, as the program tells it: sizes that follow from the machine, and every mistake at once.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tests::process::{Finished, Home};

const SOON: Duration = Duration::from_secs(20);

async fn show(home: &Home, more: &[&str]) -> anyhow::Result<Value> {
    let arguments = [&["config", "show", "--json"], more].concat();
    let finished = home.run(&arguments, SOON).await?;
    ensure!(finished.status.success(), "{finished:?}");
    Ok(serde_json::from_str(&finished.stdout)?)
}

#[tokio::test]
async fn fourteen_cores_and_sixty_four_gib_are_tier_two() -> anyhow::Result<()> {
    let home = Home::new()?;
    let assumed = ["--assume-cores", "14", "--assume-ram-gib", "64", "--assume-mode", "desktop"];
    let shown = show(&home, &assumed).await?;
    assert_eq!(shown["tier"]["number"], 2);
    assert_eq!(shown["tier"]["name"], "balanced");
    assert_eq!(shown["mode"], "desktop");
    assert_eq!(shown["derived"]["database"], "sqlite", "a tier never demands a database");
    assert!(shown["evidence"].as_array().is_some_and(|evidence| evidence.len() >= 6));
    assert!(!home.data_dir().exists(), "looking at the configuration makes nothing");
    Ok(())
}

#[tokio::test]
async fn each_override_of_the_environment_changes_what_follows() -> anyhow::Result<()> {
    let assumed = ["--assume-cores", "14", "--assume-ram-gib", "64"];
    let under = async |variables: &[(&str, &str)]| {
        let mut home = Home::new()?;
        home.set("WHISPERENGINE_MODE", "desktop");
        for (name, value) in variables {
            home.set(name, value);
        }
        show(&home, &assumed).await
    };
    let plain = under(&[]).await?;
    let tier = under(&[("WHISPERENGINE_SCALE_TIER", "3")]).await?;
    assert_eq!(tier["tier"]["number"], 3);
    for name in
        ["threads", "memory_limit_gb", "cache_mb", "pool_size", "request_timeout_s", "temp_file_age_s"]
    {
        assert_ne!(tier["derived"][name], plain["derived"][name], "{name}");
    }
    assert_eq!(under(&[("WHISPERENGINE_CPU_THREADS", "3")]).await?["derived"]["threads"], 3);
    let limited = under(&[("WHISPERENGINE_MEMORY_LIMIT_GB", "2")]).await?;
    assert_eq!(limited["tier"]["number"], 1);
    assert_eq!(limited["derived"]["memory_limit_gb"], 2.0);
    assert_eq!(plain["derived"]["local_ai"], true);
    assert_eq!(under(&[("WHISPERENGINE_ENABLE_LOCAL_AI", "false")]).await?["derived"]["local_ai"], false);
    assert_eq!(under(&[("WHISPERENGINE_MODE", "kubernetes")]).await?["tier"]["number"], 4);
    assert_eq!(under(&[("WHISPERENGINE_MODE", "multi_bot")]).await?["tier"]["number"], 3);
    let postgres = [
        ("WHISPERENGINE_DATABASE_TYPE", "postgres"),
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_DB", "companion"),
        ("POSTGRES_USER", "companion"),
    ];
    assert_eq!(under(&postgres).await?["derived"]["database"], "postgres");
    Ok(())
}

#[tokio::test]
async fn a_real_control_group_wins_over_the_host() -> anyhow::Result<()> {
    let Some(group) = Group::of_half_a_gib()? else {
        eprintln!("skipped: this machine lets nobody make a control group, so only fixtures show the limit");
        return Ok(());
    };
    let home = Home::new()?;
    let program = home.command(&["config", "show", "--json", "--assume-cores", "32"])?;
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", r#"echo $$ > "$0/cgroup.procs" && exec "$@""#]).arg(&group.dir);
    shell.arg(program.get_program()).args(program.get_args()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(shown["hardware"]["ram_gib"], 0.5);
    assert_eq!(shown["evidence"][2]["what"], "ram");
    assert!(shown["evidence"][2]["from"].as_str().is_some_and(|from| from.contains("/memory.")), "{shown:#}");
    Ok(())
}

/// A memory control group below our own, gone with the value.
struct Group {
    dir: std::path::PathBuf,
}

impl Group {
    fn of_half_a_gib() -> anyhow::Result<Option<Self>> {
        let ours = std::fs::read_to_string("/proc/self/cgroup")?;
        let path = |marker: &str| {
            ours.lines().find_map(|line| Some(line.split_once(marker)?.1.trim_start_matches('/').to_owned()))
        };
        let name = format!("whisperengine-test-{}", std::process::id());
        let first = path(":memory:").map(|path| Path::new("/sys/fs/cgroup/memory").join(path));
        let second = path("0::").map(|path| Path::new("/sys/fs/cgroup").join(path));
        for (parent, file) in [(first, "memory.limit_in_bytes"), (second, "memory.max")] {
            let Some(dir) = parent.map(|parent| parent.join(&name)) else { continue };
            if std::fs::create_dir(&dir).is_err() {
                continue;
            }
            let group = Self { dir };
            if std::fs::write(group.dir.join(file), (512_u64 << 20).to_string()).is_ok() {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The last process in it may still be on its way out; an empty group costs nothing.
        std::fs::remove_dir(&self.dir).ok();
    }
}

#[tokio::test]
async fn three_broken_settings_are_all_named_and_nothing_is_started() -> anyhow::Result<()> {
    let mut home = Home::new()?;
    home.set("WHISPERENGINE_SCALE_TIER", "enormous");
    home.set("WHISPERENGINE_LISTEN", "here");
    home.set("WHISPERENGINE_LOG_KEEP", "-1");
    for command in [&["config", "check"][..], &["config", "show"], &["config", "generate"]] {
        let Finished { status, stderr, stdout } = home.run(command, SOON).await?;
        assert_eq!(status.code(), Some(64), "{command:?}: {stdout}{stderr}");
        for key in ["scale_tier", "server.listen", "log.keep"] {
            assert!(stderr.contains(key), "{command:?} does not name {key}: {stderr}");
        }
    }
    let told = home.run(&["config", "check", "--json"], SOON).await?;
    let told: Value = serde_json::from_str(&told.stdout)?;
    assert_eq!(told["problems"].as_array().map(Vec::len), Some(3));
    assert_eq!(told["problems"][0]["source"], "WHISPERENGINE_SCALE_TIER");
    assert!(!home.data_dir().exists(), "not even the data directory is made");
    Ok(())
}

#[tokio::test]
async fn a_generated_file_is_private_good_and_never_overwritten_unasked() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new()?;
    let first = home.run(&["config", "generate"], SOON).await?;
    ensure!(first.status.success(), "{first:?}");
    let path = home.data_dir().join("config/settings.toml");
    assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
    assert_eq!(home.run(&["config", "check"], SOON).await?.stdout, "fine\n");
    let shown = show(&home, &[]).await?;
    let tier = shown["settings"].as_array().and_then(|all| all.iter().find(|one| one["key"] == "scale_tier"));
    let source = tier.and_then(|tier| tier["source"].as_str()).context("the tier has a source")?;
    assert!(source.starts_with("settings.toml:"), "{source}");
    std::fs::write(&path, "mine = true\n")?;
    assert_eq!(home.run(&["config", "generate"], SOON).await?.status.code(), Some(64));
    std::fs::write(&path, "# mine\n")?;
    assert_eq!(home.run(&["config", "generate"], SOON).await?.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&path)?, "# mine\n");
    assert!(home.run(&["config", "generate", "--force"], SOON).await?.status.success());
    assert_eq!(home.run(&["config", "check"], SOON).await?.stdout, "fine\n");
    Ok(())
}

#[tokio::test]
async fn a_wrong_command_line_is_a_usage_error() -> anyhow::Result<()> {
    let home = Home::new()?;
    for command in [&["config", "sohw"][..], &["config", "show", "--assume-cores", "0"], &["--bogus"]] {
        assert_eq!(home.run(command, SOON).await?.status.code(), Some(2), "{command:?}");
    }
    Ok(())
}
