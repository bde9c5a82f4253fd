//! Prices: decimal dollars as written, to integer micro-dollars, without a float in between.

/// `"0.00014"`, `1.4e-4` or `2` dollars in micro-dollars, rounded half up. `None` for anything that
/// is no amount, is below zero or does not fit.
pub(super) fn micros(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches('"');
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The value is `digits` × 10^-scale dollars; micro-dollars move the point by six.
    let keep = i64::try_from(whole.len()).ok()? + i64::from(exponent) + 6;
    let mut micros = 0_i64;
    for place in 0..keep {
        let digit = usize::try_from(place).ok().and_then(|place| digits.get(place)).map_or(0, |d| d - b'0');
        micros = micros.checked_mul(10)?.checked_add(i64::from(digit))?;
        if micros == 0 && place > i64::try_from(digits.len()).ok()? {
            return Some(0);
        }
    }
    let next = usize::try_from(keep).ok().and_then(|place| digits.get(place));
    micros.checked_add(i64::from(next.is_some_and(|digit| *digit >= b'5')))
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn prices_are_exact() {
        let table = [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.00014", Some(140)),
            ("1.4e-4", Some(140)),
            ("1.4E-04", Some(140)),
            ("\"0.25\"", Some(250_000)),
            ("0.0000004", Some(0)),
            ("0.0000005", Some(1)),
            ("0.00000149999999999999999999", Some(1)),
            ("5e-7", Some(1)),
            ("5e-8", Some(0)),
            ("1e-2000000000", Some(0)),
            ("0.1", Some(100_000)),
            ("0.3", Some(300_000)),
            ("12.345678", Some(12_345_678)),
            ("1e3", Some(1_000_000_000)),
            ("9223372036854.775807", Some(i64::MAX)),
            ("9223372036854.775808", None),
            ("1e2000000000", None),
            ("0e2000000000", Some(0)),
            ("-0.5", None),
            ("", None),
            (".", None),
            ("free", None),
            ("null", None),
            ("[1]", None),
        ];
        for (text, expected) in table {
            assert_eq!(micros(text), expected, "{text}");
        }
    }
}
