//! The configuration as people and programs read it. Secrets are `***` in both.

use super::load::Config;
use crate::machine::derived::Derived;
use serde_json::{Value, json};
use std::fmt::Write;

pub fn as_json(config: &Config) -> Value {
    json!({
        "mode": config.mode,
        "tier": { "number": config.tier.number(), "name": config.tier.name() },
        "hardware": config.hardware,
        "evidence": config.evidence,
        "derived": derived(config, &config.derived),
        "recommendations": config.recommendations,
        "settings": config.settings,
        "warnings": config.warnings,
    })
}

fn derived(config: &Config, derived: &Derived) -> Value {
    json!({
        "threads": derived.threads,
        "memory_limit_gb": derived.memory_limit_gib,
        "local_ai": derived.local_ai,
        "preload_models": derived.preload_models,
        "database": config.database.kind(),
        "pool_size": derived.pool_size,
        "cache_mb": derived.cache_mib,
        "cached_conversations": derived.cached_conversations,
        "max_concurrent_turns": derived.concurrent_turns,
        "max_concurrent_jobs": derived.concurrent_jobs,
        "request_timeout_s": derived.request_timeout.as_secs_f64(),
        "cleanup_interval_s": derived.cleanup_interval.as_secs_f64(),
        "temp_file_age_s": derived.temp_file_age.as_secs_f64(),
    })
}

pub fn as_text(config: &Config) -> String {
    let mut lines = vec![format!("tier {} · mode {}", config.tier, config.mode), String::new()];
    lines.push("Found".to_owned());
    for evidence in &config.evidence {
        lines.push(format!("  {:<8} {} ({})", evidence.what, evidence.found, evidence.from));
    }
    lines.push("\nSettings in force".to_owned());
    for setting in &config.settings {
        let value =
            setting.value.as_deref().map_or("-", |value| if value.is_empty() { "(empty)" } else { value });
        lines.push(format!("  {:<28} {value}  ({})", setting.key, setting.source));
    }
    let advice = &config.recommendations;
    lines.push("\nRecommended at this size".to_owned());
    lines.push(format!(
        "  database {}, vectors {}, cache {}, voice {}, semantic clustering {}",
        advice.database,
        advice.vectors,
        advice.cache,
        yes(advice.voice),
        yes(advice.semantic_clustering)
    ));
    lines.extend(advice.notes.iter().map(|note| format!("  {note}")));
    lines.extend(config.warnings.iter().map(|warning| format!("\nwarning: {warning}")));
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{line}").expect("a string takes every line");
    }
    text
}

fn yes(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}
