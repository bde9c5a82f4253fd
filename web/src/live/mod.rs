//! Hearing somebody while they speak, over a WebSocket.
//!
//! `door` lets in whoever may be heard, a program by its key and a page by its cookie; `socket` goes on when HTTP is
//! done. What is said on it is `words`. Inside it is one exchange with whatever listens, which may come and go.

pub mod door;
mod socket;
mod words;
