//! Whether a service serves: a round trip as those who use it make it, with its password.

use crate::plan::planned::Probe;
use crate::plan::recipes::{POSTGRES_DATABASE, POSTGRES_USER};
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket::tcp;
use engine_client::wire::status::EngineStatus;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use voice_client::contract::READY;
use voice_client::ready::ReadyView;

const PATIENCE: Duration = Duration::from_secs(2);

/// Why not, where it does not.
pub async fn probe(probe: Probe, address: SocketAddr, password: &str) -> Result<(), String> {
    let asking = async {
        match probe {
            Probe::Redis => redis(address, password).await,
            Probe::Postgres => postgres(address, password).await,
            Probe::Engine => engine(address, password).await,
            Probe::Voice => voice(address, password).await,
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answered) => answered,
        Err(_) => Err("no answer within two seconds".to_owned()),
    }
}

async fn redis(address: SocketAddr, password: &str) -> Result<(), String> {
    let said = exchange(address, &format!("AUTH {password}\r\nPING\r\n"), b"+OK\r\n+PONG\r\n".len()).await?;
    if said == b"+OK\r\n+PONG\r\n" { Ok(()) } else { Err(one_line(&said)) }
}

async fn postgres(address: SocketAddr, password: &str) -> Result<(), String> {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&address.ip().to_string())
        .port(address.port())
        .username(POSTGRES_USER)
        .password(password)
        .database(POSTGRES_DATABASE)
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| error.to_string())?;
    connection.ping().await.map_err(|error| error.to_string())?;
    connection.close().await.map_err(|error| error.to_string())
}

async fn engine(address: SocketAddr, secret: &str) -> Result<(), String> {
    let client = EngineClient::new(tcp(address.to_string()), Some(secret.to_owned()), Principal::Anonymous);
    let status: EngineStatus = client.get("/api/v1/status").await.map_err(|error| error.to_string())?;
    if status.ready() { Ok(()) } else { Err("it runs, and its store does not answer".to_owned()) }
}

/// It says a word, and looks for what it would listen with. What is not there yet is none of its faults.
async fn voice(address: SocketAddr, secret: &str) -> Result<(), String> {
    let client = EngineClient::new(tcp(address.to_string()), Some(secret.to_owned()), Principal::Operator);
    let told = client.get::<ReadyView>(READY).await;
    told.map(drop).map_err(|error| error.to_string())
}

/// Reads until so much has come, or the other side is done.
async fn exchange(address: SocketAddr, question: &str, most: usize) -> Result<Vec<u8>, String> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(question.as_bytes()).await?;
        let mut answer = Vec::new();
        let mut buffer = [0; 1024];
        while answer.len() < most.min(16 * 1024) {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => answer.extend_from_slice(&buffer[..count]),
            }
        }
        Ok::<_, std::io::Error>(answer)
    };
    asking.await.map_err(|error| error.to_string())
}

fn one_line(said: &[u8]) -> String {
    crate::daemon::sorting::short(&String::from_utf8_lossy(said))
}
