//! The settings as somebody meets them whose browser runs no script.

use anyhow::ensure;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use std::net::SocketAddr;
use std::time::Duration;
use tests::house::{House, PASSWORD};
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::visitor::Visitor;
use tests::wait;

const SOON: Duration = Duration::from_secs(30);

/// The text between `before` and `after`.
fn between<'a>(html: &'a str, before: &str, after: &str) -> anyhow::Result<&'a str> {
    let found = html.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.map(|(found, _)| found).ok_or_else(|| anyhow::anyhow!("nothing after {before:?}: {html}"))
}

/// What stands under this label.
fn told<'a>(html: &'a str, label: &str) -> anyhow::Result<&'a str> {
    let rest = between(html, &format!("<dt>{label}</dt>"), "</dd>")?;
    Ok(rest.rsplit_once("</code>").and_then(|(code, _)| code.rsplit_once('>')).map_or(rest, |(_, code)| code))
}

async fn signed_in(address: SocketAddr, name: &str, password: &str) -> anyhow::Result<Visitor> {
    let mut visitor = Visitor::at(address);
    visitor.open("/sign-in").await?;
    visitor.submit("/sign-in", &[("name", name), ("password", password)]).await?;
    Ok(visitor)
}

async fn with_key(address: SocketAddr, key: &str) -> anyhow::Result<StatusCode> {
    let request = Request::builder()
        .method(Method::GET)
        .uri("/v1/models")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Full::default())?;
    Ok(tests::http::send(address, request).await?.status())
}

#[tokio::test]
async fn somebody_is_invited_settles_in_and_is_shut_out_and_let_in_again() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let mut ada = signed_in(house.address(), "Ada", PASSWORD).await?;
    ada.open("/settings/people").await?.says("This is you.")?;
    ada.submit("/settings/people", &[("name", "ada")]).await?.says("has this name already")?;
    ada.submit("/settings/people", &[("name", "<b>Ben")]).await?.says("good once")?;
    let code = told(&ada.page.html, "And this code, with a password of their own")?.to_owned();
    ensure!(!ada.page.html.contains("<b>Ben"), "a name is markup: {}", ada.page.html);
    let link = told(&ada.page.html, "They open this address")?.to_owned();
    let path = link.strip_prefix(&format!("http://{}", house.address())).unwrap_or(&link).to_owned();

    // Neither a wrong code nor a name that is nobody's tells who lives here.
    let mut stranger = Visitor::at(house.address());
    for name in ["<b>Ben", "Nobody"] {
        stranger.open("/join").await?;
        let guess =
            [("name", name), ("code", "AAAAA"), ("password", "long enough"), ("again", "long enough")];
        let page = stranger.submit("/join", &guess).await?;
        page.says("do not fit together")?;
        ensure!(page.status == StatusCode::FORBIDDEN, "{page:?}");
    }
    let mut ben = Visitor::at(house.address());
    ben.open(&path).await?.says("value=\"&#60;b&#62;Ben\"")?;
    let short = [("name", "<b>Ben"), ("code", code.as_str()), ("password", "short"), ("again", "short")];
    ben.submit("/join", &short).await?.says("The code is still good")?;
    let good =
        [("name", "<b>Ben"), ("code", code.as_str()), ("password", "ben's words"), ("again", "ben's words")];
    ben.submit("/join", &good).await?;
    ensure!(ben.page.path.starts_with("/chat/"), "it ended at {}: {}", ben.page.path, ben.page.html);

    // A name of one's own, and nothing of the owner's.
    ben.open("/settings").await?;
    ben.submit("/settings/name", &[("name", "Benno")]).await?.says("Your name is changed")?;
    ensure!(!ben.page.html.contains("/settings/people"), "a member sees the owner's section");
    for path in ["/settings/people", "/settings/models", "/settings/models/add"] {
        ensure!(ben.open(path).await?.status == StatusCode::FORBIDDEN, "{path} is open to a member");
    }

    ada.open("/settings/people").await?.says("Benno")?;
    let row = between(&ada.page.html, "Benno</strong>", "/suspend\"")?;
    let suspend = format!("{}/suspend", row.rsplit_once('"').map_or(row, |(_, path)| path));
    ada.open(&suspend).await?.says("Benno is signed out everywhere at once")?;
    ada.submit(&suspend, &[]).await?.says("Suspended")?;
    ben.open("/settings").await?.says("current-password")?;
    let resume = suspend.replace("suspend", "resume");
    ada.open(&resume).await?;
    ada.submit(&resume, &[]).await?.says("They may come in again")?;
    let back = signed_in(house.address(), "benno", "ben's words").await?.page;
    ensure!(back.path.starts_with("/chat/"), "{back:?}");
    Ok(())
}

