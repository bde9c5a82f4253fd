//! Vectors without a model: words counted into places by their hash, so that texts that share words
//! are near each other, on every machine alike.

use serde_json::{Value, json};

const DIMENSIONS: usize = 64;

pub(super) fn answer(body: &Value) -> Value {
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    };
    let wanted = body["dimensions"].as_u64().and_then(|wanted| usize::try_from(wanted).ok());
    let dimensions = wanted.unwrap_or(DIMENSIONS).clamp(1, 4096);
    let rows: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            json!({"object": "embedding", "index": index, "embedding": vector(text, dimensions)})
        })
        .collect();
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    json!({
        "object": "list", "model": body["model"], "data": rows,
        "usage": {"prompt_tokens": words, "total_tokens": words},
    })
}

/// Of length 1; a text without words points along the first axis.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        vector[place(&word.to_lowercase(), dimensions)] += 1.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
    } else {
        for x in &mut vector {
            *x /= length;
        }
    }
    vector
}

/// FNV-1a: the same everywhere and for ever, unlike the standard library's.
fn place(word: &str, dimensions: usize) -> usize {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % dimensions as u64) as usize
}
