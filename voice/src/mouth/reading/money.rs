//! Amounts of money, in English.

use super::words::{Saying, Word};

/// The sign, one and many of it, one and many of its hundredth.
const CURRENCIES: [(&str, [&str; 4]); 6] = [
    ("US$", ["US dollar", "US dollars", "cent", "cents"]),
    ("$", ["dollar", "dollars", "cent", "cents"]),
    ("€", ["euro", "euros", "cent", "cents"]),
    ("£", ["pound", "pounds", "penny", "pence"]),
    ("¥", ["yen", "yen", "", ""]),
    ("₹", ["rupee", "rupees", "paisa", "paise"]),
];

/// `$5`, and `$5/month`.
pub fn say(core: &str, next: Word) -> Option<Saying> {
    match core.split_once('/') {
        Some((each, what)) if !what.is_empty() && what.chars().all(char::is_alphabetic) => {
            let text = format!("{} per {what}", amount(each)?);
            Some(Saying { text, takes_next: false })
        }
        _ => with_next(core, next),
    }
}

/// Of nothing but itself.
pub fn amount(core: &str) -> Option<String> {
    with_next(core, Word { lead: "", core: "", trail: "" }).map(|saying| saying.text)
}

pub fn is_sign(c: char) -> bool {
    "$€£¥₹".contains(c)
}

fn with_next(core: &str, next: Word) -> Option<Saying> {
    let (sign, rest) = match core.strip_prefix(['-', '−']) {
        Some(rest) => ("minus ", rest),
        None => ("", core),
    };
    let (names, amount) = CURRENCIES.iter().find_map(|(currency, names)| {
        let amount = rest.strip_prefix(currency).or_else(|| rest.strip_suffix(currency))?;
        Some((names, amount))
    })?;
    let digits = amount.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    let many = if digits == "1" { names[0] } else { names[1] };
    let with = |text: String, takes_next| Some(Saying { text: format!("{sign}{text}"), takes_next });
    let short = &amount[digits.len()..];
    if !short.is_empty() {
        let thousands = magnitude(short)?;
        return with(format!("{digits} {thousands} {}", names[1]), false);
    }
    if next.lead.is_empty() && ["hundred", "thousand", "million", "billion", "trillion"].contains(&next.core)
    {
        return with(format!("{digits} {} {}", next.core, names[1]), true);
    }
    let cents: u32 = if part.len() == 2 && !names[2].is_empty() { part.parse().ok()? } else { 0 };
    let hundredths = if cents == 1 { names[2] } else { names[3] };
    match (part.len(), cents) {
        (2, 0) => with(format!("{whole} {}", if whole == "1" { names[0] } else { names[1] }), false),
        (2, _) if whole == "0" => with(format!("{cents} {hundredths}"), false),
        (2, _) if !names[2].is_empty() => {
            let dollars = if whole == "1" { names[0] } else { names[1] };
            with(format!("{whole} {dollars} and {cents} {hundredths}"), false)
        }
        _ => with(format!("{digits} {many}"), false),
    }
}

/// What is short for a great number.
pub fn magnitude(short: &str) -> Option<&'static str> {
    Some(match short {
        "k" | "K" => "thousand",
        "m" | "M" | "mn" | "mio" => "million",
        "b" | "B" | "bn" => "billion",
        "t" | "T" | "tn" => "trillion",
        _ => return None,
    })
}
