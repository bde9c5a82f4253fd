//! The form that sound is sent in.

/// Its mark is made of sixteen bytes of the caller's: an id of its own, which is in no file that was there before it.
pub struct Form {
    mark: String,
    body: Vec<u8>,
}

impl Form {
    pub fn new(drawn: u128) -> Self {
        Self { mark: format!("whisperengine-{drawn:032x}"), body: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes());
        self
    }

    /// Where there is something to send.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// What it is called does not count: its first bytes tell what it is.
    #[must_use]
    pub fn with_sound(mut self, sound: &[u8]) -> Self {
        self.part("name=\"file\"; filename=\"sound\"", sound);
        self
    }

    /// Its media type and its bytes.
    pub fn end(mut self) -> (String, Vec<u8>) {
        self.body.extend(format!("--{}--\r\n", self.mark).bytes());
        (format!("multipart/form-data; boundary={}", self.mark), self.body)
    }

    fn part(&mut self, what: &str, content: &[u8]) {
        self.body
            .extend(format!("--{}\r\nContent-Disposition: form-data; {what}\r\n\r\n", self.mark).bytes());
        self.body.extend(content);
        self.body.extend(b"\r\n");
    }
}
