//! One contract, every store: each behaviour is written once and shown on SQLite and on PostgreSQL.
//!
//! A behaviour is `async fn name(bench: &Bench)`, listed in `on_both_stores! { … }` of its file; `bench`
//! gives it an empty store of its own and a clock it can move. What only one store does is a plain
//! test. PostgreSQL is the one at `WHISPERENGINE_TEST_POSTGRES_URL`; without it these tests fail.

/// Runs every behaviour named on each store, as `on_sqlite::name` and `on_postgres::name`.
macro_rules! on_both_stores {
    ($($behaviour:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let bench = $crate::adapters::sql::suite::harness::Bench::sqlite().await;
                bench.show(super::$behaviour(&bench)).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let bench = $crate::adapters::sql::suite::harness::Bench::postgres().await;
                bench.show(super::$behaviour(&bench)).await;
            })+
        }
    };
}

pub mod harness;
pub mod talk;

mod opening;
mod upgrading;

mod access;
mod attachments;
mod belongings;
mod branches;
mod companions;
mod conversations;
mod failing;
mod histories;
mod housekeeping;
mod jobs;
mod ledger;
mod memories;
mod messages;
mod people;
mod races;
mod removals;
mod turns;
