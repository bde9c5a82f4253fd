//! `chat`: a conversation at the terminal, or one message per line from a program.
//!
//! Ctrl-C stops the reply, not the program; a second one leaves. The box may go away and come back: the
//! reply goes on where it was.

use super::context::Context;
use crate::exit::Failure;
use crate::reach::{self, Reached};
use crate::terminal::input::Lines;
use crate::terminal::reply::{ReplyWriter, printable};
use crate::terminal::talk::{Ended, Talk};
use anyhow::{Context as _, bail};
use clap::Args;
use engine::adapters::system::SystemClock;
use engine::ports::clock::Clock;
use engine_client::wire::companions::CompanionView;
use engine_client::wire::conversations::{ConversationView, NewConversation};
use std::io::{self, IsTerminal, Write};

#[derive(Debug, Args)]
pub struct Chat {
    /// Whom to talk to [default: the first companion].
    #[arg(long, value_name = "NAME")]
    companion: Option<String>,
}

pub async fn run(chat: Chat, context: &Context) -> Result<(), Failure> {
    let config = context.load(&context.flags())?;
    let json = context.global.json;
    Ok(reach::with_engine(&config, async |reached| converse(&chat, reached, json).await).await?)
}

async fn converse(chat: &Chat, reached: &Reached, json: bool) -> anyhow::Result<()> {
    let client = &reached.client;
    let companions: Vec<CompanionView> = client.get("/api/v1/companions").await?;
    let companion = choose(&companions, chat.companion.as_deref())?;
    let new = NewConversation { companion: Some(companion.id) };
    let conversation: ConversationView = client.post("/api/v1/conversations", &new).await?;
    let talk = Talk { client, conversation: conversation.id };
    let (clock, mut lines) = (SystemClock::default(), Lines::of_standard_input());
    let people = io::stdin().is_terminal() && !json;
    let mut failed = false;
    if people {
        let name = printable(&companion.name);
        say(&format!("You are talking to {name}. Ctrl-C stops a reply; Ctrl-C again, or Ctrl-D, leaves.\n"))?;
    }
    loop {
        if people {
            say("\n> ")?;
        }
        let line = tokio::select! {
            line = lines.next() => line,
            () = interrupted() => break,
        };
        let Some(line) = line else { break };
        let line = line.context("standard input cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let mut writer = ReplyWriter::new(io::stdout(), json);
        match talk.turn(clock.new_id(), line, &mut writer, async || interrupted().await).await? {
            Ended::Well => {}
            Ended::Failed => failed = true,
            Ended::Left => break,
        }
    }
    if people {
        say("\n")?;
    }
    if failed && !people {
        bail!("at least one message got no full reply");
    }
    Ok(())
}

fn choose<'a>(companions: &'a [CompanionView], wanted: Option<&str>) -> anyhow::Result<&'a CompanionView> {
    let Some(wanted) = wanted else { return companions.first().context("nobody lives here yet") };
    let found = companions.iter().find(|companion| companion.name.eq_ignore_ascii_case(wanted));
    found.with_context(|| {
        let names: Vec<&str> = companions.iter().map(|companion| companion.name.as_str()).collect();
        format!("there is no companion called {wanted}; there are: {}", names.join(", "))
    })
}

/// Where Ctrl-C cannot be listened to, it ends the program by itself.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn say(words: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(words.as_bytes()).and_then(|()| out.flush()).context("nothing can be shown")
}
