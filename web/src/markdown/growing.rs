//! The blocks of a text that is still being written. The last line may not be whole, and what it turns out
//! to be can still belong to the block before it: so the last two are rendered again, and no others.

use super::render::{CleanHtml, Markdown};

#[derive(Default)]
pub struct Growing {
    text: String,
    /// The blocks that are done.
    done: Vec<CleanHtml>,
    /// Where the last block but one begins.
    open_at: usize,
}

impl Growing {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All blocks, in order. Joined, they are the whole text so far.
    pub fn blocks(&mut self, markdown: &Markdown) -> Vec<CleanHtml> {
        let (mut blocks, last_two) = markdown.blocks_and_last_two(&self.text[self.open_at..]);
        let open = blocks.split_off(blocks.len().saturating_sub(2));
        self.done.extend(blocks);
        self.open_at += last_two;
        self.done.iter().cloned().chain(open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# One\n\nTwo **th**ree\nfour.\n\n1. a\n2. b\n\n   more é\n\n```rust\nlet a;\n\nlet b;\n```\n\n\
         | a | b |\n|---|---|\n| 1 | 2 |\n\n> so\n> it goes\n\nsetext\n===\n\nend <b>";

    #[test]
    fn however_it_is_cut_it_ends_as_if_it_had_come_whole() {
        let markdown = Markdown::default();
        let whole = markdown.blocks(TEXT);
        for step in [1, 2, 3, 7, 50] {
            let (mut growing, mut rest) = (Growing::default(), TEXT);
            while !rest.is_empty() {
                let mut at = step.min(rest.len());
                while !rest.is_char_boundary(at) {
                    at += 1;
                }
                growing.push(&rest[..at]);
                growing.blocks(&markdown);
                rest = &rest[at..];
            }
            assert_eq!(growing.blocks(&markdown), whole, "in steps of {step}");
        }
    }
}
