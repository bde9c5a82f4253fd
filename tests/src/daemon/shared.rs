//! What the story and the engine's tasks both hold.

use super::news::News;
use super::script::{Answer, Call, Cards, Hold, Program, Rule, Side};
use super::stock::Stock;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(super) struct Shared {
    pub stock: Mutex<Stock>,
    pub news: News,
    pub calls: Mutex<Vec<Call>>,
    pub rules: Mutex<Vec<Rule>>,
    pub hold: Mutex<Option<Hold>>,
    pub program: Mutex<Program>,
    pub hangs: watch::Sender<bool>,
    /// Tasks that wait for the ends of processes.
    pub waiting: Mutex<JoinSet<()>>,
    /// For what processes write.
    pub folder: PathBuf,
    /// Where it says that it keeps its images.
    pub root: Mutex<Option<PathBuf>>,
    /// `None`: it knows of no graphics cards.
    pub cards: Mutex<Option<Cards>>,
}

impl Shared {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            stock: Mutex::default(),
            news: News::default(),
            calls: Mutex::default(),
            rules: Mutex::default(),
            hold: Mutex::default(),
            program: Mutex::new(Program::Honest),
            hangs: watch::Sender::new(false),
            waiting: Mutex::default(),
            folder,
            root: Mutex::default(),
            cards: Mutex::default(),
        }
    }

    /// Writes the call down; returns what a rule says and how many changing calls there were, this one among them.
    pub fn take(&self, call: &Call) -> (Option<Answer>, usize) {
        let mut calls = lock(&self.calls);
        calls.push(call.clone());
        let number = calls.iter().filter(|call| call.changes()).count();
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|rule| rule.left != Some(0) && rule.speaks_of(call));
        let answer = rule.map(|rule| {
            rule.left = rule.left.map(|left| left - 1);
            rule.answer.clone()
        });
        (answer, number)
    }

    /// Never returns where a story wants this call held.
    pub async fn hold(&self, call: &Call, number: usize, side: Side) {
        let reached = {
            let mut hold = lock(&self.hold);
            let wanted = |hold: &Hold| call.changes() && hold.number == number && hold.side == side;
            if !hold.as_ref().is_some_and(wanted) {
                return;
            }
            hold.take().and_then(|hold| hold.reached)
        };
        // A story that has ended waits for nothing.
        reached.map(|reached| reached.send(()));
        std::future::pending::<()>().await;
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
