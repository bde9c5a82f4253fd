//! The documents as one file, which every system opens.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

/// Names of documents and what is in them.
pub type Documents = BTreeMap<String, String>;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gathered {
    pub documents: Documents,
    /// Names of people are known only where an engine tells who lives here.
    pub names_taken_out: bool,
}

pub fn pack(documents: &Documents, now_seconds: u64) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in documents {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(now_seconds);
        archive.append_data(&mut header, format!("whisperengine-diagnostics/{name}"), text.as_bytes())?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_packed_is_there_again() -> anyhow::Result<()> {
        let documents = Documents::from([
            ("logs/app.log".to_owned(), "one\n".to_owned()),
            ("doctor.json".to_owned(), "{}".to_owned()),
        ]);
        let packed = pack(&documents, 7)?;
        let mut found = Documents::new();
        for entry in tar::Archive::new(packed.as_slice()).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            found.insert(name.trim_start_matches("whisperengine-diagnostics/").to_owned(), text);
        }
        assert_eq!(found, documents);
        Ok(())
    }
}
