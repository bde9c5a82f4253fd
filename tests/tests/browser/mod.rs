//! The pages as people meet them: in a real Chromium.

mod chat;
mod hostile;
mod tour;
mod without;
mod world;
