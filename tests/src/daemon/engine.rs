//! The story's side of the engine: begin it, order it about, do things in it by hand, and see what came.

use super::script::{Answer, Call, Cards, Hold, Image, Program, Rule, Side};
use super::shared::{Shared, lock};
use super::stock::{Container, Labels, Life, Network, Volume, made_up, new_id};
use super::{api, door, process, programs};
use crate::wait;
use anyhow::{Context, ensure};
use rustix::process::Signal;
use serde_json::json;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const SERVICE: &str = "whisperengine.service";
const SOON: Duration = Duration::from_secs(10);

/// Dropping it ends its containers, too.
pub struct FakeEngine {
    socket: PathBuf,
    shared: Arc<Shared>,
    /// `None` while it is stopped.
    listening: Option<JoinSet<()>>,
    _folder: tempfile::TempDir,
}

/// A container, as somebody at the machine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub name: String,
    pub service: Option<String>,
    pub runs: bool,
    pub starts: usize,
    /// Of this machine.
    pub port: Option<u16>,
}

impl FakeEngine {
    /// Not listening yet.
    pub fn new(socket: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("whisperengine-test-engine-").tempdir()?;
        // A database is another user's, who finds its own folder in there.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
        let shared = Arc::new(Shared::new(folder.path().to_owned()));
        Ok(Self { socket: socket.to_owned(), shared, listening: None, _folder: folder })
    }

    /// Listens. Whatever ran before it was stopped still runs.
    pub fn start(&mut self) -> anyhow::Result<()> {
        ensure!(self.listening.is_none(), "the engine listens already");
        let listener = UnixListener::bind(&self.socket).context("the engine needs its socket")?;
        let mut listening = JoinSet::new();
        listening.spawn(door::serve(listener, Arc::clone(&self.shared)));
        self.listening = Some(listening);
        Ok(())
    }

