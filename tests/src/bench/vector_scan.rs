//! The embedded index's exact scan, measured by its own bench in the engine and judged here.
//!
//! The bench prints one line per dimension, `vector_scan_384_p99_ms 3.1`, and whatever else it saw.

use super::report::Figure;
use anyhow::{Context, ensure};
use std::process::{Command, Stdio};

/// The design's 5 ms are for 384 dimensions. Twice as many are twice the bytes, and the scan is bound
/// by how fast memory can be read.
const TARGETS: [(&str, &str, f64); 2] = [
    ("vector_scan_384_p99", "vector_scan_384_p99_ms", 5.0),
    ("vector_scan_768_p99", "vector_scan_768_p99_ms", 10.0),
];

pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        // With `supervisor`, so that what was built for the program serves here, too.
        .args(["bench", "--quiet", "--package", "supervisor", "--package", "engine"])
        .args(["--bench", "vector_scan"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be run")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "the bench of the engine ended with {}: {said}", output.status);
    let figures = TARGETS.into_iter().map(|(name, line, at_most)| {
        let value = printed(&said, line).with_context(|| format!("the bench printed no {line}: {said}"))?;
        Ok(Figure::new(name, value, "ms", at_most, "50,000 vectors, exact, warm".into()))
    });
    figures.collect()
}

fn printed(said: &str, name: &str) -> Option<f64> {
    said.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        words.by_ref().find(|word| *word == name)?;
        words.next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_number_behind_its_name() {
        let said = "warming up\nvector_scan_384_p99_ms 3.25 of 200\nvector_scan_768_p99_ms none\n";
        assert_eq!(printed(said, "vector_scan_384_p99_ms"), Some(3.25));
        assert_eq!(printed(said, "vector_scan_768_p99_ms"), None);
        assert_eq!(printed(said, "vector_scan_1024_p99_ms"), None);
    }
}
