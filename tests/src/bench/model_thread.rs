//! The scripted model on a thread of its own, so that it waits for nobody but the machine.

use crate::model_server::server::ModelServer;
use anyhow::Context;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::Notify;

pub struct ModelThread {
    pub server: Arc<ModelServer>,
    ending: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl ModelThread {
    pub fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ending = Arc::new(Notify::new());
        let until = ending.clone();
        let (give, take) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                // Nobody there to take it means that the other side has failed already.
                let _ = give.send(ModelServer::start().await.map(Arc::new));
                until.notified().await;
            });
        });
        let server = take.recv().context("the model's thread ended at once")??;
        Ok(Self { server, ending, thread: Some(thread) })
    }

    /// The last question it was asked, ready to be asked again.
    pub fn last_question(&self) -> anyhow::Result<Bytes> {
        let asked = self.server.asked();
        let last = asked.last().context("the model was not asked anything yet")?;
        Ok(Bytes::from(last.body.to_string()))
    }
}

impl Drop for ModelThread {
    fn drop(&mut self) {
        self.ending.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its panic was printed where it happened.
            thread.join().ok();
        }
    }
}
