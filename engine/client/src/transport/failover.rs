//! Two ways to the same service as one: a preferred one that comes and goes, and one that stands by.
//!
//! A call goes the second way where the first was not there, or broke off before any of its answer had come and the call
//! may be made twice. Once an answer has begun nothing is repeated: an end before the end is told as one. Which service it
//! is does not matter: what it says about its calls and answers comes as its `Contract`.

use super::spool::Spool;
use super::{Body, Transport, TransportError, call};
use http::{Method, Request, Response};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tower::util::BoxCloneSyncService;

/// The preferred way while it may be gone.
pub type Preferred = watch::Receiver<Option<Transport>>;

#[derive(Clone, Copy)]
pub struct Contract {
    /// Whether a call to this path may be made a second time when nobody knows whether the first one was acted upon.
    pub may_repeat: fn(&Method, &str) -> bool,
    /// A header that each of the service's answers bears. One without is of somebody else, who has come to its address
    /// since it left.
    pub mark: &'static str,
}

/// `folder`: where long requests lie until they are answered. The system's own for such things is often in memory.
pub fn failover(preferred: Preferred, standby: Transport, contract: Contract, folder: &Path) -> Transport {
    let folder: Arc<Path> = folder.into();
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let (preferred, standby, folder) = (preferred.clone(), standby.clone(), Arc::clone(&folder));
        pass(preferred, standby, contract, folder, request)
    }))
}

async fn pass(
    mut preferred: Preferred,
    standby: Transport,
    contract: Contract,
    folder: Arc<Path>,
    request: Request<Body>,
) -> Result<Response<Body>, TransportError> {
    let Some(first) = preferred.borrow_and_update().clone() else {
        return call(&standby, request).await;
    };
    let may_repeat = (contract.may_repeat)(request.method(), request.uri().path());
    let (parts, body) = request.into_parts();
    let spool = Spool::new(body, folder);
    let asking = call(&first, Request::from_parts(parts.clone(), spool.read()));
    let answered = tokio::select! {
        answered = asking => answered,
        // One that hangs is given up when whoever watches it does.
        () = gone(&mut preferred) => Err(TransportError::Interrupted("it hung and was given up".to_owned())),
    };
    let lost = match answered {
        Err(error @ TransportError::Unreachable(_)) => error,
        Err(error @ TransportError::Interrupted(_)) if may_repeat => error,
        Ok(answer) if !answer.headers().contains_key(contract.mark) => {
            TransportError::Unreachable("somebody else is at its address".to_owned())
        }
        Ok(answer) => {
            spool.let_go();
            return Ok(answer);
        }
        told => return told,
    };
    if spool.can_be_read_again() {
        call(&standby, Request::from_parts(parts, spool.read())).await
    } else {
        Err(lost)
    }
}

