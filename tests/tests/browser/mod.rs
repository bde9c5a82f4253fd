//! The pages as people meet them: in a real Chromium.

mod aloud;
mod chat;
mod composing;
mod docker;
mod finding;
mod hostile;
mod system;
mod talking;
mod tour;
mod without;
mod wizard;
mod wordings;
mod world;
