//! Which calls may be made a second time when nobody knows whether the first one was acted upon.

use super::operations::Operation;
use crate::principal::REQUEST_ID;
use crate::transport::failover::Contract;
use http::Method;

/// The engine's, for a failover between two of its transports. Its answers bear their request's id.
pub const ENGINE: Contract = Contract {
    may_repeat: |method, path| Operation::of(method, path).is_some_and(Operation::may_repeat),
    mark: REQUEST_ID,
};

impl Operation {
    /// The route that a request goes to.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.method() == *method && fits(one.path(), path))
    }

    /// It changes nothing, or it says under which id or to which value, so that twice is once.
    pub fn may_repeat(self) -> bool {
        match self {
            Self::TakeTurn
            | Self::ReplyAgain
            | Self::StopTurn
            | Self::Prove
            | Self::Embed
            | Self::EndSession
            | Self::EndSessions
            | Self::FinishStep
            | Self::OrderConnections
            | Self::RestoreConversation
            | Self::SetPersonState
            | Self::TestConnection
            | Self::ScanForServers => true,
            other => [Method::GET, Method::HEAD, Method::PATCH].contains(&other.method()),
        }
    }
}

/// `{id}` stands for one segment, whatever is in it.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found))
                if wanted == found || wanted.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_its_method_and_path() {
        for operation in Operation::ALL {
            let path = operation.path().replace("{id}", "0198-7");
            assert_eq!(Operation::of(&operation.method(), &path), Some(*operation), "{path}");
        }
        assert_eq!(Operation::of(&Method::GET, "/api/v1/nowhere"), None);
        assert_eq!(Operation::of(&Method::GET, "/api/v1/turns//events"), None);
    }

    #[test]
    fn what_makes_something_without_an_id_of_its_callers_is_made_once() {
        for once in
            [Operation::CreateKey, Operation::Upload, Operation::Complete, Operation::OpenConversation]
        {
            assert!(!once.may_repeat(), "{once:?}");
        }
        assert!(Operation::TakeTurn.may_repeat() && Operation::Status.may_repeat());
    }
}
