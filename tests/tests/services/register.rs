//! The register of faults, as its source has it: a fault that is new there has no story here yet, and says so.

use anyhow::{Context, ensure};
use std::path::Path;

/// One fault: its name, what is done about it, and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub remedy: String,
    pub what: String,
}

const FILE: &str = "supervisor/src/services/fault.rs";

pub fn rows() -> anyhow::Result<Vec<Row>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package lies in the workspace")?;
    let source = std::fs::read_to_string(root.join(FILE)).context(FILE)?;
    let all = read(&source);
    let promised = source.split("const ALL: [Self; ").nth(1).and_then(|rest| rest.split(']').next());
    let promised: usize = promised.context("the register counts its faults")?.parse()?;
    ensure!(all.len() == promised, "of {promised} faults {} were read in {FILE}", all.len());
    Ok(all)
}

/// `Self::Name => ("name", Remedy, "what", "next")`, however it is broken into lines.
fn read(source: &str) -> Vec<Row> {
    let table = source.split("fn row(self)").nth(1).unwrap_or_default();
    let table = table.split("/// A fault and what").next().unwrap_or_default();
    let row = |text: &str| {
        let (_, row) = text.split_once("=>")?;
        let parts: Vec<&str> = row.split('"').collect();
        let remedy = parts.get(2)?.trim_matches([',', ' ', '\n']);
        Some(Row { name: (*parts.get(1)?).into(), remedy: remedy.into(), what: (*parts.get(3)?).into() })
    };
    table.split("Self::").skip(1).filter_map(row).collect()
}

pub fn row(name: &str) -> anyhow::Result<Row> {
    rows()?.into_iter().find(|row| row.name == name).with_context(|| format!("there is no fault {name}"))
}

#[test]
fn a_register_is_read_however_its_rows_are_broken() {
    let source = "fn row(self) { match self {\n Self::One => (\n \"one\",\n Wait,\n \"is one\",\n \"do it\",\n),\n\
                  Self::Two => {\n(\"two\", Again, \"is two\", \"do\")\n}\n}}";
    let row = |name: &str, remedy: &str, what: &str| Row {
        name: name.to_owned(),
        remedy: remedy.to_owned(),
        what: what.to_owned(),
    };
    assert_eq!(read(source), [row("one", "Wait", "is one"), row("two", "Again", "is two")]);
}
