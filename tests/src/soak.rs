//! How long a matrix is: a sample in every run of the suite, all of it in `scripts/soak`.

pub fn or_sample<T>(whole: T, sample: T) -> T {
    if std::env::var("WHISPERENGINE_SOAK").is_ok_and(|soak| soak == "full") { whole } else { sample }
}
