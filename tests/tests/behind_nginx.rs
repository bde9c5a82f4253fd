//! The box behind nginx, as people put it there: who is believed, and that words are not held back.
//!
//! nginx reaches the box from 127.0.0.2, which is the trusted proxy; everybody else comes from 127.0.0.1.

use ::http::{Request, StatusCode, header};
use anyhow::{Context, ensure};
use http_body_util::Full;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tests::browser::driver;
use tests::browser::place::{button, field};
use tests::browser::window::Window;
use tests::free_port::free_port;
use tests::house::{House, PASSWORD};
use tests::http;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::process::{Home, Process};
use tests::skip;

const SOON: Duration = Duration::from_secs(30);

/// An nginx in front of a house: one door that says how it was come by, and one that says over TLS.
struct Proxy {
    plain: SocketAddr,
    encrypted: SocketAddr,
    _process: Process,
}

impl Proxy {
    async fn before(house: &House) -> anyhow::Result<Self> {
        let (plain, encrypted) = (free_port()?, free_port()?);
        let folder = house.home.path().join("nginx");
        std::fs::create_dir(&folder)?;
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration(&folder, house.address(), plain, encrypted))?;
        let words = [folder.display().to_string(), file.display().to_string()];
        let mut process = house
            .home
            .start_neighbour("/usr/sbin/nginx", &["-p", &words[0], "-c", &words[1], "-e", "stderr"])?;
        process.wait_for_health(plain, SOON).await?;
        Ok(Self { plain, encrypted, _process: process })
    }
}

/// Nothing but whom to ask and what to tell: buffering and the protocol's version stay as they come.
fn configuration(folder: &Path, house: SocketAddr, plain: SocketAddr, encrypted: SocketAddr) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    let door = |listen: SocketAddr, scheme: &str| {
        format!(
            "server {{
                listen {listen};
                location / {{
                    proxy_pass http://{house};
                    proxy_bind 127.0.0.2;
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    proxy_set_header X-Forwarded-Proto {scheme};
                    proxy_set_header X-Forwarded-Host $http_host;
                }}
            }}\n"
        )
    };
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nworker_processes 1;\npid {}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{}{}}}\n",
        folder.display(),
        door(plain, "$scheme"),
        door(encrypted, "https"),
    )
}

async fn house() -> anyhow::Result<House> {
    let mut home = Home::new()?;
    home.set("WHISPERENGINE_TRUSTED_PROXIES", "127.0.0.2");
    home.set("WHISPERENGINE_ALLOWED_HOSTS", "box.lan");
    let mut house = House::over(home)?;
    house.up().await?;
    house.set_up().await?;
    Ok(house)
}

/// The sign-in page, asked for with these headers: its status, and whether its cookie is for TLS only.
async fn asked(address: SocketAddr, headers: &[(&str, &str)]) -> anyhow::Result<(StatusCode, bool)> {
    let mut request = Request::get("/sign-in").header(header::ACCEPT, "text/html");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = http::send(address, request.body(Full::default())?).await?;
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
    let secure = cookies.filter_map(|cookie| cookie.to_str().ok()).any(|cookie| cookie.contains("; Secure"));
    Ok((answer.status(), secure))
}

#[tokio::test]
async fn nginx_is_believed_and_a_visitor_who_says_the_same_is_not() -> anyhow::Result<()> {
    let house = house().await?;
    let proxy = Proxy::before(&house).await?;
    assert_eq!(asked(proxy.plain, &[]).await?, (StatusCode::OK, false));
    assert_eq!(asked(proxy.encrypted, &[]).await?, (StatusCode::OK, true));
    // What a visitor made up is written over by nginx, and means nothing where it comes straight to the box.
    let made_up =
        [("x-forwarded-proto", "https"), ("x-forwarded-for", "127.0.0.2"), ("x-forwarded-host", "box.lan")];
    assert_eq!(asked(proxy.plain, &made_up).await?, (StatusCode::OK, false));
    assert_eq!(asked(house.address(), &made_up).await?, (StatusCode::OK, false));
    let described = [("forwarded", "for=127.0.0.2;proto=https")];
    assert_eq!(asked(house.address(), &described).await?, (StatusCode::OK, false));
    Ok(())
}

#[tokio::test]
async fn words_come_through_nginx_as_they_are_written() -> anyhow::Result<()> {
    if let Some(reason) = driver::lacking() {
        return Ok(skip::report("behind_nginx::words_come_through", &reason)?);
    }
    let (house, model) = (house().await?, ModelServer::start().await?);
    house.connect(&model.base_url(), "scripted").await?;
    let proxy = Proxy::before(&house).await?;
    let window = Window::at(proxy.plain).await?;
    window.open("/").await?;
    window.fill(&field("Name"), "Ada").await?;
    window.fill(&field("Password"), PASSWORD).await?;
    window.click(&button("Sign in")).await?;
    window.until_at("/chat/").await.context("sign-in through nginx")?;
    // What the page shows first may have come with it; the words after that come over the stream.
    model.next(Script::tokens(6).hold_after(2).hold_after(4));
    window.fill(&field("Message"), "Count for me.").await?;
    window.click(&button("Send")).await?;
    window.until_it_says("t1 t2").await?;
    model.release();
    window.until_it_says("t1 t2 t3 t4").await?;
    ensure!(model.counts().held == 2, "the model was not held at the second place");
    model.release();
    window.until_it_says(&Script::tokens_text(6)).await?;
    window.close().await
}
