//! The pages as people meet them: in a real Chromium.

mod chat;
mod without;
mod world;
