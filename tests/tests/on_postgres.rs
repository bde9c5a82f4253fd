//! The box and its engine on a PostgreSQL server, and when that server is gone.

use anyhow::Context;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::problem::ErrorCode;
use engine_client::transport::socket::unix;
use engine_client::wire::status::EngineStatus;
use std::net::SocketAddr;
use std::time::Duration;
use tests::free_port::free_port;
use tests::http;
use tests::process::{Home, Process};
use tests::services::postgres::Database;
use tests::wait;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(40);
const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

/// A wire to the server that can be cut and mended.
struct Wire {
    address: SocketAddr,
    server: String,
    carrying: Option<JoinSet<()>>,
}

impl Wire {
    async fn lay(server: String) -> anyhow::Result<Self> {
        let mut wire = Self { address: free_port()?, server, carrying: None };
        wire.mend().await?;
        Ok(wire)
    }

    async fn mend(&mut self) -> anyhow::Result<()> {
        let (listener, server) = (TcpListener::bind(self.address).await?, self.server.clone());
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(server).await {
                        // Either side may hang up as it likes.
                        copy_bidirectional(&mut near, &mut far).await.ok();
                    }
                });
            }
        });
        self.carrying = Some(carrying);
        Ok(())
    }

    async fn cut(&mut self) {
        if let Some(mut carrying) = self.carrying.take() {
            carrying.shutdown().await;
        }
    }
}

/// A home whose box keeps its data in `database`, reached at `address`.
fn home(database: &Database, address: Option<SocketAddr>) -> anyhow::Result<(Home, String)> {
    let url = database.url();
    let rest = url.split_once("://").context("a URL")?.1;
    let (user, rest) = rest.split_once('@').context("a user")?;
    let (server, name) = rest.split_once('/').context("a database")?;
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let at = address.map_or_else(|| server.to_owned(), |address| address.to_string());
    let (host, port) = at.rsplit_once(':').context("a port")?;
    let mut home = Home::new()?;
    home.set("WHISPERENGINE_DATABASE_TYPE", "postgres");
    for (variable, value) in
        [("HOST", host), ("PORT", port), ("DB", name), ("USER", user), ("PASSWORD", password)]
    {
        home.set(&format!("POSTGRES_{variable}"), value);
    }
    Ok((home, server.to_owned()))
}

async fn readiness(address: SocketAddr) -> anyhow::Result<(u16, String)> {
    let answer = http::get(address, "/ready").await?;
    Ok((answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned()))
}

async fn until_ready(address: SocketAddr, wanted: u16) -> anyhow::Result<String> {
    wait::until(&format!("/ready to answer {wanted}"), SOON, async || {
        let (status, body) = readiness(address).await?;
        Ok((status == wanted).then_some(body))
    })
    .await
}

