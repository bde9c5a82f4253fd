use super::index::{QdrantConfig, QdrantIndex};
use super::stand_in::{Kept, StandIn};
use crate::adapters::embedding::Embedding;
use crate::adapters::suites;
use crate::adapters::suites::vectors::{VectorWorld, embedding, owner, row, toward};
use crate::ports::vectors::{IndexError, VectorIndex};
use anyhow::{Context, ensure};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;
use zeroize::Zeroizing;

const ANY_PORT: &str = "127.0.0.1:0";
/// Above `index::PATIENCE` on a loaded machine.
const BOUNDED: Duration = Duration::from_secs(15);

fn index(url: String, api_key: Option<&str>) -> Result<QdrantIndex, IndexError> {
    let api_key = api_key.map(|key| Zeroizing::new(key.to_owned()));
    QdrantIndex::new(&QdrantConfig { url, api_key, prefix: "test".into() }, embedding())
}

#[tokio::test]
async fn over_qdrants_wire_it_is_an_index() -> anyhow::Result<()> {
    let server = StandIn::start(ANY_PORT, Kept::default(), None)?;
    let index = Arc::new(index(server.url(), None)?);
    suites::vectors::holds_the_contract(VectorWorld { index, rows: None }).await
}

#[tokio::test]
async fn over_a_real_qdrant_it_is_an_index() -> anyhow::Result<()> {
    let Ok(url) = std::env::var("WHISPERENGINE_TEST_QDRANT_URL") else {
        let reason = "WHISPERENGINE_TEST_QDRANT_URL names no server";
        return Ok(suites::skip::report("over_a_real_qdrant_it_is_an_index", reason)?);
    };
    let prefix = Uuid::now_v7().to_string();
    let index = QdrantIndex::new(&QdrantConfig { url, api_key: None, prefix }, embedding())?;
    suites::vectors::holds_the_contract(VectorWorld { index: Arc::new(index), rows: None }).await
}

#[tokio::test]
async fn the_collection_is_made_once_with_an_index_for_each_filter() -> anyhow::Result<()> {
    let kept = Kept::default();
    let server = StandIn::start(ANY_PORT, kept.clone(), None)?;
    let (one, other) = (index(server.url(), None)?, index(server.url(), None)?);
    let (first, second) = tokio::join!(one.prepare(), other.prepare());
    first?;
    second?;
    let kept = kept.lock();
    ensure!(kept.len() == 1);
    let collection = kept.values().next().context("a collection")?;
    ensure!(collection.indexes.iter().eq(["companion", "person", "scope", "tenant"]));
    ensure!(collection.tenant_index.as_deref() == Some("tenant"));
    Ok(())
}

#[tokio::test]
async fn each_embedder_has_its_own_collection() -> anyhow::Result<()> {
    let kept = Kept::default();
    let server = StandIn::start(ANY_PORT, kept.clone(), None)?;
    // Alike once what Qdrant takes is left, alike by name, alike by dimension.
    for (model, dimension) in [("a/b", 8), ("a-b", 8), ("a-b", 16)] {
        let config = QdrantConfig { url: server.url(), api_key: None, prefix: "test".into() };
        QdrantIndex::new(&config, Embedding { model: model.into(), dimension })?.prepare().await?;
    }
    ensure!(kept.lock().len() == 3);
    Ok(())
}

#[tokio::test]
async fn a_collection_of_another_dimension_is_refused_and_left_alone() -> anyhow::Result<()> {
    let kept = Kept::default();
    let server = StandIn::start(ANY_PORT, kept.clone(), None)?;
    let mine = row(owner(), toward(1.0, 0.0));
    index(server.url(), None)?.upsert(std::slice::from_ref(&mine)).await?;
    {
        use qdrant_client::qdrant::vectors_config::Config;
        let mut kept = kept.lock();
        let vectors = kept.values_mut().next().and_then(|collection| collection.vectors.as_mut());
        if let Some(Config::Params(params)) = vectors.and_then(|vectors| vectors.config.as_mut()) {
            params.size = 99;
        }
    }
    let index = index(server.url(), None)?;
    for refused in [index.prepare().await, index.upsert(&[mine]).await] {
        ensure!(matches!(refused, Err(IndexError::Dimension { expected: 99, found: 8 })), "{refused:?}");
    }
    ensure!(kept.lock().values().all(|collection| collection.points.len() == 1));
    Ok(())
}

#[tokio::test]
async fn a_collection_that_vanished_is_made_again() -> anyhow::Result<()> {
    let kept = Kept::default();
    let server = StandIn::start(ANY_PORT, kept.clone(), None)?;
    let index = index(server.url(), None)?;
    let mine = row(owner(), toward(1.0, 0.0));
    index.upsert(std::slice::from_ref(&mine)).await?;
    kept.lock().clear();
    let failed = index.search(mine.owner, &mine.scope, &mine.vector, 1).await;
    ensure!(matches!(failed, Err(IndexError::Unavailable(_))));
    index.upsert(std::slice::from_ref(&mine)).await?;
    ensure!(index.search(mine.owner, &mine.scope, &mine.vector, 1).await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn the_key_is_sent_and_a_wrong_one_is_an_error_without_it() -> anyhow::Result<()> {
    let server = StandIn::start(ANY_PORT, Kept::default(), Some("right key"))?;
    index(server.url(), Some("right key"))?.prepare().await?;
    for wrong in [None, Some("wrong key")] {
        let refused = index(server.url(), wrong)?.prepare().await.err().context("it was let in")?;
        ensure!(matches!(refused, IndexError::Unavailable(_)));
        ensure!(!format!("{refused:?} {refused}").contains("wrong key"));
    }
    Ok(())
}

#[tokio::test]
async fn a_dead_server_is_an_error_in_bounded_time_and_used_again_when_it_is_back() -> anyhow::Result<()> {
    let kept = Kept::default();
    let server = StandIn::start(ANY_PORT, kept.clone(), None)?;
    let address = server.address.to_string();
    let index = index(server.url(), None)?;
    let mine = row(owner(), toward(1.0, 0.0));
    index.upsert(std::slice::from_ref(&mine)).await?;
    drop(server);
    let begun = Instant::now();
    for _ in 0..3 {
        let failed = index.search(mine.owner, &mine.scope, &mine.vector, 1).await;
        ensure!(matches!(failed, Err(IndexError::Unavailable(_))));
    }
    ensure!(begun.elapsed() < BOUNDED, "it took {:?}", begun.elapsed());

    let _server = loop {
        // The port is ours again once the old server's threads have let go of it.
        match StandIn::start(&address, kept.clone(), None) {
            Ok(server) => break server,
            Err(_) if begun.elapsed() < BOUNDED => tokio::task::yield_now().await,
            Err(error) => return Err(error),
        }
    };
    ensure!(index.search(mine.owner, &mine.scope, &mine.vector, 1).await?.len() == 1);
    Ok(())
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_a_bounded_moment() -> anyhow::Result<()> {
    let silent = std::net::TcpListener::bind(ANY_PORT)?;
    let index = index(format!("http://{}", silent.local_addr()?), None)?;
    let begun = Instant::now();
    ensure!(matches!(index.prepare().await, Err(IndexError::Unavailable(_))));
    ensure!(begun.elapsed() < BOUNDED, "it took {:?}", begun.elapsed());
    Ok(())
}
