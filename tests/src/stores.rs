//! The two stores, and how a story is told on both.

/// Where a box keeps the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

/// Makes two tests of each `async fn story(store: Store) -> anyhow::Result<()>`.
#[macro_export]
macro_rules! on_both_stores {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() -> anyhow::Result<()> {
                super::$story(tests::stores::Store::Sqlite).await
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() -> anyhow::Result<()> {
                super::$story(tests::stores::Store::Postgres).await
            })+
        }
    };
}
