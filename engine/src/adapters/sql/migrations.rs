//! Every step the schema has taken, in order. A new one goes to the end, one file per database.

use super::migrate::Migration;

macro_rules! migration {
    ($version:literal, $min_reader:literal, $file:literal) => {
        Migration {
            version: $version,
            min_reader: $min_reader,
            name: $file,
            sqlite: include_str!(concat!("../sqlite/migrations/", $file, ".sql")),
            postgres: include_str!(concat!("../postgres/migrations/", $file, ".sql")),
        }
    };
}

/// A program runs on a schema whose `min_reader` is at most the last version listed here.
pub const MIGRATIONS: &[Migration] = &[
    migration!(1, 1, "20261120120000_conversations"),
    migration!(2, 2, "20261120120100_jobs"),
    migration!(3, 3, "20261120120200_people"),
    migration!(4, 4, "20261120120300_companions"),
    migration!(5, 5, "20261120120400_connections"),
    migration!(6, 6, "20261120120500_access"),
    migration!(7, 7, "20261120120600_housekeeping"),
    migration!(8, 8, "20261120120700_memories"),
    migration!(9, 9, "20261120120800_attachments"),
    // A program that knows nothing of it searches as before.
    migration!(10, 9, "20261121090000_search_segments"),
    // It writes messages that can be found at once.
    migration!(11, 9, "20261121100000_found_with_the_reply"),
    // It takes turns without them.
    migration!(12, 9, "20261121110000_client_histories"),
    // An older program would show what was removed and answer in it, and throw away the words that a
    // reply was to begin with.
    migration!(13, 13, "20261121120000_branches_and_undo"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_by_one_and_no_reader_is_asked_to_know_the_future() {
        for (index, step) in MIGRATIONS.iter().enumerate() {
            assert_eq!(step.version, index as i64 + 1, "{}", step.name);
            assert!(step.min_reader <= step.version, "{}", step.name);
            for text in [step.sqlite, step.postgres] {
                assert!(text.starts_with("-- "), "{} does not begin with its reason", step.name);
            }
        }
    }
}
