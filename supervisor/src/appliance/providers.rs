//! Whether an engine elsewhere could reach every model that is connected. What this machine calls `localhost` is another
//! place in a container.

use super::services::Services;
use engine_client::principal::Principal;
use engine_client::wire::connections::ConnectionView;
use std::net::IpAddr;
use std::time::Duration;
use url::{Host, Url};
use web::ports::WayIn;

/// An owner who connects a model waits for that long until the engine is where it can reach it.
const ROUND: Duration = Duration::from_secs(5);

/// Looks now and then, and tells. Never returns. `ours` is the engine in this process, which is always there.
pub async fn mind(ours: WayIn, services: Services) {
    let client = ours.client(Principal::Operator);
    loop {
        match client.get::<Vec<ConnectionView>>("/api/v1/connections").await {
            Ok(connections) => {
                let all_outside = connections.iter().all(|connection| is_outside(&connection.url));
                services.engine_may_move(all_outside).await;
            }
            Err(error) => tracing::debug!(error = %error, "the connections could not be asked for"),
        }
        tokio::time::sleep(ROUND).await;
    }
}

fn is_outside(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => !IpAddr::V4(ip).is_loopback() && !ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => !ip.is_loopback() && !ip.is_unspecified(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_reaches_is_not_outside() {
        for outside in ["https://api.openai.com/v1", "http://192.168.1.7:11434", "http://nas.lan/v1"] {
            assert!(is_outside(outside), "{outside}");
        }
        for inside in [
            "http://localhost:11434",
            "http://127.0.0.2/v1",
            "http://[::1]:8000",
            "http://a.localhost",
            "nonsense",
        ] {
            assert!(!is_outside(inside), "{inside}");
        }
    }
}
