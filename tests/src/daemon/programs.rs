//! What images are of: servers of this machine, each told where its port, its folders and its neighbours are here.

use super::process::Refused;
use super::stock::Container;
use crate::binary;
use std::fs::Permissions;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::process::Command;

const REDIS: u16 = 6379;
const POSTGRES: u16 = 5432;
const ENGINE: u16 = 7700;
const VOICE: u16 = 7710;
const SECRETS: &str = "/run/secrets";
const MODELS: &str = "/models";

/// As the official image does it: the first time the folder is made, then the server takes the place of the shell.
const POSTGRES_SCRIPT: &str = r#"set -e; cd /; export PATH="$4:$PATH"
if [ ! -f "$1/PG_VERSION" ]; then
    initdb --pgdata "$1.new" --username "$5" --pwfile "$2" --auth scram-sha-256 --encoding UTF8 --locale C --no-sync
    echo "CREATE DATABASE whisperengine" | postgres --single -D "$1.new" postgres
    mv "$1.new" "$1"
fi
exec postgres -D "$1" -c listen_addresses=127.0.0.1 -c port="$3" -c unix_socket_directories= -c fsync=off"#;

/// Where another container of the same network answers on this machine.
pub(super) struct Neighbour {
    pub service: String,
    pub port: u16,
}

pub(super) fn program(
    container: &Container,
    folder: &Path,
    neighbours: &[Neighbour],
) -> Result<Command, Refused> {
    let Some((inside, port)) = container.ports() else { return own(container) };
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        return Err((
            500,
            format!(
                "driver failed programming external connectivity on endpoint {}: failed to bind host port for \
                 127.0.0.1:{port}:172.18.0.2:{inside}/tcp: address already in use",
                container.name
            ),
        ));
    }
    let secrets = container.body["HostConfig"]["Binds"][0].as_str().and_then(|bind| bind.split(':').next());
    let secrets = Path::new(secrets.ok_or_else(|| (500, "it mounts nothing".to_owned()))?);
    let made = match inside {
        REDIS => redis(container, folder, secrets, port),
        POSTGRES => postgres(container, folder, secrets, port),
        ENGINE => engine(container, folder, secrets, port, neighbours),
        VOICE => voice(container, folder, secrets, port),
        other => Err(std::io::Error::other(format!("nothing here answers at {other}"))),
    };
    made.map_err(|error| failed(&error))
}

pub(super) fn failed(error: &std::io::Error) -> Refused {
    (500, format!("failed to create task: {error}"))
}

/// Without a port: the program under test, asked something.
fn own(container: &Container) -> Result<Command, Refused> {
    let mut command = Command::new(binary::whisperengine().map_err(|error| (500, error.to_string()))?);
    command.args(words(container)).env_clear();
    Ok(command)
}

fn words(container: &Container) -> Vec<String> {
    let words = container.body["Cmd"].as_array().into_iter().flatten();
    words.filter_map(|word| Some(word.as_str()?.to_owned())).collect()
}

/// Folders of a container are not those of this machine.
fn redis(container: &Container, folder: &Path, secrets: &Path, port: u16) -> std::io::Result<Command> {
    let settings = std::fs::read_to_string(secrets.join("redis.conf"))?;
    let own = ["dir ", "port ", "bind "];
    let kept = settings.lines().filter(|line| !own.iter().any(|start| line.starts_with(start)));
    let mut settings: String = kept.map(|line| format!("{line}\n")).collect();
    settings += &format!("dir {}\nport {port}\nbind 127.0.0.1\n", folder.display());
    let file = folder.join(format!("{}.conf", container.id));
    std::fs::write(&file, settings)?;
    let mut command = Command::new("redis-server");
    command.arg(file);
    Ok(command)
}

