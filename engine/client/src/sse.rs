//! Server-sent events, read piece by piece: bytes in as they arrive, cut anywhere, whole events out.
//!
//! What is held between two events is bounded, because the other side may be hostile: the same parser
//! reads our own streams and those of model servers. It knows the framing only, not what is inside.
//! Comments leave nothing behind; that they came is known from the bytes themselves.

use std::collections::VecDeque;

/// One event: the last id, its name (`message` where none was given) and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    pub id: Option<String>,
    pub name: String,
    pub data: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("an event is larger than the limit")]
    TooLarge,
    #[error("an event is not UTF-8")]
    NotUtf8,
}

#[derive(Debug)]
pub struct SseParser {
    limit: usize,
    line: Vec<u8>,
    id: Option<Vec<u8>>,
    name: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    /// The last byte was a CR, so an LF right after it ends the same line.
    after_cr: bool,
    first_line: bool,
}

impl SseParser {
    /// `limit` bounds one event, in bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), id: None, name: None, data: None, after_cr: false, first_line: true }
    }

    /// Adds the events that are now whole. After an error the stream makes no sense any more.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut VecDeque<SseEvent>) -> Result<(), SseError> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.extend_line(&bytes[..end])?;
            self.end_line(out)?;
            let is_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if is_cr {
                match bytes {
                    [] => self.after_cr = true,
                    [b'\n', rest @ ..] => bytes = rest,
                    _ => {}
                }
            }
        }
        self.extend_line(bytes)
    }

    /// What the last event would be had the stream not ended inside it.
    pub fn unfinished(mut self) -> Option<SseEvent> {
        let mut out = VecDeque::new();
        self.end_line(&mut out).ok()?;
        self.end_event(&mut out).ok()?;
        out.pop_front()
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        let held = self.line.len() + self.data.as_ref().map_or(0, Vec::len);
        if held + bytes.len() > self.limit {
            return Err(SseError::TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, out: &mut VecDeque<SseEvent>) -> Result<(), SseError> {
        let mut line: &[u8] = &self.line;
        if self.first_line {
            self.first_line = false;
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            self.line.clear();
            return self.end_event(out);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"event" => self.name = (!value.is_empty()).then(|| value.to_vec()),
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            _ => {}
        }
        self.line.clear();
        Ok(())
    }

    fn end_event(&mut self, out: &mut VecDeque<SseEvent>) -> Result<(), SseError> {
        let name = self.name.take();
        if let Some(data) = self.data.take() {
            let name = name.map_or_else(|| Ok("message".to_owned()), text)?;
            out.push_back(SseEvent { id: self.id.clone().map(text).transpose()?, name, data: text(data)? });
        }
        Ok(())
    }
}

fn text(bytes: Vec<u8>) -> Result<String, SseError> {
    String::from_utf8(bytes).map_err(|_| SseError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<SseEvent>, SseError> {
        let mut parser = SseParser::new(1000);
        let mut out = VecDeque::new();
        for piece in pieces {
            parser.feed(piece, &mut out)?;
        }
        Ok(out.into())
    }

    fn frame(data: &str) -> SseEvent {
        SseEvent { id: None, name: "message".to_owned(), data: data.to_owned() }
    }

    /// The same, behind an id that holds until the next.
    fn known(id: &str, data: &str) -> SseEvent {
        SseEvent { id: Some(id.to_owned()), ..frame(data) }
    }

    #[test]
    fn every_way_to_end_a_line_splits_at_every_byte() {
        let text =
            "\u{feff}: hi\ndata: änd\nid: 7\n\nevent: message\ndata:a\ndata: b\n\ndata\n\nnonsense\n\n";
        let expected = vec![known("7", "änd"), known("7", "a\nb"), known("7", "")];
        for ending in ["\n", "\r\n", "\r"] {
            let bytes = text.replace('\n', ending).into_bytes();
            assert_eq!(read(&[&bytes]), Ok(expected.clone()), "{ending:?}");
            for cut in 0..bytes.len() {
                let (head, tail) = bytes.split_at(cut);
                assert_eq!(read(&[head, tail]), Ok(expected.clone()), "{ending:?} at {cut}");
                assert_eq!(read(&[head, b"", tail]), Ok(expected.clone()), "{ending:?} at {cut}");
            }
            let drip: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(read(&drip), Ok(expected.clone()), "{ending:?}");
        }
    }

    #[test]
    fn a_name_belongs_to_one_event_only() {
        let read = read(&[b"event: execute\ndata: <script>\n\ndata: x\n\n"]);
        assert_eq!(read, Ok(vec![SseEvent { name: "execute".to_owned(), ..frame("<script>") }, frame("x")]));
    }

    #[test]
    fn an_event_larger_than_the_limit_is_refused_while_it_arrives() {
        let mut parser = SseParser::new(1000);
        let mut out = VecDeque::new();
        let mut fed = 0;
        let fault = loop {
            match parser.feed(&[b'x'; 64], &mut out) {
                Ok(()) => fed += 64,
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault, SseError::TooLarge);
        assert!(fed <= 1000);
        let many_lines = "data: 0123456789\n".repeat(200);
        assert_eq!(read(&[many_lines.as_bytes()]), Err(SseError::TooLarge));
        let many_events = "data: 0123456789\n\n".repeat(200);
        assert_eq!(read(&[many_events.as_bytes()]).map(|frames| frames.len()), Ok(200));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(read(&[b"data: \xff\xfe\n\n"]), Err(SseError::NotUtf8));
        assert_eq!(read(&[b": \xff comment\n\ndata: x\n\n"]), Ok(vec![frame("x")]));
    }

    #[test]
    fn an_event_that_lacks_only_its_end_can_be_asked_for() {
        for (text, expected) in [
            ("data: [DONE]", Some("[DONE]")),
            ("data: a\ndata: b\n", Some("a\nb")),
            ("", None),
            (": x", None),
        ] {
            let mut parser = SseParser::new(1000);
            let mut out = VecDeque::new();
            assert_eq!(parser.feed(text.as_bytes(), &mut out), Ok(()));
            assert!(out.is_empty());
            assert_eq!(parser.unfinished(), expected.map(frame), "{text:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let alphabet = b"\r\n: da\xff\xef\xbb\xbf";
        let mut state = 1_u64;
        for _ in 0..2_000 {
            let mut bytes = Vec::new();
            for _ in 0..40 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bytes.push(alphabet[(state >> 33) as usize % alphabet.len()]);
            }
            let whole = read(&[&bytes]);
            let dripped: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(whole, read(&dripped));
        }
    }
}
