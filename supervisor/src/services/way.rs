//! The way to one service in its container, for whoever has something of its own to fall back on: there while the service
//! answers, taken back the moment it does not.
//!
//! What goes in is where services answer (`view::Reach`) and how one connects there; what comes out is the connection, or
//! none. It asks nobody how a service is: the keeper does, and says so by its reach.

use super::name::ServiceName;
use super::view::Reach;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct Way {
    pub service: ServiceName,
    pub reach: watch::Receiver<Reach>,
    /// One that was lost has to answer at one place for that long, without a break, before it is trusted again.
    pub hold: Duration,
}

impl Way {
    /// Connects anew each time the service comes. Where that cannot be done it counts as away until it comes again.
    pub fn follow<T: Send + Sync + 'static>(
        self,
        connect: impl Fn(SocketAddr) -> Option<T> + Send + 'static,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> watch::Receiver<Option<T>> {
        let (hand, way) = watch::channel(None);
        let stop = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = self.walk(connect, hand) => {}
                () = stop.cancelled() => {}
            }
        });
        way
    }

    async fn walk<T>(mut self, connect: impl Fn(SocketAddr) -> Option<T>, hand: watch::Sender<Option<T>>) {
        let (mut at, mut since, mut is_trusted) = (None, Instant::now(), false);
        // What was never lost is not waited for.
        let mut hold = Duration::ZERO;
        loop {
            let now = self.reach.borrow_and_update().get(&self.service).copied();
            if now != at {
                (at, since) = (now, Instant::now());
                if is_trusted {
                    (is_trusted, hold) = (false, self.hold);
                    hand.send_replace(None);
                }
            }
            tokio::select! {
                // What has left is not handed out any more, however long it was there.
                biased;
                changed = self.reach.changed() => if changed.is_err() { return },
                () = sleep_until(since + hold), if at.is_some() && !is_trusted => {
                    is_trusted = true;
                    hand.send_replace(at.and_then(&connect));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const HOLD: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);
    const NEARLY: Duration = Duration::from_secs(29);

    /// Time passes only where it is waited for.
    struct World {
        reach: watch::Sender<Reach>,
        way: watch::Receiver<Option<SocketAddr>>,
        tasks: TaskTracker,
        stop: CancellationToken,
    }

    impl World {
        fn start(hold: Duration) -> Self {
            let (reach, tasks, stop) =
                (watch::Sender::new(Reach::new()), TaskTracker::new(), CancellationToken::new());
            let way = Way { service: ServiceName::Engine, reach: reach.subscribe(), hold };
            let way = way.follow(Some, &tasks, &stop);
            Self { reach, way, tasks, stop }
        }

        fn is_at(&self, service: ServiceName, port: Option<u16>) {
            self.reach.send_modify(|reach| {
                reach.remove(&service);
                reach.extend(port.map(|port| (service, address(port))));
            });
        }

        fn engine_is_at(&self, port: impl Into<Option<u16>>) {
            self.is_at(ServiceName::Engine, port.into());
        }

        /// What the way becomes next, and after how long.
        async fn next(&mut self) -> (Option<SocketAddr>, Duration) {
            let begun = Instant::now();
            self.way.changed().await.expect("it is followed");
            let passed = begun.elapsed();
            (*self.way.borrow_and_update(), Duration::from_secs(passed.as_secs()))
        }

        /// It serves, was lost, and nobody has seen it since.
        async fn lost(hold: Duration) -> Self {
            let mut world = Self::start(hold);
            world.engine_is_at(1);
            assert_eq!(world.next().await, (Some(address(1)), Duration::ZERO), "nothing was lost yet");
            world.engine_is_at(None);
            assert_eq!(world.next().await, (None, Duration::ZERO), "it is given up at once");
            world
        }

        async fn stays_away(&mut self, span: Duration) {
            sleep(span).await;
            assert!(!self.way.has_changed().expect("it is followed") && self.way.borrow().is_none());
        }
    }

    fn address(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_lost_is_trusted_again_when_it_has_served_for_a_while() {
        let mut world = World::lost(HOLD).await;
        world.stays_away(HOLD * 10).await;
        world.engine_is_at(1);
        assert_eq!(world.next().await, (Some(address(1)), HOLD));
        // And the next time it is the same.
        world.engine_is_at(None);
        assert_eq!(world.next().await, (None, Duration::ZERO));
        world.engine_is_at(1);
        assert_eq!(world.next().await, (Some(address(1)), HOLD));
    }

    #[tokio::test(start_paused = true)]
    async fn every_break_begins_the_while_anew() {
        let mut world = World::lost(HOLD).await;
        for _ in 0..10 {
            world.engine_is_at(1);
            world.stays_away(NEARLY).await;
            world.engine_is_at(None);
            world.stays_away(SECOND).await;
        }
        world.engine_is_at(1);
        assert_eq!(world.next().await, (Some(address(1)), HOLD));
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_do_is_no_break() {
        let mut world = World::lost(HOLD).await;
        world.engine_is_at(1);
        for port in [2, 3] {
            world.stays_away(SECOND * 10).await;
            world.is_at(ServiceName::Redis, Some(port));
        }
        assert_eq!(world.next().await, (Some(address(1)), SECOND * 10));
        world.is_at(ServiceName::Redis, None);
        sleep(HOLD).await;
        assert!(!world.way.has_changed().expect("it is followed"));
    }

    #[tokio::test(start_paused = true)]
    async fn another_address_is_another_start() {
        let mut world = World::start(HOLD);
        world.engine_is_at(1);
        assert_eq!(world.next().await, (Some(address(1)), Duration::ZERO));
        world.engine_is_at(2);
        assert_eq!(world.next().await, (None, Duration::ZERO));
        world.stays_away(NEARLY).await;
        world.engine_is_at(3);
        assert_eq!(world.next().await, (Some(address(3)), HOLD));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_hold_it_is_back_at_once_and_connected_anew() {
        let mut world = World::lost(Duration::ZERO).await;
        world.engine_is_at(1);
        assert_eq!(world.next().await, (Some(address(1)), Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_cannot_be_connected_to_is_tried_again_when_it_comes_again() {
        let world = World::start(HOLD);
        let way = Way { service: ServiceName::Engine, reach: world.reach.subscribe(), hold: HOLD };
        let mut way = way.follow(|at| (at.port() == 2).then_some(at), &world.tasks, &world.stop);
        world.engine_is_at(1);
        sleep(HOLD * 10).await;
        assert_eq!(*way.borrow_and_update(), None);
        world.engine_is_at(2);
        let found = way.wait_for(Option::is_some).await.expect("it is followed");
        assert_eq!(*found, Some(address(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_box() {
        let world = World::lost(HOLD).await;
        world.engine_is_at(1);
        world.stop.cancel();
        world.tasks.close();
        world.tasks.wait().await;
        assert_eq!(*world.way.borrow(), None, "nothing is handed out any more");
    }
}
