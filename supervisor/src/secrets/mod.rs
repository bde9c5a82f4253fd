//! The appliance's own secrets: one root key that opens one sealed file.
//!
//! `root_key` finds or makes the key; `credentials` holds what is sealed under it: the Store's master key
//! and the secret that our front doors show the engine. Credentials of model providers are rows in the
//! Store, sealed under the Store's master key by the engine.

pub mod credentials;
pub mod root_key;
