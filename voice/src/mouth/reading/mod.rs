//! Text as people and models write it, made fit to be read aloud.
//!
//! A [`reader::Reader`] takes pieces of any size and gives clauses as soon as they may be spoken. Where it cuts depends on
//! the text alone, never on how it came. Nothing here speaks, waits or knows of sound.
//!
//! A text goes through four rooms: the reader finds its words and lines, the page takes away what marks a whole line, the
//! marks what marks a few words, and the cutter makes clauses, whose numbers and signs become words at last.

pub mod clause;
pub mod reader;
mod page;
mod marks;
mod address;
mod signs;
mod cutter;
mod ends;
mod language;
mod words;
mod shorts;
mod english;
mod money;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod anything;