    /// Every line is cut and nobody listens. What runs in containers goes on.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.listening.take().context("the engine does not listen")?;
        std::fs::remove_file(&self.socket).context("the socket was there")
    }

    /// As without Docker's `live-restore`: containers end with their engine.
    pub async fn stop_with_containers(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        for one in self.containers() {
            self.end(&one.id).await?;
        }
        Ok(())
    }

    /// Takes calls and answers none of them, or answers again. Calls that came meanwhile stay without an answer.
    pub fn hang(&self, hangs: bool) {
        self.shared.hangs.send_replace(hangs);
    }

    /// From now on, each such call is answered so. The latest order counts.
    pub fn answer(&self, method: &'static str, path: &'static str, answer: Answer) {
        lock(&self.shared.rules).insert(0, Rule { method, path, left: None, answer });
    }

    /// The next such call is, and no other.
    pub fn answer_once(&self, method: &'static str, path: &'static str, answer: Answer) {
        lock(&self.shared.rules).insert(0, Rule { method, path, left: Some(1), answer });
    }

    /// All orders are taken back.
    pub fn be_honest(&self) {
        lock(&self.shared.rules).clear();
        self.run_in_containers(Program::Honest);
    }

    /// From the next start of a container on.
    pub fn run_in_containers(&self, program: Program) {
        *lock(&self.shared.program) = program;
    }

    /// What it does with wishes for graphics cards from now on. `None`: it has none.
    pub fn has_cards(&self, cards: Option<Cards>) {
        *lock(&self.shared.cards) = cards;
    }

    /// As it tells whoever wants to know how much room there is.
    pub fn keeps_images_in(&self, folder: &Path) {
        *lock(&self.shared.root) = Some(folder.to_owned());
    }

    /// What a pull of this reference brings.
    pub fn offer(&self, reference: &str, change: impl FnOnce(&mut Image)) {
        let mut image = made_up(reference);
        change(&mut image);
        lock(&self.shared.stock).registry.insert(reference.to_owned(), image);
    }

    /// Every image whose name begins so was built long ago.
    pub fn has_everything_of(&self, start: &str) {
        lock(&self.shared.stock).everything_of = Some(start.to_owned());
    }

    /// Whoever makes the changing call of this number, from one and from now on, waits for ever on that side of it.
    /// The receiver hears when it does.
    pub fn hold(&self, number: usize, side: Side) -> oneshot::Receiver<()> {
        let (reached, hears) = oneshot::channel();
        self.forget_calls();
        *lock(&self.shared.hold) = Some(Hold { number, side, reached: Some(reached) });
        hears
    }

    pub fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    /// Calls that change something, oldest first.
    pub fn changes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(Call::changes).collect()
    }

    /// The same in short: what was done to which kind of thing.
    pub fn done(&self) -> Vec<String> {
        self.changes().iter().map(Call::kind).collect()
    }

    pub fn forget_calls(&self) {
        lock(&self.shared.calls).clear();
    }

    /// Ends every line on which news is told, as a proxy does that finds it idle.
    pub fn cut_news(&self) {
        self.shared.news.cut();
    }

    pub async fn until_somebody_listens(&self) -> anyhow::Result<()> {
        let listens = async || Ok((self.shared.news.listeners() > 0).then_some(()));
        wait::until("somebody to listen to the news", SOON, listens).await
    }

    pub fn containers(&self) -> Vec<Seen> {
        lock(&self.shared.stock).containers.iter().map(seen).collect()
    }

    /// The containers of this service, whatever their names.
    pub fn of(&self, service: &str) -> Vec<Seen> {
        self.containers().into_iter().filter(|one| one.service.as_deref() == Some(service)).collect()
    }

    /// The one container of this service.
    pub fn only(&self, service: &str) -> anyhow::Result<Seen> {
        let mut all = self.of(service);
        ensure!(all.len() == 1, "{service} has not one container: {all:?}");
        all.pop().context("there is one")
    }

    pub fn networks(&self) -> Vec<String> {
        lock(&self.shared.stock).networks.iter().map(|one| one.name.clone()).collect()
    }

    pub fn volumes(&self) -> Vec<String> {
        lock(&self.shared.stock).volumes.iter().map(|one| one.name.clone()).collect()
    }

    /// Names of the networks that the one container of this service is in.
    pub fn networks_of(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let id = self.only(service)?.id;
        Ok(lock(&self.shared.stock).container(&id).context("it is there")?.networks())
    }

    /// Where the program under test, in the one container of this service, keeps what it may forget.
    pub fn data_of(&self, service: &str) -> anyhow::Result<PathBuf> {
        let id = self.only(service)?.id;
        let mut stock = lock(&self.shared.stock);
        Ok(programs::data(&self.shared.folder, stock.container(&id).context("it is there")?))
    }

    pub fn images(&self) -> Vec<String> {
        lock(&self.shared.stock).images.keys().cloned().collect()
    }

    /// SIGKILL to what runs in it.
    pub fn kill(&self, service: &str) -> anyhow::Result<()> {
        self.signal(service, Signal::KILL)
    }

    /// SIGSTOP: it hangs with all its connections open.
    pub fn pause(&self, service: &str) -> anyhow::Result<()> {
        self.signal(service, Signal::STOP)
    }

    fn signal(&self, service: &str, signal: Signal) -> anyhow::Result<()> {
        let id = self.only(service)?.id;
        let mut stock = lock(&self.shared.stock);
        let container = stock.container(&id).context("it is there")?;
        let Life::Running { pid, .. } = container.life else { anyhow::bail!("{service} does not run") };
        process::signal(pid, signal);
        Ok(())
    }

    /// `docker stop`, which the program under test does not see as a call of its own.
    pub async fn end(&self, id: &str) -> anyhow::Result<()> {
        process::stop(&self.shared, id, SOON)
            .await
            .map(drop)
            .map_err(|refused| anyhow::anyhow!("{refused:?}"))
    }

    /// `docker rm --force`.
    pub async fn remove(&self, id: &str) -> anyhow::Result<()> {
        let removed = api::remove(&self.shared, id, true).await;
        removed.map(drop).map_err(|refused| anyhow::anyhow!("{refused:?}"))
    }

    /// It is no more, and only then does its process end: nobody ever sees it stand still.
    pub fn vanish(&self, id: &str) -> anyhow::Result<()> {
        let mut stock = lock(&self.shared.stock);
        let at =
            stock.containers.iter().position(|one| one.id == id).context("there is no such container")?;
        let gone = stock.containers.remove(at);
        drop(stock);
        if let Life::Running { pid, .. } = gone.life {
            process::signal(pid, Signal::KILL);
        }
        Ok(())
    }

    /// What it said so far.
    pub fn said(&self, id: &str) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.shared.folder.join(id))?)
    }

    /// As if what runs in it had said so.
    pub fn says(&self, service: &str, words: &[u8]) -> anyhow::Result<()> {
        let path = self.shared.folder.join(self.only(service)?.id);
        let mut log = std::fs::File::options().append(true).create(true).open(path)?;
        Ok(log.write_all(words)?)
    }

    pub fn rename(&self, id: &str, name: &str) -> anyhow::Result<()> {
        let mut stock = lock(&self.shared.stock);
        name.clone_into(&mut stock.container(id).context("there is no such container")?.name);
        Ok(())
    }

    /// `docker network prune`: networks in which nothing runs. Says how many went.
    pub fn prune_networks(&self) -> usize {
        let mut stock = lock(&self.shared.stock);
        let running = stock.containers.iter().filter(|one| one.runs());
        let used: Vec<_> = running.filter_map(|one| one.network.clone()).collect();
        let before = stock.networks.len();
        stock.networks.retain(|one| used.contains(&one.id));
        before - stock.networks.len()
    }

    /// With all that was in them.
    pub fn lose_volumes(&self) {
        lock(&self.shared.stock).volumes.clear();
    }

    /// Everything that can go, goes: containers, networks, images.
    pub async fn prune_everything(&self) -> anyhow::Result<()> {
        for one in self.containers() {
            self.remove(&one.id).await?;
        }
        self.prune_networks();
        self.forget_images();
        Ok(())
    }

    /// `docker image prune --all`.
    pub fn forget_images(&self) {
        let mut stock = lock(&self.shared.stock);
        stock.images.clear();
        stock.built.clear();
    }

    /// An image that this box built here once.
    pub fn has_built(&self, box_id: &str) {
        let labels = Labels::from([("whisperengine.box".to_owned(), box_id.to_owned())]);
        lock(&self.shared.stock).built.push(labels);
    }

    /// Somebody else's, without a label; it does not run.
    pub fn put_foreign_container(&self, name: &str) {
        lock(&self.shared.stock).containers.push(Container {
            id: new_id(),
            name: name.to_owned(),
            labels: Labels::new(),
            body: json!({"Image": "theirs", "HostConfig": {}}),
            image: "sha256:theirs".to_owned(),
            network: None,
            joined: Vec::new(),
            life: Life::Created,
            starts: 0,
        });
    }

    /// Of another box on the same engine.
    pub fn put_neighbour(&self, box_id: &str) {
        let labels = Labels::from([("whisperengine.box".to_owned(), box_id.to_owned())]);
        let name = format!("whisperengine-{box_id}");
        self.put_foreign_container(&format!("{name}-redis"));
        let mut stock = lock(&self.shared.stock);
        stock.containers.last_mut().into_iter().for_each(|one| one.labels.clone_from(&labels));
        stock.networks.push(Network { id: new_id(), name: name.clone(), labels: labels.clone() });
        stock.volumes.push(Volume { name: format!("{name}-postgres"), labels });
    }

    pub fn put_foreign_network(&self, name: &str) {
        let network = Network { id: new_id(), name: name.to_owned(), labels: Labels::new() };
        lock(&self.shared.stock).networks.push(network);
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        // Their processes end with the tasks that wait for them.
        lock(&self.shared.waiting).abort_all();
    }
}

fn seen(container: &Container) -> Seen {
    Seen {
        id: container.id.clone(),
        name: container.name.clone(),
        service: container.labels.get(SERVICE).cloned(),
        runs: container.runs(),
        starts: container.starts,
        port: container.ports().map(|(_, port)| port),
    }
}
