# Sourced by the other scripts: goes to the root of the workspace and makes sure of cargo.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
# A shell that was open while rustup was installed does not know the way yet.
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
if ! command -v cargo >/dev/null; then
    echo "Rust is missing. Install rustup as https://rustup.rs says, then run this again." >&2
    exit 1
fi