#[tokio::test]
async fn a_new_password_leaves_one_session_and_signing_out_everywhere_leaves_none() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let mut here = signed_in(house.address(), "Ada", PASSWORD).await?;
    let mut elsewhere = signed_in(house.address(), "Ada", PASSWORD).await?;
    elsewhere.open("/settings").await?.says("Sign out everywhere")?;
    here.open("/settings").await?;
    let change = |current| [("current", current), ("password", "a new harbour"), ("again", "a new harbour")];
    here.submit("/settings/password", &change("a guess")).await?.says("This is not your password.")?;
    here.submit("/settings/password", &change(PASSWORD)).await?.says("Your password is changed")?;
    elsewhere.open("/settings").await?.says("current-password")?;

    let mut again = signed_in(house.address(), "Ada", "a new harbour").await?;
    here.submit("/settings/sessions/end", &[]).await?.says("current-password")?;
    again.open("/settings").await?.says("current-password")?;
    here.open("/settings").await?.says("current-password")?;
    Ok(())
}

#[tokio::test]
async fn looks_are_kept_with_the_person_and_across_a_restart() -> anyhow::Result<()> {
    let mut house = House::inhabited(Store::Sqlite).await?;
    let mut ada = signed_in(house.address(), "Ada", PASSWORD).await?;
    let sheet = |dark| if dark { "color-scheme: dark; font-size: 125%; --hue: 190" } else { "light dark" };
    ada.open("/look.css").await?.says(sheet(false))?;
    ada.open("/settings/appearance").await?.says("/look.css")?;
    let chosen = [("theme", "dark"), ("size", "largest"), ("hue", "190")];
    ada.submit("/settings/appearance", &chosen).await?.says("value=\"dark\" checked")?;
    house.kill()?;
    house.up().await?;
    ada.open("/look.css").await?.says(sheet(true))?;
    let mut phone = signed_in(house.address(), "Ada", PASSWORD).await?;
    phone.open("/look.css").await?.says(sheet(true))?;
    let guest = Visitor::at(house.address()).open("/look.css").await?.html.clone();
    ensure!(guest.is_empty(), "a guest has looks: {guest}");
    Ok(())
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked_and_is_nobody_elses() -> anyhow::Result<()> {
    let house = House::inhabited(Store::Sqlite).await?;
    let address = house.address();
    let mut ada = signed_in(address, "Ada", PASSWORD).await?;
    ada.open("/settings/keys").await?.says("You have no keys")?;
    ada.submit("/settings/keys", &[("name", "<i>laptop")]).await?.says("It is shown once")?;
    let key = between(&ada.page.html, "id=\"key\" value=\"", "\"")?.to_owned();
    ensure!(with_key(address, &key).await? == StatusCode::OK, "a fresh key opens nothing");
    let list = ada.open("/settings/keys").await?.html.clone();
    ensure!(!list.contains(&key) && list.contains("&#60;i&#62;laptop"), "{list}");
    let revoke = format!("/settings/keys/{}/revoke", between(&list, "/settings/keys/", "/revoke")?);
    ada.submit("/settings/keys", &[("name", "clock")]).await?.says("It is shown once")?;
    let other = between(&ada.page.html, "id=\"key\" value=\"", "\"")?.to_owned();

    let invited = house.home.run(&["person", "invite", "Ben"], SOON).await?;
    ensure!(invited.status.success(), "{invited:?}");
    ada.open("/settings/people").await?;
    let code_of_ben = between(&ada.page.html, "Ben</strong>", "/code\"")?;
    let code_of_ben = format!("{}/code", code_of_ben.rsplit_once('"').map_or("", |(_, path)| path));
    ada.submit(&code_of_ben, &[]).await?;
    let code = told(&ada.page.html, "And this code, with a password of their own")?.to_owned();
    let mut ben = Visitor::at(address);
    ben.open("/join").await?;
    let words = [("name", "ben"), ("code", &code), ("password", "ben's words"), ("again", "ben's words")];
    ben.submit("/join", &words).await?;
    ensure!(ben.open(&revoke).await?.status == StatusCode::NOT_FOUND, "Ben sees Ada's key");
    ben.open("/settings/keys").await?.says("You have no keys")?;

    ada.open(&revoke).await?.says("refused from the next moment on")?;
    ada.submit(&revoke, &[]).await?.says("The key is revoked")?;
    ensure!(with_key(address, &key).await? == StatusCode::UNAUTHORIZED, "a revoked key still opens");
    ensure!(with_key(address, &other).await? == StatusCode::OK, "the other key was revoked, too");
    Ok(())
}

#[tokio::test]
async fn connections_are_added_tested_put_in_order_changed_and_removed() -> anyhow::Result<()> {
    let (house, owl, wren) =
        (House::inhabited(Store::Sqlite).await?, ModelServer::start().await?, ModelServer::start().await?);
    owl.offer_models(&["owl"]);
    wren.offer_models(&["wren"]);
    wren.by_default(Script::words(["from the second one"]));
    owl.by_default(Script::words(["from the first one"]));
    let mut ada = signed_in(house.address(), "Ada", PASSWORD).await?;
    ada.open("/settings/models").await?.says("No model is connected")?;
    for (server, model) in [(&owl, "owl"), (&wren, "wren")] {
        ada.open("/settings/models/add").await?;
        let url = server.base_url();
        let wrong = [("url", url.as_str()), ("model", "parrot"), ("key", "sk-1"), ("name", model)];
        ada.submit("/settings/models/add", &wrong).await?.says("does not know this model")?;
        let right = [("url", url.as_str()), ("model", model), ("key", "sk-1"), ("name", model)];
        ada.submit("/settings/models/add", &right).await?.says("The model is connected")?;
    }
    let ids = |html: &str| -> Vec<String> {
        html.split("<li id=\"c-").skip(1).filter_map(|row| row.split('"').next()).map(str::to_owned).collect()
    };
    let before = ids(&ada.page.html);
    ensure!(before.len() == 2, "{before:?}");
    let path = |of: usize, deed: &str| format!("/settings/models/{}{deed}", before[of]);
    ada.submit(&path(0, "/test"), &[]).await?.says("The server answers and knows this model")?;
    let said = ada.submit(&path(1, "/earlier"), &[]).await.map(|page| ids(&page.html));
    ensure!(said? == [before[1].clone(), before[0].clone()], "the order is as it was");

    // Whoever is first answers.
    ada.open("/").await?;
    let chat = ada.page.path.clone();
    ada.submit(&format!("{chat}/messages"), &[("text", "Who is there?")]).await?;
    wait::until("the second one to answer", SOON, async || {
        Ok(ada.open(&chat).await?.says("from the second one").ok())
    })
    .await?;
    ensure!(owl.asked().is_empty(), "the one that is tried later was asked");

    // A stored key goes to no other server, and a change says at once whether it works.
    ada.open(&path(0, "")).await?;
    ensure!(!ada.page.html.contains("sk-1"), "a key came out: {}", ada.page.html);
    let (old, new) = (owl.base_url(), wren.base_url());
    let moved = [("name", "owl"), ("url", new.as_str()), ("model", "wren"), ("context", "4096")];
    ada.submit(&path(0, ""), &moved).await?.says("The stored key belongs to the old address")?;
    let unknown = [("name", "owl"), ("url", old.as_str()), ("model", "raven"), ("context", "4096")];
    ada.submit(&path(0, ""), &unknown).await?.says("does not know this model")?;
    ada.page.says("The change is kept")?;
    ada.page.says("takes 4096 tokens")?;

    ada.open(&path(0, "/remove")).await?.says("its stored key is deleted")?;
    let left = ids(&ada.submit(&path(0, "/remove"), &[]).await?.html);
    ensure!(left == [before[1].clone()], "{left:?}");
    let gone = ada.open(&path(0, "")).await?.status;
    ensure!(gone == StatusCode::NOT_FOUND, "what was removed is still there: {gone}");
    Ok(())
}
