//! What a move needs before anybody has to be silent.

use super::failed::MoveFailed;
use super::wish::Ready;
use crate::appliance::services::Services;
use crate::jobs::board::Job;
use crate::services::fault::Remedy;
use crate::services::keeper::Told;
use crate::services::name::ServiceName;
use crate::services::upkeep::Stage;
use crate::state::choices::Home;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Its grace, and what a busy engine of containers needs to take it away.
const COMPANION_ENDS: Duration = Duration::from_mins(1);
/// For a database whose image is there. Fetching may take as long as its wire needs, and watches over itself.
const COMES_UP: Duration = Duration::from_mins(5);

/// Brings up what the Store is to move into; or ends the companion's container, which writes into what it leaves.
pub async fn prepare(services: Services, to: Home, job: Job, hand: mpsc::Sender<Ready>) {
    let there = tokio::select! {
        there = all_there(&services, to) => there,
        () = job.cancel().cancelled() => Err(MoveFailed::Cancelled),
    };
    let (job, failed) = match there {
        Err(failed) => (job, failed),
        Ok(()) => match hand.send(Ready { to, job }).await {
            Ok(()) => return,
            Err(unheard) => (unheard.0.job, MoveFailed::Stopped),
        },
    };
    services.end_move(job, Err(failed)).await;
}

async fn all_there(services: &Services, to: Home) -> Result<(), MoveFailed> {
    if to == Home::Container {
        // Whatever a volume held before, the truth is not in it.
        services.state.forget_volume(ServiceName::Postgres).await?;
    }
    services.store_goes(Some(to)).await;
    if to == Home::Native {
        companion_is_gone(services).await?;
    }
    database_serves(services.told.clone()).await
}

/// Until it does, or was given up.
async fn database_serves(mut told: Told) -> Result<(), MoveFailed> {
    let mut since = Instant::now();
    loop {
        if told.reach.borrow_and_update().contains_key(&ServiceName::Postgres) {
            return Ok(());
        }
        let views = told.views.borrow_and_update().clone();
        let view = views.iter().find(|view| view.name == ServiceName::Postgres);
        let trouble = view.and_then(|view| Some((view.stage, view.trouble.as_ref()?)));
        if let Some((stage, trouble)) = trouble
            && (stage == Stage::Parked.as_str() || trouble.fault.remedy() == Remedy::Rest)
        {
            return Err(MoveFailed::NoDatabase(trouble.to_string()));
        }
        let stage = view.map_or(Stage::Waiting.as_str(), |view| view.stage);
        let is_fetched = stage == Stage::Fetching.as_str();
        let changed = tokio::select! {
            changed = told.reach.changed() => changed,
            changed = told.views.changed() => changed,
            () = tokio::time::sleep_until(since + COMES_UP), if !is_fetched => {
                let why = trouble.map_or_else(|| late(stage), |(_, trouble)| trouble.to_string());
                return Err(MoveFailed::NoDatabase(why));
            }
        };
        if changed.is_err() {
            return Err(MoveFailed::Stopped);
        }
        if is_fetched {
            since = Instant::now();
        }
    }
}

fn late(stage: &str) -> String {
    let minutes = COMES_UP.as_secs() / 60;
    if stage == Stage::Waiting.as_str() {
        format!("the container engine was not there for {minutes} minutes")
    } else {
        format!("it did not answer within {minutes} minutes")
    }
}

/// Until no container of it is kept any more. That nobody else is at the database is seen there, before the copy.
async fn companion_is_gone(services: &Services) -> Result<(), MoveFailed> {
    let mut views = services.told.views.clone();
    let gone = views.wait_for(|views| views.iter().all(|view| view.name != ServiceName::Engine));
    match tokio::time::timeout(COMPANION_ENDS, gone).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(MoveFailed::Stopped),
        Err(_) => Err(MoveFailed::StillTalks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::view::{Reach, ServiceView};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use tokio::sync::watch;

    struct Keeper {
        reach: watch::Sender<Reach>,
        views: watch::Sender<Arc<Vec<ServiceView>>>,
    }

    impl Keeper {
        fn with(stage: &Stage) -> Self {
            Self { reach: watch::Sender::default(), views: watch::Sender::new(Arc::new(vec![view(stage)])) }
        }

        fn told(&self) -> Told {
            Told { reach: self.reach.subscribe(), views: self.views.subscribe() }
        }

        fn says(&self, stage: &Stage) {
            self.views.send_replace(Arc::new(vec![view(stage)]));
        }

        fn serves(&self) {
            let address: SocketAddr = "127.0.0.1:5432".parse().expect("an address");
            self.reach.send_replace(Reach::from([(ServiceName::Postgres, address)]));
        }
    }

    fn view(stage: &Stage) -> ServiceView {
        ServiceView {
            name: ServiceName::Postgres,
            stage: stage.as_str(),
            image: "postgres:17".to_owned(),
            container: None,
            address: None,
            serving_since: None,
            starts: 0,
            trouble: None,
            next_try: None,
            last_lines: Vec::new(),
            lacks_card: None,
        }
    }

    const A_WHILE: Duration = Duration::from_mins(4);

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_stays_away_ends_the_wait() {
        let keeper = Keeper::with(&Stage::Waiting);
        let begun = Instant::now();
        let (waited, ()) = tokio::join!(database_serves(keeper.told()), async {
            tokio::time::sleep(A_WHILE).await;
            // News of others do not begin the wait anew.
            keeper.says(&Stage::Waiting);
        });
        let told = waited.expect_err("nobody came").to_string();
        assert_eq!(told, "PostgreSQL does not come up: the container engine was not there for 5 minutes");
        assert_eq!(begun.elapsed(), COMES_UP);
    }

    #[tokio::test(start_paused = true)]
    async fn an_image_may_take_as_long_as_its_wire_needs() {
        let keeper = Keeper::with(&Stage::Fetching);
        let (waited, ()) = tokio::join!(database_serves(keeper.told()), async {
            tokio::time::sleep(COMES_UP * 20).await;
            keeper.says(&Stage::Making);
            tokio::time::sleep(A_WHILE).await;
            keeper.serves();
        });
        waited.expect("it serves");
    }

    #[tokio::test(start_paused = true)]
    async fn a_box_that_stops_is_told_from_a_database_that_fails() {
        let keeper = Keeper::with(&Stage::Starting);
        let told = keeper.told();
        drop(keeper);
        let stopped = database_serves(told).await.expect_err("nobody tells any more");
        assert!(matches!(stopped, MoveFailed::Stopped), "{stopped}");
    }
}
