//! From a name to addresses, with the forbidden ones taken out before anything can connect to them.
//!
//! The connection is made to exactly the addresses that leave here: no second lookup happens, so
//! a name server that changes its mind gains nothing.

use crate::error::OutboundError;
use crate::guard::Reach;
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[async_trait]
pub trait Resolver: Send + Sync {
    /// Every address of `host`; an empty answer means the name has none.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// What the operating system says, `/etc/hosts` included.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The transport's resolver: `inner`, minus what `reach` forbids.
pub(crate) struct GuardedResolver {
    pub(crate) inner: Arc<dyn Resolver>,
    pub(crate) reach: Reach,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (inner, reach) = (Arc::clone(&self.inner), self.reach);
        Box::pin(async move {
            let host = name.as_str();
            let found = inner.resolve(host).await.map_err(|_| not_found(host))?;
            let mut allowed = Vec::with_capacity(found.len());
            let mut refusal = None;
            for address in found {
                match reach.check(address) {
                    // Port 0 makes the transport use the URL's own.
                    Ok(()) => allowed.push(SocketAddr::new(address, 0)),
                    Err(error) => refusal = Some(error),
                }
            }
            if allowed.is_empty() {
                return Err(refusal.unwrap_or_else(|| not_found(host)).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn not_found(host: &str) -> OutboundError {
    OutboundError::Unreachable { reason: format!("the name {host} cannot be found") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Says one thing the first time and another ever after.
    struct Rebinding(AtomicUsize);

    #[async_trait]
    impl Resolver for Rebinding {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
            Ok(vec![if first { IpAddr::from([1, 1, 1, 1]) } else { IpAddr::from([127, 0, 0, 1]) }])
        }
    }

    #[tokio::test]
    async fn a_name_that_moves_inside_after_the_first_look_is_refused_at_the_second() {
        let inner = Arc::new(Rebinding(AtomicUsize::new(0)));
        let guarded = GuardedResolver { inner, reach: Reach::PublicOnly };
        let look = async || guarded.resolve("rebind.example".parse().expect("it is a name")).await;
        let first: Vec<_> = look().await.expect("the first answer is public").collect();
        assert_eq!(first, [SocketAddr::from(([1, 1, 1, 1], 0))]);
        for _ in 0..2 {
            let error = look().await.err().expect("loopback is refused");
            let error = error.downcast_ref::<OutboundError>();
            assert!(matches!(error, Some(OutboundError::Forbidden { .. })), "{error:?}");
        }
    }
}
