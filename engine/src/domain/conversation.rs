//! What people and companions speak in: a tree of messages with one branch in view.

use super::ids::{CompanionId, ConversationId, MessageId, PersonId, TenantId};
use super::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub id: ConversationId,
    pub tenant: TenantId,
    pub person: PersonId,
    pub companion: CompanionId,
    pub title: Option<String>,
    pub pinned: bool,
    /// The newest message of the branch in view; `None` before the first one.
    pub head: Option<MessageId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What was said before the window, told shortly; it covers the branch up to and with `up_to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub text: String,
    pub up_to: MessageId,
}

/// A title has at most this many characters.
const LONGEST_TITLE: usize = 50;

/// What a conversation is called until somebody names it: its first words, on one line. `None` where
/// there are none, as in a message that is only a file.
pub fn first_title(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.chars().count() {
        0 => None,
        length if length <= LONGEST_TITLE => Some(line),
        _ => {
            let cut: String = line.chars().take(LONGEST_TITLE - 3).collect();
            Some(format!("{}…", cut.trim_end()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(
            first_title("  Where is\n\tthe  \u{7}lighthouse? ").as_deref(),
            Some("Where is the lighthouse?")
        );
        assert_eq!(first_title(&"é".repeat(50)).as_deref(), Some(&*"é".repeat(50)));
        assert_eq!(first_title(&"é".repeat(51)), Some("é".repeat(47) + "…"));
        assert_eq!(first_title(" \n "), None);
    }
}
