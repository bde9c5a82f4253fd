//! What an engine answered, sorted into the register of faults. The words differ between engines and releases; they
//! are read here and nowhere else.

use crate::services::fault::{Fault, Trouble};
use bollard::errors::Error;
use std::error::Error as _;
use std::io;

/// What was being done: the same words mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Ask,
    Create,
    Start,
    /// Stopping and removing.
    Clear,
    Fetch,
    Build,
}

const LONGEST_DETAIL: usize = 400;

pub fn sorted(error: &Error, doing: Doing) -> Trouble {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            Trouble::new(by_answer(*status_code, message, doing), short(message))
        }
        Error::DockerStreamError { error } => Trouble::new(by_words(error, doing), short(error)),
        Error::RequestTimeoutError => Trouble::new(Fault::EngineHung, "it did not answer in time"),
        Error::SocketNotFoundError(path) => Trouble::new(Fault::EngineGone, format!("{path} is not there")),
        // Something answered, and not as an engine does.
        Error::JsonDataError { message, .. } => Trouble::new(Fault::Refused, short(message)),
        other => {
            let detail = chain(other);
            let gone = |source: &io::Error| source.kind() != io::ErrorKind::TimedOut;
            let fault = match io_error(other) {
                Some(source) if !gone(source) => Fault::EngineHung,
                _ => Fault::EngineGone,
            };
            Trouble::new(fault, short(&detail))
        }
    }
}

/// An answer that is no success, to a plain question.
pub fn answered(status: u16, body: &str) -> Trouble {
    Trouble::new(by_answer(status, body, Doing::Ask), short(body))
}

fn by_answer(status: u16, message: &str, doing: Doing) -> Fault {
    let names_a_card = || GRAPHICS.iter().any(|words| message.to_lowercase().contains(words));
    match (status, doing) {
        (_, Doing::Create | Doing::Start) if names_a_card() => Fault::GraphicsRefused,
        (409, Doing::Create) => Fault::NameTaken,
        (_, Doing::Create) if names_a_name(message) => Fault::NameTaken,
        (404, Doing::Create) if names_an_image(message) => Fault::ImageGone,
        (404, Doing::Ask | Doing::Start | Doing::Clear) => Fault::Removed,
        (429, _) => Fault::RateLimited,
        (401 | 403, Doing::Fetch) => Fault::RegistryClosed,
        (502..=504, _) => Fault::EngineBusy,
        _ => match by_words(message, doing) {
            Fault::Refused if status >= 500 && message.trim().is_empty() => Fault::EngineBusy,
            fault => fault,
        },
    }
}

/// Podman has no number of its own for it.
fn names_a_name(message: &str) -> bool {
    message.contains("that name is already in use") || message.contains("already used")
}

fn names_an_image(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("no such image")
        || message.contains("image not known")
        || message.contains("unable to find image")
}

/// How engines say that they cannot hand a graphics card on.
const GRAPHICS: &[&str] = &[
    "could not select device driver",
    "unresolvable cdi devices",
    "nvidia-container-cli",
    "failed to inject cdi devices",
    "cdi device injection failed",
];

/// The first group of words that is found decides.
const WORDS: &[(Fault, &[&str])] = &[
    (Fault::DiskFull, &["no space left on device", "disk quota exceeded", "not enough space"]),
    (
        Fault::PortTaken,
        &[
            "port is already allocated",
            "address already in use",
            "ports are not available",
            "failed to bind host port",
        ],
    ),
    (Fault::EngineBusy, &["shutting down", "is shutting down", "daemon is stopping"]),
    (Fault::ImageGone, &["no such image", "image not known"]),
];

const WORDS_OF_FETCHING: &[(Fault, &[&str])] = &[
    (Fault::RateLimited, &["toomanyrequests", "too many requests", "429"]),
    (
        Fault::WrongDigest,
        &[
            "verification failed",
            "does not match",
            "digest mismatch",
            "unexpected digest",
            "invalid checksum",
            "digest did not match",
        ],
    ),
    (
        Fault::WrongPlatform,
        &["no matching manifest", "does not provide the specified platform", "no image found in image index"],
    ),
    (
        Fault::RegistryClosed,
        &[
            "unauthorized",
            "authentication required",
            "access denied",
            "denied:",
            "requested access",
            "forbidden",
        ],
    ),
    (
        Fault::ImageUnknown,
        &["manifest unknown", "name unknown", "not found", "repository does not exist", "404"],
    ),
    (
        Fault::RegistryDown,
        &[
            "connection refused",
            "no such host",
            "i/o timeout",
            "timeout",
            "dial tcp",
            "eof",
            "connection reset",
            "network is unreachable",
            "server misbehaving",
            "500 internal",
            "502",
            "503",
            "504",
            "internal server error",
            "pinging container registry",
        ],
    ),
];

fn by_words(message: &str, doing: Doing) -> Fault {
    let message = message.to_lowercase();
    let find = |table: &[(Fault, &[&str])]| {
        table.iter().find(|(_, words)| words.iter().any(|word| says(&message, word))).map(|(fault, _)| *fault)
    };
    let fetching = || (doing == Doing::Fetch).then(|| find(WORDS_OF_FETCHING)).flatten();
    find(WORDS).or_else(fetching).unwrap_or(match doing {
        Doing::Build => Fault::BuildFailed,
        _ => Fault::Refused,
    })
}

