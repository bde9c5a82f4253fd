//! How much one caller may ask, and what they hear who ask more.

use anyhow::ensure;
use bytes::Bytes;
use engine_client::wire::people::{KeyCreated, NewKey};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use tests::house::House;
use tests::stores::Store;

async fn house(limits: &[(&str, &str)]) -> anyhow::Result<House> {
    let mut house = House::new(Store::Sqlite)?;
    for (name, value) in limits {
        house.home.set(&format!("WHISPERENGINE_LIMIT_{name}"), value);
    }
    house.up().await?;
    house.set_up().await?;
    Ok(house)
}

async fn get(house: &House, path: &str, key: &str) -> anyhow::Result<Response<Bytes>> {
    let request = Request::get(path).header("x-api-key", key).body(Full::default())?;
    tests::http::send(house.address(), request).await
}

fn is_told_to_wait(answer: &Response<Bytes>) -> anyhow::Result<()> {
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let told = wait.is_some_and(|seconds: u64| (1..=60).contains(&seconds));
    ensure!(answer.status() == StatusCode::TOO_MANY_REQUESTS && told, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_asks_too_much_waits_and_another_does_not() -> anyhow::Result<()> {
    let house = house(&[("KEY_REQUESTS", "3")]).await?;
    let key = async |name: &str| -> anyhow::Result<String> {
        let created: KeyCreated = house.client().post("/api/v1/keys", &NewKey { name: name.into() }).await?;
        Ok(created.key)
    };
    let (busy, calm) = (key("busy").await?, key("calm").await?);
    for path in ["/api/v1/me", "/v1/models", "/api/v1/me"] {
        assert_eq!(get(&house, path, &busy).await?.status(), StatusCode::OK);
    }
    let problem = get(&house, "/api/v1/me", &busy).await?;
    is_told_to_wait(&problem)?;
    assert!(String::from_utf8_lossy(problem.body()).contains(r#""code":"too_many_requests""#));
    let complaint = get(&house, "/v1/models", &busy).await?;
    is_told_to_wait(&complaint)?;
    assert!(String::from_utf8_lossy(complaint.body()).contains(r#""code":"rate_limit_exceeded""#));
    assert_eq!(get(&house, "/v1/models", &calm).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn whoever_tries_to_come_in_too_often_waits_and_the_box_stays_well() -> anyhow::Result<()> {
    let house = house(&[("ADDRESS_ATTEMPTS", "2")]).await?;
    let sign_in = async || {
        let request = Request::post("/sign-in")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from("name=Ada&password=guess"))?;
        tests::http::send(house.address(), request).await
    };
    for _ in 0..2 {
        assert_ne!(sign_in().await?.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    let page = sign_in().await?;
    is_told_to_wait(&page)?;
    assert!(String::from_utf8_lossy(page.body()).starts_with("<!doctype html>"));
    is_told_to_wait(&get(&house, "/api/v1/me", "wek_guessed").await?)?;
    for path in ["/health", "/ready", "/sign-in"] {
        assert_eq!(tests::http::get(house.address(), path).await?.status(), StatusCode::OK, "{path}");
    }
    Ok(())
}
