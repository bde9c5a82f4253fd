//! The pages as people meet them: in a real Chromium.

mod chat;
mod composing;
mod finding;
mod hostile;
mod tour;
mod without;
mod wordings;
mod world;