fn postgres(container: &Container, folder: &Path, secrets: &Path, port: u16) -> std::io::Result<Command> {
    let volume = container.body["HostConfig"]["Mounts"][0]["Source"].as_str().unwrap_or_default();
    let place = folder.join(format!("volume-{volume}"));
    let password = folder.join(format!("{}.password", container.id));
    std::fs::create_dir_all(&place)?;
    std::fs::copy(secrets.join("password"), &password)?;
    std::fs::set_permissions(&password, Permissions::from_mode(0o644))?;
    let mut command = Command::new("sh");
    // PostgreSQL refuses to run as root.
    if let (true, Some((user, group))) = (rustix::process::geteuid().is_root(), account("postgres")?) {
        std::os::unix::fs::chown(&place, Some(user), Some(group))?;
        command.uid(user).gid(group);
    }
    let data = place.join("pgdata");
    command.args(["-c", POSTGRES_SCRIPT, "postgres"]).args([&data, &password]).arg(port.to_string());
    command.arg(programs_of_postgres()?).arg("whisperengine");
    Ok(command)
}

fn programs_of_postgres() -> std::io::Result<PathBuf> {
    let all = std::fs::read_dir("/usr/lib/postgresql")?.flatten().map(|version| version.path().join("bin"));
    all.filter(|bin| bin.join("initdb").is_file())
        .max()
        .ok_or_else(|| std::io::Error::other("no initdb is here"))
}

fn account(name: &str) -> std::io::Result<Option<(u32, u32)>> {
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let mut lines = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = lines.find(|fields| fields.first() == Some(&name));
    Ok(found.and_then(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))))
}

/// The program under test, with its secrets in a folder where the names of its neighbours are those of this machine.
fn engine(
    container: &Container,
    folder: &Path,
    secrets: &Path,
    port: u16,
    neighbours: &[Neighbour],
) -> std::io::Result<Command> {
    let own = folder.join(format!("{}.secrets", container.id));
    std::fs::create_dir_all(&own)?;
    let of = |service: &str| neighbours.iter().find(|one| one.service == service).map_or(1, |one| one.port);
    for file in std::fs::read_dir(secrets)? {
        let file = file?;
        let text = std::fs::read_to_string(file.path())?;
        let text = text.replace("@redis:6379", &format!("@127.0.0.1:{}", of("redis")));
        std::fs::write(own.join(file.file_name()), text)?;
    }
    let here = |word: &str| word.replace(SECRETS, &own.display().to_string());
    let program = binary::whisperengine().map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut command = Command::new(program);
    command.env_clear();
    for word in words(container) {
        let listens = word == format!("0.0.0.0:{ENGINE}");
        command.arg(if listens { format!("127.0.0.1:{port}") } else { here(&word) });
    }
    let environment = container.body["Env"].as_array().into_iter().flatten();
    for (name, value) in environment.filter_map(|pair| pair.as_str()?.split_once('=')) {
        command.env(name, here(value));
    }
    command.env("POSTGRES_HOST", "127.0.0.1").env("POSTGRES_PORT", of("postgres").to_string());
    command.env("WHISPERENGINE_DATA_DIR", data(folder, container));
    Ok(command)
}

/// The program under test, which reads models where they lie on this machine and speaks with what is installed here.
fn voice(container: &Container, folder: &Path, secrets: &Path, port: u16) -> std::io::Result<Command> {
    let binds = container.body["HostConfig"]["Binds"].as_array().into_iter().flatten();
    let mut binds = binds.filter_map(|bind| bind.as_str()?.strip_suffix(":ro")?.split_once(':'));
    let models = binds.find(|(_, inside)| *inside == MODELS).map(|(models, _)| models.to_owned());
    let models = models.ok_or_else(|| std::io::Error::other("it sees no models"))?;
    let program = binary::whisperengine().map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut command = Command::new(program);
    command.env_clear();
    for word in words(container) {
        command.arg(match word.as_str() {
            MODELS => models.clone(),
            word if word == format!("0.0.0.0:{VOICE}") => format!("127.0.0.1:{port}"),
            word => word.replace(SECRETS, &secrets.display().to_string()),
        });
    }
    let environment = container.body["Env"].as_array().into_iter().flatten();
    command.envs(environment.filter_map(|pair| pair.as_str()?.split_once('=')));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("WHISPERENGINE_DATA_DIR", data(folder, container));
    Ok(command)
}

/// Where a container that is the program under test has its data directory on this machine.
pub(super) fn data(folder: &Path, container: &Container) -> PathBuf {
    folder.join(format!("{}.data", container.id))
}
