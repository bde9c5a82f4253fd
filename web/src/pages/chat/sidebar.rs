//! What is beside every conversation: whom one can talk to, and what was talked about, by day.

use super::super::moment::{self, Zone};
use crate::pages::error::PageError;
use crate::pages::visit::Member;
use crate::public::router::Face;
use crate::words::Words;
use engine_client::wire::companions::CompanionView;
use engine_client::wire::conversations::{ConversationPage, ConversationView};
use engine_client::wire::people::{PersonView, RoleView};
use std::collections::HashMap;
use uuid::Uuid;

/// Older conversations are found by searching.
const SHOWN: usize = 40;

pub struct Sidebar {
    pub companions: Vec<CompanionView>,
    pub groups: Vec<Group>,
    /// Whether there is more here for them than for others.
    pub is_owner: bool,
}

/// Conversations under one heading: those that are pinned, or those of one day.
pub struct Group {
    pub heading: String,
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub id: Uuid,
    pub title: String,
    /// Named where there are several.
    pub companion: Option<String>,
    pub here: bool,
}

impl Sidebar {
    pub async fn read(face: &Face, member: &Member, here: Uuid) -> Result<Self, PageError> {
        let pinned = "/api/v1/conversations?pinned=true&limit=50";
        let recent = format!("/api/v1/conversations?pinned=false&limit={SHOWN}");
        let (companions, pinned, recent, me) = tokio::try_join!(
            member.client.get::<Vec<CompanionView>>("/api/v1/companions"),
            member.client.get::<ConversationPage>(pinned),
            member.client.get::<ConversationPage>(&recent),
            member.client.get::<PersonView>("/api/v1/me"),
        )?;
        let list = List { words: &face.words, names: names(&companions), here };
        let days = by_day(&recent.conversations, member.zone);
        let today = moment::day(face.appliance.now(), member.zone);
        let pinned = (!pinned.conversations.is_empty())
            .then(|| list.group(face.words.say("chat-pinned"), &pinned.conversations));
        let days =
            days.into_iter().map(|(day, list_of)| list.group(heading(&face.words, day, today), list_of));
        let groups = pinned.into_iter().chain(days).collect();
        Ok(Self { groups, companions, is_owner: me.role == RoleView::Owner })
    }

    pub fn name_of(&self, companion: Uuid) -> Option<&str> {
        self.companions.iter().find(|known| known.id == companion).map(|known| known.name.as_str())
    }
}

struct List<'a> {
    words: &'a Words,
    names: HashMap<Uuid, String>,
    here: Uuid,
}

impl List<'_> {
    fn group(&self, heading: String, conversations: &[ConversationView]) -> Group {
        let entries = conversations.iter().map(|conversation| Entry {
            id: conversation.id,
            title: conversation.title.clone().unwrap_or_else(|| self.words.say("chat-untitled")),
            companion: self.names.get(&conversation.companion).cloned(),
            here: conversation.id == self.here,
        });
        Group { heading, entries: entries.collect() }
    }
}

/// Who is with whom matters only where there are several.
fn names(companions: &[CompanionView]) -> HashMap<Uuid, String> {
    let several = companions.iter().filter(|_| companions.len() > 1);
    several.map(|companion| (companion.id, companion.name.clone())).collect()
}

/// Runs of one day; the list is newest first.
fn by_day(conversations: &[ConversationView], zone: Zone) -> Vec<(i64, &[ConversationView])> {
    let day = |conversation: &ConversationView| moment::day(conversation.updated_at, zone);
    conversations.chunk_by(|a, b| day(a) == day(b)).map(|run| (day(&run[0]), run)).collect()
}

fn heading(words: &Words, day: i64, today: i64) -> String {
    match today - day {
        ..=0 => words.say("chat-today"),
        1 => words.say("chat-yesterday"),
        _ => moment::date(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_persons_own_clock() {
        let at = |hours: i64| ConversationView {
            id: Uuid::nil(),
            companion: Uuid::nil(),
            title: None,
            pinned: false,
            head: None,
            created_at: 0,
            updated_at: hours * 3_600_000_000,
        };
        let list = [at(50), at(47), at(25), at(23)];
        let runs = |minutes| -> Vec<(i64, usize)> {
            by_day(&list, Zone(minutes)).iter().map(|(day, run)| (*day, run.len())).collect()
        };
        assert_eq!(runs(0), [(2, 1), (1, 2), (0, 1)]);
        assert_eq!(runs(120), [(2, 2), (1, 2)]);
        let words = Words::english();
        assert_eq!(heading(&words, 2, 2), "Today");
        assert_eq!(heading(&words, 1, 2), "Yesterday");
        assert_eq!(heading(&words, 0, 2), "1970-01-01");
    }
}
