//! Figures beside their targets, as a table for people or as JSON for programs.

use super::resources::Machine;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
    /// All targets are ceilings.
    pub at_most: f64,
    pub met: bool,
    /// What the value was made from.
    pub seen: String,
}

#[derive(Serialize)]
pub struct Report {
    pub machine: Machine,
    pub figures: Vec<Figure>,
    /// Subjects that could not be measured, with the reason.
    pub failures: Vec<String>,
}

impl Figure {
    pub fn new(name: &'static str, value: f64, unit: &'static str, at_most: f64, seen: String) -> Self {
        // What is not a number meets nothing.
        Self { name, value, unit, at_most, met: value <= at_most, seen }
    }
}

impl Report {
    /// Every figure was measured and meets its target.
    pub fn all_met(&self) -> bool {
        self.failures.is_empty() && self.figures.iter().all(|figure| figure.met)
    }

    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    pub fn to_table(&self) -> String {
        let name = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or(0).max("figure".len());
        let mut table = format!("{}\n\n", self.machine);
        let _ = writeln!(table, "{:name$}  {:>12}  {:>12}  verdict  seen", "figure", "value", "target");
        for Figure { name: called, value, unit, at_most, met, seen } in &self.figures {
            let verdict = if *met { "met" } else { "MISSED" };
            let _ = writeln!(
                table,
                "{called:name$}  {:>12}  {:>12}  {verdict:7}  {seen}",
                with_unit(*value, unit),
                format!("≤ {}", with_unit(*at_most, unit)),
            );
        }
        for failure in &self.failures {
            let _ = writeln!(table, "could not be measured: {failure}");
        }
        let missed = self.figures.iter().filter(|figure| !figure.met).count();
        let _ = write!(table, "\n{} figures, {missed} missed", self.figures.len());
        if !self.failures.is_empty() {
            let _ = write!(table, ", {} subjects failed", self.failures.len());
        }
        table
    }
}

/// Three digits that matter, no more.
fn with_unit(value: f64, unit: &str) -> String {
    match value.abs() {
        size if size >= 100.0 || (size >= 1.0 && size.fract() == 0.0) => format!("{value:.0} {unit}"),
        size if size >= 10.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(figures: Vec<Figure>, failures: Vec<String>) -> Report {
        Report { machine: Machine::default(), figures, failures }
    }

    #[test]
    fn a_miss_and_a_failure_each_spoil_the_verdict() {
        let figure = |value| Figure::new("start", value, "ms", 300.0, String::new());
        assert!(report(vec![figure(300.0)], Vec::new()).all_met());
        assert!(!report(vec![figure(300.1)], Vec::new()).all_met());
        assert!(!report(vec![figure(f64::NAN)], Vec::new()).all_met());
        assert!(!report(vec![figure(1.0)], vec!["idle: it broke".into()]).all_met());
    }

    #[test]
    fn the_table_names_each_figure_with_its_target_and_verdict() {
        let figures = vec![
            Figure::new("start", 87.25, "ms", 300.0, "10 starts".into()),
            Figure::new("idle_memory", 61.0, "MB", 60.0, "1 process".into()),
        ];
        let table = report(figures, vec!["vectors: no such bench".into()]).to_table();
        let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert!(lines.contains(&vec!["start", "87.2", "ms", "≤", "300", "ms", "met", "10", "starts"]));
        assert!(lines.contains(&vec!["idle_memory", "61", "MB", "≤", "60", "MB", "MISSED", "1", "process"]));
        assert!(table.contains("could not be measured: vectors: no such bench"));
        assert!(table.ends_with("2 figures, 1 missed, 1 subjects failed"));
    }
}
