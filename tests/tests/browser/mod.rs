//! The pages as people meet them: in a real Chromium.

mod chat;
mod tour;
mod without;
mod world;
