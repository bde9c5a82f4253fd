//! The chain against every kind of failure, with time and chance held.

use super::breaker::{Breaker, BreakerRules};
use super::chain::{Chain, Link, Step};
use super::retry::RetryRules;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, TenantId};
use crate::domain::time::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::models::{DeltaStream, LanguageModel, ModelError, ModelRequest};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Stands still until it is moved; its chance is one byte, over and over.
pub(crate) struct FixedClock {
    now: AtomicI64,
    ids: AtomicU64,
    chance: u8,
}

impl FixedClock {
    pub(crate) fn with_chance(chance: u8) -> Self {
        Self { now: AtomicI64::new(1_700_000_000_000_000), ids: AtomicU64::new(1), chance }
    }

    fn forward(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).expect("tests move by little");
        self.now.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(self.chance);
    }
}

pub(crate) fn connection(name: &str) -> Connection {
    Connection {
        id: ConnectionId(Uuid::from_bytes([name.as_bytes()[0]; 16])),
        tenant: TenantId(Uuid::from_u128(1)),
        name: name.to_owned(),
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        model: "m".to_owned(),
        sealed_key: None,
        context_tokens: 4_096,
        continues_text: false,
        rank: 0,
        created_at: Timestamp(0),
    }
}

/// The chain only plans: nobody may be asked.
struct NeverAsked;

#[async_trait]
impl LanguageModel for NeverAsked {
    async fn reply(&self, _request: ModelRequest) -> Result<DeltaStream, ModelError> {
        panic!("the chain asked a model itself")
    }

    async fn list_models(&self) -> Result<Vec<String>, ModelError> {
        panic!("the chain asked a model itself")
    }
}

struct Setting {
    clock: Arc<FixedClock>,
    links: Vec<Arc<Link>>,
}

impl Setting {
    fn of(names: &[&str]) -> Self {
        let links = names
            .iter()
            .map(|name| {
                let breaker = Arc::new(Breaker::new(BreakerRules { failures: 3, ..BreakerRules::default() }));
                Arc::new(Link { connection: connection(name), model: Arc::new(NeverAsked), breaker })
            })
            .collect();
        Self { clock: Arc::new(FixedClock::with_chance(0)), links }
    }

    fn chain(&self) -> Chain {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Chain::new(self.links.clone(), RetryRules::default(), clock)
    }
}

const FAILED: ModelError = ModelError::ServerFailed { status: 500 };

/// The name of the connection to try, or the error to give up with.
fn told(step: Step) -> Result<String, ModelError> {
    match step {
        Step::Try { link, .. } => Ok(link.connection.name.clone()),
        Step::GiveUp(error) => Err(error),
    }
}

#[test]
fn with_no_connection_there_is_nothing_to_try() {
    let setting = Setting::of(&[]);
    assert_eq!(told(setting.chain().next(None, false)), Err(ModelError::NoneConnected));
}

#[test]
fn the_first_connection_gets_one_more_chance_then_the_next_one_takes_over() {
    let setting = Setting::of(&["a", "b"]);
    let mut chain = setting.chain();
    assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
    assert_eq!(told(chain.next(Some(&FAILED), false)), Ok("a".to_owned()));
    assert_eq!(told(chain.next(Some(&FAILED), false)), Ok("b".to_owned()));
    for _ in 0..2 {
        assert_eq!(told(chain.next(Some(&ModelError::Cut), false)), Ok("b".to_owned()));
    }
    // The third failure in a row makes it rest, and nobody else is left.
    assert_eq!(told(chain.next(Some(&ModelError::Cut), false)), Err(FAILED));
}

#[test]
fn failures_that_do_not_pass_move_on_at_once() {
    let table = [
        ModelError::Unauthorized,
        ModelError::PaymentRequired,
        ModelError::UnknownModel { model: "m".to_owned() },
        ModelError::RateLimited { retry_after: Some(Duration::from_mins(1)) },
        ModelError::Silent { after: Duration::from_secs(1) },
        ModelError::Nonsense { reason: "x".to_owned() },
        ModelError::TooLarge,
        ModelError::Forbidden { reason: "x".to_owned() },
        ModelError::Resting { remaining: Duration::from_secs(1) },
    ];
    for failure in table {
        let setting = Setting::of(&["a", "b"]);
        let mut chain = setting.chain();
        assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
        assert_eq!(told(chain.next(Some(&failure), false)), Ok("b".to_owned()), "{failure:?}");
        let last = chain.next(Some(&ModelError::Unauthorized), false);
        assert_eq!(told(last), Err(failure), "the first failure is told");
    }
}

#[test]
fn failures_that_everybody_would_share_stop() {
    for failure in [ModelError::TooLong, ModelError::Rejected { status: 400 }] {
        let setting = Setting::of(&["a", "b"]);
        let mut chain = setting.chain();
        assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
        assert_eq!(told(chain.next(Some(&failure), false)), Err(failure));
    }
}

#[test]
fn nothing_takes_the_place_of_words_that_were_seen() {
    let setting = Setting::of(&["a", "b"]);
    let mut chain = setting.chain();
    assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
    chain.succeeded();
    assert_eq!(told(chain.next(Some(&ModelError::Cut), true)), Err(ModelError::Cut));
}

#[test]
fn a_wait_the_provider_asks_for_is_passed_on() {
    let setting = Setting::of(&["a"]);
    let mut chain = setting.chain();
    assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
    let limited = ModelError::RateLimited { retry_after: Some(Duration::from_secs(9)) };
    let Step::Try { after, .. } = chain.next(Some(&limited), false) else { panic!("it gave up") };
    assert_eq!(after, Duration::from_secs(9));
}

#[test]
fn a_connection_that_failed_often_is_passed_over_by_later_turns_until_it_rested() {
    let setting = Setting::of(&["a", "b"]);
    for _ in 0..2 {
        let mut chain = setting.chain();
        let mut step = told(chain.next(None, false));
        while step == Ok("a".to_owned()) {
            step = told(chain.next(Some(&FAILED), false));
        }
        chain.succeeded();
    }
    assert_eq!(told(setting.chain().next(None, false)), Ok("b".to_owned()));
    setting.clock.forward(Duration::from_secs(5));
    let mut probing = setting.chain();
    assert_eq!(told(probing.next(None, false)), Ok("a".to_owned()));
    assert_eq!(told(setting.chain().next(None, false)), Ok("b".to_owned()), "one probe at a time");
    probing.succeeded();
    drop(probing);
    assert_eq!(told(setting.chain().next(None, false)), Ok("a".to_owned()));
}

#[test]
fn when_everybody_rests_the_shortest_rest_is_told() {
    let setting = Setting::of(&["a", "b"]);
    for (link, late) in setting.links.iter().zip([2, 0]) {
        for _ in 0..3 {
            link.breaker.failed(setting.clock.now().plus(Duration::from_secs(late)));
        }
    }
    let remaining = Duration::from_secs(5);
    assert_eq!(told(setting.chain().next(None, false)), Err(ModelError::Resting { remaining }));
}

#[test]
fn a_turn_that_is_dropped_leaves_no_probe_behind() {
    let setting = Setting::of(&["a"]);
    for _ in 0..3 {
        setting.links[0].breaker.failed(setting.clock.now());
    }
    setting.clock.forward(Duration::from_secs(5));
    let mut chain = setting.chain();
    assert_eq!(told(chain.next(None, false)), Ok("a".to_owned()));
    drop(chain);
    assert_eq!(told(setting.chain().next(None, false)), Ok("a".to_owned()));
}
