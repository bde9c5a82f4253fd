//! Server-sent events, read piece by piece.
//!
//! Bytes go in as they arrive, cut anywhere; whole events come out. What is held between two events is
//! bounded, because the other side may be hostile. It knows the framing only, not what is inside.

/// One event: its last id, its name (`message` where none was given) and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    pub id: Option<String>,
    pub name: String,
    pub data: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SseError {
    #[error("an event is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("an event is not UTF-8")]
    NotText,
}

/// What came out of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SseItem {
    Event(SseEvent),
    /// A comment: the other side is alive and has nothing to say.
    Comment,
}

#[derive(Debug)]
pub struct SseParser {
    limit: usize,
    line: Vec<u8>,
    /// The last byte was CR: a LF right behind it belongs to the same line end.
    after_return: bool,
    at_start: bool,
    id: Option<String>,
    name: Option<String>,
    data: Option<String>,
}

impl SseParser {
    /// `limit` bounds one line and one event's data, in bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_return: false,
            at_start: true,
            id: None,
            name: None,
            data: None,
        }
    }

    /// Reads on; after an error the stream makes no sense any more.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<SseItem>, SseError> {
        let mut items = Vec::new();
        for &byte in bytes {
            let line_feed_of_pair = byte == b'\n' && std::mem::take(&mut self.after_return);
            self.after_return = byte == b'\r';
            match byte {
                _ if line_feed_of_pair => {}
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&line, &mut items)?;
                }
                _ if self.line.len() >= self.limit => return Err(SseError::TooLarge { limit: self.limit }),
                _ => self.line.push(byte),
            }
        }
        Ok(items)
    }

    fn end_line(&mut self, line: &[u8], items: &mut Vec<SseItem>) -> Result<(), SseError> {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            let name = self.name.take().unwrap_or_else(|| "message".into());
            if let Some(data) = self.data.take() {
                items.push(SseItem::Event(SseEvent { id: self.id.clone(), name, data }));
            }
            return Ok(());
        }
        let line = std::str::from_utf8(line).map_err(|_| SseError::NotText)?;
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => items.push(SseItem::Comment),
            "data" => self.add_data(value)?,
            "event" => self.name = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // `retry` and whatever comes to be: not ours to act on.
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &str) -> Result<(), SseError> {
        let data = match &mut self.data {
            None => self.data.insert(String::new()),
            Some(data) => {
                data.push('\n');
                data
            }
        };
        if data.len() + value.len() > self.limit {
            return Err(SseError::TooLarge { limit: self.limit });
        }
        data.push_str(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, name: &str, data: &str) -> SseItem {
        SseItem::Event(SseEvent { id: id.map(Into::into), name: name.into(), data: data.into() })
    }

    #[test]
    fn cuts_anywhere_change_nothing() {
        let stream = "\u{FEFF}id: 1\r\nevent: text\r\ndata: é\r\ndata:zwei\r\n\r\n: still here\n\ndata: x\n\nretry: 5\r\r";
        let expected =
            vec![event(Some("1"), "text", "é\nzwei"), SseItem::Comment, event(Some("1"), "message", "x")];
        for cut in 0..stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            let mut parser = SseParser::new(64);
            let mut items = parser.feed(head).expect("head");
            items.extend(parser.feed(tail).expect("tail"));
            assert_eq!(items, expected, "cut at {cut}");
        }
    }

    #[test]
    fn an_unfinished_event_is_not_an_event() {
        assert_eq!(SseParser::new(64).feed(b"data: half"), Ok(vec![]));
    }

    #[test]
    fn what_is_held_is_bounded_by_line_and_by_event() {
        let too_large = Err(SseError::TooLarge { limit: 8 });
        assert_eq!(SseParser::new(8).feed(&[b'a'; 9]), too_large);
        assert_eq!(SseParser::new(8).feed(b"data:1234\ndata:5678\n"), Err(SseError::TooLarge { limit: 8 }));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(SseParser::new(64).feed(b"data: \xff\n"), Err(SseError::NotText));
    }
}
