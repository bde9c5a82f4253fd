//! What a container takes at this moment. Engines and releases tell it differently, and some not at all: what is not
//! told is missing, and nothing here is ever a nought that was made up.

use super::connection::Daemon;
use super::labels::Labels;
use crate::containers::question::ask;
use crate::services::name::ServiceName;
use serde_json::Value;
use std::time::Duration;

/// One look at a container's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Without what was only read from files and can go.
    pub memory_bytes: Option<u64>,
    /// Processor time since it was started, in nanoseconds.
    pub processor_ns: Option<u64>,
}

impl Daemon {
    /// `None`: it is not there, or this engine does not tell.
    pub async fn usage(&self, service: ServiceName, labels: &Labels, patience: Duration) -> Option<Usage> {
        let name = labels.container(service);
        // Without `one-shot` an engine looks twice, a second apart, to work out a share of its own.
        let path = format!("/containers/{name}/stats?stream=false&one-shot=true");
        let answer = ask(&self.socket, &path, patience).await.ok()?;
        let told = (answer.status == 200).then(|| serde_json::from_slice(&answer.body).ok()).flatten()?;
        Some(read(&told))
    }
}

fn read(told: &Value) -> Usage {
    let number = |place: &str| told.pointer(place).and_then(Value::as_u64).filter(|number| *number > 0);
    let memory = number("/memory_stats/usage").map(|used| {
        // As control groups of the second and of the first version call it.
        let files = number("/memory_stats/stats/inactive_file")
            .or_else(|| number("/memory_stats/stats/total_inactive_file"));
        used.checked_sub(files.unwrap_or_default()).filter(|rest| *rest > 0).unwrap_or(used)
    });
    Usage { memory_bytes: memory, processor_ns: number("/cpu_stats/cpu_usage/total_usage") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_engine_tells_is_read_and_what_it_does_not_tell_is_missing() {
        let docker = json!({
            "memory_stats": {"usage": 9_000_000, "limit": 1, "stats": {"inactive_file": 2_000_000}},
            "cpu_stats": {"cpu_usage": {"total_usage": 77, "percpu_usage": null}},
        });
        assert_eq!(read(&docker), Usage { memory_bytes: Some(7_000_000), processor_ns: Some(77) });
        let first_groups =
            json!({"memory_stats": {"usage": 9_000_000, "stats": {"total_inactive_file": 4_000_000}}});
        assert_eq!(read(&first_groups).memory_bytes, Some(5_000_000));
        let podman = json!({"memory_stats": {"usage": 9, "stats": null}, "cpu_stats": {"cpu_usage": {}}});
        assert_eq!(read(&podman), Usage { memory_bytes: Some(9), processor_ns: None });
        // One that does not run, one that is told nothing, and one that says odd things.
        for nothing in [
            json!({"memory_stats": {}, "cpu_stats": {"cpu_usage": {"total_usage": 0}}}),
            json!({"memory_stats": {"usage": 0}}),
            json!([]),
            json!({"memory_stats": {"usage": "much"}, "cpu_stats": 3}),
        ] {
            assert_eq!(read(&nothing), Usage::default(), "{nothing}");
        }
    }
}