/// Returns once this way is taken back. Where nobody can take it back any more, never.
async fn gone(preferred: &mut Preferred) {
    if preferred.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::repeat::ENGINE;
    use crate::principal::REQUEST_ID;
    use bytes::Bytes;
    use http::{HeaderValue, StatusCode};
    use http_body_util::{BodyExt, Full};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Clone, Copy)]
    enum Way {
        Answers(&'static str),
        /// Somebody else is where it was.
        Strange,
        Unreachable,
        /// After it read the whole request.
        BreaksOff,
        Hangs,
    }

    fn way(how: Way, calls: &Arc<AtomicUsize>) -> Transport {
        let calls = Arc::clone(calls);
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
            let calls = Arc::clone(&calls);
            async move {
                calls.fetch_add(1, Ordering::Relaxed);
                let sent = request.into_body().collect().await.expect("a whole body").to_bytes();
                match how {
                    Way::Answers(name) => {
                        let text = format!("{name}: {}", String::from_utf8_lossy(&sent));
                        let mut answer = Response::new(body(text));
                        answer.headers_mut().insert(REQUEST_ID, HeaderValue::from_static("1"));
                        Ok(answer)
                    }
                    Way::Strange => {
                        let mut answer = Response::new(body(String::new()));
                        *answer.status_mut() = StatusCode::NOT_FOUND;
                        Ok(answer)
                    }
                    Way::Unreachable => Err(TransportError::Unreachable("refused".to_owned())),
                    Way::BreaksOff => Err(TransportError::Interrupted("reset".to_owned())),
                    Way::Hangs => std::future::pending().await,
                }
            }
        }))
    }

    /// With one that stands by.
    fn over(preferred: &watch::Sender<Option<Transport>>, calls: &Arc<AtomicUsize>) -> Transport {
        let standby = way(Way::Answers("standby"), calls);
        failover(preferred.subscribe(), standby, ENGINE, &std::env::temp_dir())
    }

    fn body(text: impl Into<Bytes>) -> Body {
        Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
    }

    fn request(method: &str, path: &str) -> Request<Body> {
        Request::builder().method(method).uri(path).body(body("hello")).expect("a request")
    }

    async fn told(answered: Result<Response<Body>, TransportError>) -> Result<String, TransportError> {
        let body = answered?.into_body().collect().await.expect("a whole answer").to_bytes();
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    const TURN: (&str, &str) = ("POST", "/api/v1/conversations/1/turns");
    const UPLOAD: (&str, &str) = ("POST", "/api/v1/attachments");

    #[tokio::test]
    async fn a_call_is_answered_once_whatever_the_preferred_way_does() {
        for (how, (method, path), answer, calls) in [
            (Some(Way::Answers("first")), TURN, Some("first: hello"), (1, 0)),
            (None, TURN, Some("standby: hello"), (0, 1)),
            (Some(Way::Unreachable), TURN, Some("standby: hello"), (1, 1)),
            (Some(Way::Unreachable), UPLOAD, Some("standby: hello"), (1, 1)),
            (Some(Way::Strange), TURN, Some("standby: hello"), (1, 1)),
            (Some(Way::Strange), UPLOAD, Some("standby: hello"), (1, 1)),
            (Some(Way::BreaksOff), TURN, Some("standby: hello"), (1, 1)),
            (Some(Way::BreaksOff), ("GET", "/api/v1/status"), Some("standby: hello"), (1, 1)),
            // Nobody knows whether it was stored: its caller is told.
            (Some(Way::BreaksOff), UPLOAD, None, (1, 0)),
        ] {
            let (first, second) = (Arc::default(), Arc::default());
            let preferred = watch::Sender::new(how.map(|how| way(how, &first)));
            let transport = over(&preferred, &second);
            let told = told(call(&transport, request(method, path)).await).await;
            assert_eq!(told.as_deref().ok(), answer, "{method} {path}");
            assert_eq!(
                (first.load(Ordering::Relaxed), second.load(Ordering::Relaxed)),
                calls,
                "{method} {path}"
            );
        }
    }

    #[tokio::test]
    async fn one_that_hangs_is_left_when_it_is_taken_back() {
        let calls = Arc::default();
        let preferred = watch::Sender::new(Some(way(Way::Hangs, &calls)));
        let transport = over(&preferred, &Arc::default());
        let asking = call(&transport, request(TURN.0, TURN.1));
        let taking = async {
            while calls.load(Ordering::Relaxed) == 0 {
                tokio::task::yield_now().await;
            }
            preferred.send_replace(None);
        };
        let (answered, ()) = tokio::join!(asking, taking);
        assert_eq!(told(answered).await.expect("answered"), "standby: hello");
    }

    #[tokio::test]
    async fn it_goes_back_to_the_preferred_way_when_it_comes_back() {
        let (preferred, calls) = (watch::Sender::new(None), Arc::default());
        let transport = over(&preferred, &Arc::default());
        let ask = || async {
            told(call(&transport, request("GET", "/api/v1/status")).await).await.expect("answered")
        };
        assert_eq!(ask().await, "standby: hello");
        preferred.send_replace(Some(way(Way::Answers("first"), &calls)));
        assert_eq!(ask().await, "first: hello");
    }

    #[tokio::test]
    async fn a_long_request_is_kept_in_the_folder_that_was_given() {
        let long = "hello ".repeat(1 << 18);
        let there = tempfile::tempdir().expect("a folder");
        for (folder, is_kept) in [(there.path().to_owned(), true), (there.path().join("nowhere"), false)] {
            let preferred = watch::Sender::new(Some(way(Way::Unreachable, &Arc::default())));
            let standby = way(Way::Answers("standby"), &Arc::default());
            let transport = failover(preferred.subscribe(), standby, ENGINE, &folder);
            let sent = Request::post(TURN.1).body(body(long.clone())).expect("a request");
            let told = told(call(&transport, sent).await).await.ok();
            assert_eq!(told, is_kept.then(|| format!("standby: {long}")), "{}", folder.display());
        }
    }
}
