//! Files of every kind, true ones and others.

mod formats;
mod wav;

use super::error::SoundError;
use super::reading::{At, Reading};
use std::time::Duration;
use symphonia::core::io::MediaSource;

const LONGEST: Duration = Duration::from_secs(60);

/// All of it at its own pace, and what that is.
fn read(source: impl MediaSource + 'static) -> Result<(u32, Vec<f32>), SoundError> {
    let mut reading = Reading::open(source, At::Own, LONGEST)?;
    let mut all = Vec::new();
    while let Some(block) = reading.block()? {
        all.extend(block);
    }
    Ok((reading.rate(), all))
}