/// A number is one only where it stands alone: a registry's port may have the same digits in it.
fn says(message: &str, word: &str) -> bool {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return message.split(|c: char| !c.is_ascii_alphanumeric()).any(|one| one == word);
    }
    message.contains(word)
}

fn io_error(error: &Error) -> Option<&io::Error> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// One line, without what would make a terminal dance.
pub fn short(text: &str) -> String {
    let one_line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    one_line.chars().take(LONGEST_DETAIL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str, doing: Doing) -> Fault {
        sorted(&Error::DockerResponseServerError { status_code, message: message.to_owned() }, doing).fault
    }

    fn streamed(error: &str, doing: Doing) -> Fault {
        sorted(&Error::DockerStreamError { error: error.to_owned() }, doing).fault
    }

    /// As engines were seen to say it.
    #[test]
    fn the_words_of_engines_are_sorted_by_what_can_be_done() {
        let conflict = "Conflict. The container name \"/x\" is already in use by container \"1\".";
        for (fault, status, message, doing) in [
            (Fault::NameTaken, 409, conflict, Doing::Create),
            (
                Fault::NameTaken,
                500,
                "container create: creating container storage: the container name \"x\" is already in use by 1. You \
                 have to remove that container to be able to reuse that name: that name is already in use",
                Doing::Create,
            ),
            (Fault::NameTaken, 500, "network name x already used: network already exists", Doing::Create),
            (Fault::ImageGone, 404, "No such image: redis:8", Doing::Create),
            (Fault::ImageGone, 404, "redis:8: image not known", Doing::Create),
            (Fault::Removed, 404, "No such container: 1", Doing::Start),
            (
                Fault::PortTaken,
                500,
                "driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen \
                 tcp4 127.0.0.1:5432: bind: address already in use",
                Doing::Start,
            ),
            (Fault::PortTaken, 500, "Bind for 127.0.0.1:1 failed: port is already allocated", Doing::Start),
            (Fault::DiskFull, 500, "write /var/lib/x: no space left on device", Doing::Create),
            (Fault::EngineBusy, 503, "", Doing::Ask),
            (Fault::EngineBusy, 500, "", Doing::Ask),
            (Fault::RateLimited, 429, "Too Many Requests", Doing::Fetch),
            (Fault::RateLimited, 500, "toomanyrequests: You have reached your pull rate limit", Doing::Fetch),
            (
                Fault::RegistryDown,
                500,
                "Get \"http://127.0.0.1:1/v2/\": dial tcp: connection refused",
                Doing::Fetch,
            ),
            (
                Fault::RegistryDown,
                500,
                "pinging container registry 127.0.0.1:42957: dial tcp 127.0.0.1:42957: connection refused",
                Doing::Fetch,
            ),
            (
                Fault::RegistryDown,
                500,
                "Get \"http://127.0.0.1:34040/v2/\": connection refused",
                Doing::Fetch,
            ),
            (Fault::RateLimited, 500, "unexpected status code: 429", Doing::Fetch),
            (Fault::ImageUnknown, 404, "manifest for x/y:1 not found: manifest unknown", Doing::Fetch),
            (Fault::RegistryClosed, 404, "pull access denied for x, repository does not exist", Doing::Fetch),
            (Fault::Refused, 400, "invalid reference format", Doing::Create),
            (
                Fault::GraphicsRefused,
                500,
                "could not select device driver \"\" with capabilities: [[gpu]]",
                Doing::Start,
            ),
            (
                Fault::GraphicsRefused,
                500,
                "failed to create task for container: OCI runtime create failed: nvidia-container-cli: initialization \
                 error: nvml error: driver not loaded: unknown",
                Doing::Start,
            ),
            (
                Fault::GraphicsRefused,
                500,
                "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
                Doing::Start,
            ),
            (
                Fault::GraphicsRefused,
                500,
                "failed to inject CDI devices: unresolvable CDI devices x",
                Doing::Create,
            ),
        ] {
            assert_eq!(answer(status, message, doing), fault, "{message}");
        }
        for (fault, message, doing) in [
            (Fault::WrongDigest, "filesystem layer verification failed for digest sha256:1", Doing::Fetch),
            (Fault::WrongPlatform, "no matching manifest for linux/amd64 in the manifest list", Doing::Fetch),
            (Fault::RegistryDown, "unexpected EOF", Doing::Fetch),
            (Fault::DiskFull, "failed to register layer: write /x: no space left on device", Doing::Fetch),
            (Fault::BuildFailed, "COPY failed: file not found in build context", Doing::Build),
        ] {
            assert_eq!(streamed(message, doing), fault, "{message}");
        }
        assert_eq!(sorted(&Error::RequestTimeoutError, Doing::Ask).fault, Fault::EngineHung);
        assert_eq!(sorted(&Error::SocketNotFoundError("/x".to_owned()), Doing::Ask).fault, Fault::EngineGone);
        let refused = Error::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(sorted(&refused, Doing::Ask).fault, Fault::EngineGone);
    }

    #[test]
    fn an_answer_is_told_in_one_short_line() {
        let told = short(&format!("  a\nb\u{1b}[31m{}", "x".repeat(1000)));
        assert!(told.starts_with("a b [31mx") && told.chars().count() == LONGEST_DETAIL);
    }
}
