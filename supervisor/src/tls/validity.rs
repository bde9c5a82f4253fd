//! When a certificate begins and ends: the one thing in it that we must know and rustls does not tell.
//!
//! Walks the few DER elements on the way to it; nothing is verified. `None` means that it is no certificate.

use std::ops::RangeInclusive;
use time::{Date, Month};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const EXPLICIT_VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Seconds since the epoch.
pub fn of(certificate: &[u8]) -> Option<RangeInclusive<i64>> {
    let (content, _) = expect(certificate, SEQUENCE)?;
    let (to_be_signed, _) = expect(content, SEQUENCE)?;
    let after_version = match element(to_be_signed)? {
        (EXPLICIT_VERSION, _, rest) => rest,
        _ => to_be_signed,
    };
    let (_serial, rest) = expect(after_version, INTEGER)?;
    let (_algorithm, rest) = expect(rest, SEQUENCE)?;
    let (_issuer, rest) = expect(rest, SEQUENCE)?;
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (tag, begins, rest) = element(validity)?;
    let begins = moment(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some(begins..=moment(tag, ends)?)
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The tag, the content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // Three bytes are 16 MiB, more than any certificate.
        if digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    let number = |at: usize, length: usize| -> Option<u8> {
        std::str::from_utf8(digits.get(at..at + length)?).ok()?.parse().ok()
    };
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let year = i32::from(number(0, 2)?);
            (if year < 50 { 2000 + year } else { 1900 + year }, 2)
        }
        (GENERALIZED_TIME, 14) => (i32::from(number(0, 2)?) * 100 + i32::from(number(2, 2)?), 4),
        _ => return None,
    };
    let part = |index: usize| number(rest + 2 * index, 2);
    let date = Date::from_calendar_date(year, Month::try_from(part(0)?).ok()?, part(1)?).ok()?;
    Some(date.with_hms(part(2)?, part(3)?, part(4)?).ok()?.assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(from: i32, until: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["box.lan".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(from, 2, 28), date_time_ymd(until, 3, 1));
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signed").der().to_vec()
    }

    #[test]
    fn the_times_are_read_as_they_were_written() {
        for (from, until) in [(1970, 1999), (2024, 2049), (2049, 2050), (2050, 2131)] {
            let wanted =
                date_time_ymd(from, 2, 28).unix_timestamp()..=date_time_ymd(until, 3, 1).unix_timestamp();
            assert_eq!(of(&certificate(from, until)), Some(wanted), "{from} to {until}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_none_however_it_is_cut() {
        let whole = certificate(2024, 2026);
        for length in 0..whole.len() {
            assert_eq!(of(&whole[..length]), None, "{length} bytes");
        }
        for nonsense in [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x30, 0xff], &[0x30, 0x80], b"hello"] {
            assert_eq!(of(nonsense), None, "{nonsense:?}");
        }
    }
}
