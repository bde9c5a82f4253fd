//! A model server that breaks, floods, lies and refuses: the turn says what happened, memory stays
//! bounded, and the next turn is as if nothing had been.

mod bad_answers;
mod floods;
mod ground;
mod refusals;
mod silences;