#[tokio::test]
async fn a_box_says_that_its_database_is_gone_and_goes_on_when_it_is_back() -> anyhow::Result<()> {
    let database = Database::create()?;
    let (_, server) = home(&database, None)?;
    let mut wire = Wire::lay(server).await?;
    let (home, _) = home(&database, Some(wire.address))?;
    wire.cut().await;
    let address = free_port()?;
    let mut process: Process = home.start(&["up", "--listen", &address.to_string()])?;
    process.wait_for_health(address, SOON).await?;
    let reasons = until_ready(address, 503).await?;
    assert!(reasons.contains("store"), "{reasons}");

    wire.mend().await?;
    until_ready(address, 200).await?;
    wire.cut().await;
    let reasons = until_ready(address, 503).await?;
    assert!(reasons.contains(r#""part":"store""#), "{reasons}");
    assert_eq!(http::get(address, "/health").await?.status(), 200);
    let status = home.run(&["status", "--json"], SOON).await?;
    let status: serde_json::Value = serde_json::from_str(&status.stdout)?;
    assert_eq!((&status["running"], &status["ready"]), (&true.into(), &false.into()));
    let doctor = home.run(&["doctor"], SOON).await?;
    assert!(doctor.stdout.contains("store") && doctor.stdout.contains("error:"), "{doctor:?}");

    wire.mend().await?;
    until_ready(address, 200).await?;
    wire.cut().await;
    process.terminate()?;
    let status = process.wait_for_exit(Duration::from_secs(10)).await?;
    assert!(status.success(), "a database that is gone keeps nobody from stopping: {status}");
    Ok(())
}

#[tokio::test]
async fn an_engine_in_its_own_process_answers_those_who_know_the_secret() -> anyhow::Result<()> {
    let database = Database::create()?;
    let (home, _) = home(&database, None)?;
    let socket = home.path().join("engine.sock");
    let (secret, key) = (home.path().join("secret"), home.path().join("key"));
    std::fs::write(&secret, SECRET)?;
    std::fs::write(&key, "5c".repeat(32))?;
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let (socket_path, secret, key) = (path(&socket), path(&secret), path(&key));
    let arguments = ["engine", "--socket", &socket_path, "--secret-file", &secret, "--master-key-file", &key];

    let refused = home.run(&arguments, SOON).await?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("whisperengine migrate"), "an engine never migrates: {refused:?}");
    assert!(home.run(&["migrate"], SOON).await?.status.success());

    let mut process = home.start(&arguments)?;
    process.wait_for_line("engine ready at", SOON).await?;
    let client =
        |secret: &str| EngineClient::new(unix(socket.clone()), Some(secret.to_owned()), Principal::Operator);
    let status: EngineStatus = client(SECRET).get("/api/v1/status").await?;
    assert!(status.ready() && status.store == "postgres", "{status:?}");
    let stranger = client("guessed").get::<EngineStatus>("/api/v1/status").await.expect_err("a stranger");
    assert_eq!(stranger.code(), Some(ErrorCode::Unauthenticated));
    process.terminate()?;
    assert!(process.wait_for_exit(Duration::from_secs(10)).await?.success());
    Ok(())
}

#[tokio::test]
async fn an_engine_without_postgres_is_a_bad_configuration() -> anyhow::Result<()> {
    let home = Home::new()?;
    let arguments = ["engine", "--listen", "127.0.0.1:0", "--secret-file", "x", "--master-key-file", "y"];
    let refused = home.run(&arguments, SOON).await?;
    assert_eq!(refused.status.code(), Some(64));
    assert!(refused.stderr.contains("database.type") && refused.stderr.contains("postgres"), "{refused:?}");
    assert!(!home.data_dir().exists());
    Ok(())
}

#[tokio::test]
async fn a_store_moves_to_postgres_and_back_with_everything_in_it() -> anyhow::Result<()> {
    let database = Database::create()?;
    let (mut home, _) = home(&database, None)?;
    home.set("WHISPERENGINE_DATABASE_TYPE", "sqlite");
    let password = home.path().join("password");
    std::fs::write(&password, "a good password")?;
    let password = password.to_string_lossy().into_owned();
    let ran = async |home: &Home, arguments: &[&str]| {
        let finished = home.run(arguments, SOON).await?;
        anyhow::ensure!(finished.status.success(), "{arguments:?}: {finished:?}");
        anyhow::Ok(finished.stdout)
    };
    ran(&home, &["setup", "--owner", "Anna", "--password-file", &password]).await?;
    ran(&home, &["person", "invite", "Ben"]).await?;
    let before = ran(&home, &["person", "list", "--json"]).await?;

    let report: serde_json::Value =
        serde_json::from_str(&ran(&home, &["migrate-store", "--to", "postgres", "--json"]).await?)?;
    assert!(report["rows"].as_u64().is_some_and(|rows| rows >= 3), "{report}");
    let again = home.run(&["migrate-store", "--to", "postgres"], SOON).await?;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr.contains("not empty"), "{again:?}");
    home.set("WHISPERENGINE_DATABASE_TYPE", "postgres");
    assert_eq!(ran(&home, &["person", "list", "--json"]).await?, before);

    std::fs::remove_dir_all(home.data_dir().join("data"))?;
    ran(&home, &["migrate-store", "--to", "sqlite"]).await?;
    home.set("WHISPERENGINE_DATABASE_TYPE", "sqlite");
    assert_eq!(ran(&home, &["person", "list", "--json"]).await?, before);
    Ok(())
}
