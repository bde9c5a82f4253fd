//! A reply on its way to the terminal: for people as words, for programs as one JSON line per event.
//!
//! What a model writes is a stranger's text: it may not move the cursor, change colours or ring the bell.

use engine_client::events::{Place, Stage, TurnEvent};
use engine_client::wire::turns::{TurnStateView, TurnView};
use serde_json::json;
use std::io::{self, Write};

pub struct ReplyWriter<W> {
    out: W,
    json: bool,
    /// Everything before it has been written.
    place: Place,
    /// Whether the cursor stands behind words of this reply.
    in_text: bool,
}

impl<W: Write> ReplyWriter<W> {
    pub fn new(out: W, json: bool) -> Self {
        Self { out, json, place: Place::default(), in_text: false }
    }

    /// Where to follow from after a break.
    pub fn place(&self) -> Place {
        self.place
    }

    pub fn write(&mut self, event: &TurnEvent) -> io::Result<()> {
        match event {
            TurnEvent::Stage(stage) => self.stage(*stage)?,
            TurnEvent::Text { at, text } => {
                self.text(text, *at)?;
                self.place = *at;
            }
            TurnEvent::Reset { at } => {
                self.place = *at;
                let again = if self.in_text { "\n(beginning again)\n" } else { "" };
                self.say(again, &json!({ "event": "reset", "at": at.to_string() }))?;
                self.in_text = false;
            }
            TurnEvent::Done(turn) => self.done(turn)?,
            TurnEvent::Error(problem) => {
                let words = format!("({})\n", printable(&problem.detail));
                self.say(&words, &json!({ "event": "error", "problem": problem }))?;
            }
        }
        self.out.flush()
    }

    fn stage(&mut self, stage: Stage) -> io::Result<()> {
        // People see that something happens when the words come.
        self.say("", &json!({ "event": "stage", "stage": stage }))
    }

    fn text(&mut self, text: &str, at: Place) -> io::Result<()> {
        self.in_text = true;
        self.say(&printable(text), &json!({ "event": "text", "at": at.to_string(), "text": text }))
    }

    fn done(&mut self, turn: &TurnView) -> io::Result<()> {
        if self.place.revision == turn.revision
            && let Some(rest) = turn.text.get(self.place.offset..)
            && !rest.is_empty()
        {
            let at = Place { revision: turn.revision, offset: turn.text.len() };
            self.text(rest, at)?;
        }
        let mut words = if self.in_text { "\n".to_owned() } else { String::new() };
        match (turn.state, &turn.failure) {
            (TurnStateView::Stopped, _) => words.push_str("(stopped)\n"),
            (_, Some(failure)) => words.push_str(&format!("({})\n", printable(&failure.detail))),
            _ => {}
        }
        self.say(&words, &json!({ "event": "done", "turn": turn }))
    }

    fn say(&mut self, words: &str, event: &serde_json::Value) -> io::Result<()> {
        if self.json { writeln!(self.out, "{event}") } else { self.out.write_all(words.as_bytes()) }
    }
}

/// Line ends and tabs stay; every other control character becomes visible.
pub fn printable(text: &str) -> String {
    let visible = |letter: char| match letter {
        '\n' | '\t' => letter,
        letter if letter.is_control() => '\u{FFFD}',
        letter => letter,
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_client::wire::turns::FailureView;
    use uuid::Uuid;

    fn turn(state: TurnStateView, text: &str, failure: Option<&str>) -> TurnEvent {
        let failure = failure.map(|detail| FailureView { code: "x".into(), detail: detail.into() });
        TurnEvent::Done(Box::new(TurnView {
            id: Uuid::nil(),
            conversation: Uuid::nil(),
            message: Uuid::nil(),
            reply: Uuid::nil(),
            state,
            text: text.into(),
            revision: 0,
            model: None,
            failure,
            attempts: Vec::new(),
            recalled: Vec::new(),
            created_at: 0,
            finished_at: Some(1),
        }))
    }

    fn words(offset: usize, text: &str) -> TurnEvent {
        TurnEvent::Text { at: Place { revision: 0, offset }, text: text.into() }
    }

    fn told(events: &[TurnEvent]) -> String {
        let mut writer = ReplyWriter::new(Vec::new(), false);
        for event in events {
            writer.write(event).expect("memory takes all");
        }
        String::from_utf8(writer.out).expect("text")
    }

    #[test]
    fn words_come_as_they_are_and_end_with_a_line() {
        let events = [words(3, "Hel"), words(5, "lo"), turn(TurnStateView::Done, "Hello", None)];
        assert_eq!(told(&events), "Hello\n");
    }

    #[test]
    fn what_was_missed_is_made_up_for_at_the_end() {
        assert_eq!(told(&[words(3, "Hel"), turn(TurnStateView::Done, "Hello", None)]), "Hello\n");
    }

    #[test]
    fn a_stop_a_failure_and_a_new_beginning_are_said() {
        assert_eq!(told(&[words(3, "Hel"), turn(TurnStateView::Stopped, "Hel", None)]), "Hel\n(stopped)\n");
        let failed = turn(TurnStateView::Failed, "", Some("the model is silent"));
        assert_eq!(told(&[failed]), "(the model is silent)\n");
        let reset = TurnEvent::Reset { at: Place { revision: 1, offset: 0 } };
        assert_eq!(told(&[words(3, "Hel"), reset]), "Hel\n(beginning again)\n");
    }

    #[test]
    fn a_reply_cannot_play_with_the_terminal() {
        assert_eq!(told(&[words(9, "a\u{1b}[2Jb\u{7}\n")]), "a\u{FFFD}[2Jb\u{FFFD}\n");
    }

    #[test]
    fn programs_get_one_line_of_json_per_event() {
        let mut writer = ReplyWriter::new(Vec::new(), true);
        writer.write(&words(5, "a\nb")).expect("memory takes all");
        let line = String::from_utf8(writer.out).expect("text");
        assert_eq!(line, "{\"at\":\"5\",\"event\":\"text\",\"text\":\"a\\nb\"}\n");
    }
}
