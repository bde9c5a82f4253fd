//! The world, as far as the ports ask for it. One folder per technology.

