//! The figures behind `/metrics`: counted in this process, rendered when somebody asks.

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From a lookup in memory to a turn of a slow model.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Once per process: the figures of every part meet here.
pub fn install(mode: &str) -> anyhow::Result<PrometheusHandle> {
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?;
    let handle = builder.install_recorder().context("the figures could not be set up")?;
    let about = [("version", env!("CARGO_PKG_VERSION").to_owned()), ("mode", mode.to_owned())];
    metrics::gauge!("whisperengine_info", &about).set(1.0);
    Ok(handle)
}
