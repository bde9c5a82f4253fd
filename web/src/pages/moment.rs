//! Moments as pages write them: in UTC, exact; the browser's script shows them as the person's clock does.

const DAY: i64 = 86_400;

/// How many minutes the person's clock is ahead of ours, as their browser says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone(pub i16);

/// The day it was by the person's clock, counted from the epoch.
pub fn day(micros: i64, zone: Zone) -> i64 {
    (micros.div_euclid(1_000_000) + i64::from(zone.0) * 60).div_euclid(DAY)
}

/// A day as `2026-11-21`.
pub fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Microseconds since the epoch as `2026-11-21T13:05:00Z`.
pub fn exact(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    format!("{}T{:02}:{:02}:{:02}Z", date(days), rest / 3600, rest / 60 % 60, rest % 60)
}

/// The same, as short as it is still plain.
pub fn short(micros: i64) -> String {
    let exact = exact(micros);
    format!("{} {} UTC", &exact[..10], &exact[11..16])
}

/// Days since the epoch to a date of the Gregorian calendar, counted in eras of 400 years that begin in
/// March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(exact(0), "1970-01-01T00:00:00Z");
        assert_eq!(exact(951_782_400_000_000), "2000-02-29T00:00:00Z");
        assert_eq!(exact(1_795_266_300_000_001), "2026-11-21T13:05:00Z");
        assert_eq!(exact(-1), "1969-12-31T23:59:59Z");
        assert_eq!(short(4_107_542_399_000_000), "2100-02-28 23:59 UTC");
    }
}
