//! The face: everything that is reached over the network passes here first.
//!
//! `serve` is the loop behind every door, `tls` makes a connection private, `edge` looks at each request before
//! anybody acts on it, `guard` tells who is asking, `passage` hands a call on to the engine, `openai` speaks to
//! programs that know OpenAI's API, `live` hears somebody while they speak, `probes` answers machines that watch the box, and `public` puts the
//! listener's router together. `pages` are what people see, with their `words`, `assets` and `markdown`. `ports`
//! is what web asks of the appliance around
//! it. It knows no store, no model and no container.

pub mod ports;
pub mod public;

pub mod pages;

pub mod assets;
pub mod markdown;
pub mod words;

pub mod edge;
pub mod guard;
pub mod live;
pub mod openai;
pub mod passage;
pub mod probes;
pub mod problem;

pub mod serve;
pub mod tls;
