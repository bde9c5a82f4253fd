//! What is spoken in one go.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Words and punctuation on one line. Never empty.
    pub text: String,
    /// Of silence before it. The first one has none.
    pub after: Pause,
}

/// By what ended there. The longer one wins where two meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pause {
    /// What came before was only long enough.
    None,
    Comma,
    Sentence,
    Paragraph,
}
