//! What the library says when something is wrong, kept for whoever asked it.
//!
//! It writes on standard error otherwise, and as it is compiled for tests it writes every word that it hears.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Once;
use whisper_rs::set_log_callback;

/// From this level on it is an error.
const ERROR: u32 = 4;
const LONGEST: usize = 200;

thread_local! {
    /// The last that was said on this thread.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on nothing of it is written anywhere.
#[expect(unsafe_code, reason = "the library is told in C whom to call")]
pub fn listen_to() {
    static ONCE: Once = Once::new();
    // SAFETY: the function takes what the library gives, keeps nothing of it, and is there for ever.
    ONCE.call_once(|| unsafe { set_log_callback(Some(keep), std::ptr::null_mut()) });
}

/// The last complaint on this thread, without the name of the function that made it.
pub fn last() -> String {
    let said = LAST.take();
    let said = said.trim();
    said.split_once(": ").map_or(said, |(_, what)| what).to_owned()
}

#[expect(unsafe_code, reason = "the library's words come as C's")]
unsafe extern "C" fn keep(level: u32, text: *const c_char, _: *mut c_void) {
    if level != ERROR || text.is_null() {
        return;
    }
    // SAFETY: it is a text that ends, as the library promises.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let text: String = text.chars().take(LONGEST).collect();
    // The first complaint says what is wrong; the later ones that it did not work.
    LAST.with_borrow_mut(|last| {
        if last.is_empty() {
            *last = text;
        }
    });
}
