//! English words for numbers with signs, units, dates, times and short forms.

use super::money;
use super::words::{Saying, Word};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Of a day.
const HALVES: [&str; 4] = ["am", "pm", "AM", "PM"];

/// One and many.
const UNITS: [(&str, &str, &str); 58] = [
    ("km", "kilometer", "kilometers"),
    ("m", "meter", "meters"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("µm", "micrometer", "micrometers"),
    ("km²", "square kilometer", "square kilometers"),
    ("m²", "square meter", "square meters"),
    ("m³", "cubic meter", "cubic meters"),
    ("cm²", "square centimeter", "square centimeters"),
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("m/s", "meter per second", "meters per second"),
    ("mph", "mile per hour", "miles per hour"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("yd", "yard", "yards"),
    ("kg", "kilogram", "kilograms"),
    ("g", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("t", "ton", "tons"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("s", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("ms", "millisecond", "milliseconds"),
    ("µs", "microsecond", "microseconds"),
    ("KB", "kilobyte", "kilobytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("KiB", "kibibyte", "kibibytes"),
    ("MiB", "mebibyte", "mebibytes"),
    ("GiB", "gibibyte", "gibibytes"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("W", "watt", "watts"),
    ("kW", "kilowatt", "kilowatts"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("V", "volt", "volts"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("°", "degree", "degrees"),
    ("px", "pixel", "pixels"),
    ("kcal", "kilocalorie", "kilocalories"),
];

pub fn say(before: Word, word: Word, next: Word) -> Option<Saying> {
    if let Some(amount) = money::say(word.core, next) {
        return Some(amount);
    }
    let text = sign(word.core)
        .or_else(|| short(word, next))
        .or_else(|| unit_alone(before, word.core))
        .or_else(|| with_unit(word.core))
        .or_else(|| date(word.core))
        .or_else(|| time(word.core, next))
        .or_else(|| span(word.core))
        .or_else(|| fraction(word.core))
        .or_else(|| decade(word.core))
        .or_else(|| year(word, next))
        .or_else(|| power(word.core))
        .or_else(|| height(word))
        .or_else(|| around(word.core));
    text.map(|text| Saying { text, takes_next: false })
}

fn sign(core: &str) -> Option<String> {
    let said = match core {
        "->" | "=>" | "→" | "⇒" => "to",
        "<-" | "←" => "from",
        "<" => "is less than",
        ">" => "is greater than",
        "<=" => "is at most",
        ">=" => "is at least",
        "!=" => "is not equal to",
        "==" => "equals",
        "&&" => "and",
        "||" => "or",
        "w/" => "with",
        "w/o" => "without",
        "24/7" => "24 7",
        _ => return None,
    };
    Some(said.to_owned())
}

fn short(word: Word, next: Word) -> Option<String> {
    let has_stop = word.trail.starts_with('.');
    let before_digit = next.core.starts_with(|c: char| c.is_ascii_digit());
    let said = match word.core.to_ascii_lowercase().as_str() {
        "e.g" | "eg" if has_stop => "for example",
        "i.e" | "ie" if has_stop => "that is",
        "vs" => "versus",
        "approx" if has_stop => "approximately",
        "cf" if has_stop => "compare",
        "no" | "nos" if has_stop && before_digit => "number",
        "#" | "№" if before_digit => "number",
        "p" if has_stop && before_digit => "page",
        "pp" if has_stop && before_digit => "pages",
        "ch" if has_stop && before_digit => "chapter",
        "vol" if has_stop && before_digit => "volume",
        "ms" if has_stop => "Miss",
        "fig" if has_stop => "figure",
        "dept" if has_stop => "department",
        "prof" if has_stop => "Professor",
        "jr" if has_stop => "Junior",
        "ph.d" => "PhD",
        short if before_digit && short.len() >= 3 && short.len() <= 4 => {
            let is_it = |month: &&&str| month.to_ascii_lowercase().starts_with(short) && short != "may";
            MONTHS.iter().find(is_it)?
        }
        _ => return None,
    };
    Some(said.to_owned())
}

fn unit_alone(before: Word, core: &str) -> Option<String> {
    let is_amount = before.is_number() && before.trail.is_empty();
    if is_amount { unit(core, before.core) } else { None }
}

/// `5kg`, `25°C`, `10k`.
fn with_unit(core: &str) -> Option<String> {
    let number = core.trim_end_matches(|c: char| !c.is_ascii_digit());
    let short = &core[number.len()..];
    let plain = number.strip_prefix(['-', '~', '+']).unwrap_or(number);
    if plain.is_empty()
        || short.is_empty()
        || !plain.bytes().all(|byte| byte.is_ascii_digit() || b",.".contains(&byte))
    {
        return None;
    }
    let is_great = ["k", "M", "bn"].contains(&short);
    let said = if is_great { money::magnitude(short).map(str::to_owned) } else { unit(short, plain) };
    // `1990s` is no time.
    said.filter(|_| short != "s" || plain.len() < 2)
        .map(|unit| format!("{} {unit}", around(number).unwrap_or(number.to_owned())))
}

fn unit(short: &str, amount: &str) -> Option<String> {
    let (_, one, many) = UNITS.iter().find(|(name, ..)| *name == short)?;
    Some((if amount == "1" { one } else { many }).to_string())
}

fn number(text: &str, most: usize) -> Option<u32> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// `2026-11-22`, and with slashes where no other date can be meant.
fn date(core: &str) -> Option<String> {
    let parts = |sign| -> Option<[u32; 3]> {
        let all: Option<Vec<u32>> = core.split(sign).map(|part| number(part, 4)).collect();
        all?.try_into().ok()
    };
    let (year, month, day) = if let Some([year, month, day]) = parts('-') {
        (year, month, day)
    } else {
        match parts('/')? {
            [day, month, year] if day > 12 => (year, month, day),
            [month, day, year] if day > 12 => (year, month, day),
            [one, other, year] => return (year > 31).then(|| format!("{one} {other} {year}")),
        }
    };
    let name = MONTHS.get((month as usize).checked_sub(1)?)?;
    let is_day = (1..=31).contains(&day) && (1000..=2999).contains(&year);
    is_day.then(|| format!("{name} {day}, {}", year_said(year)))
}

fn time(core: &str, next: Word) -> Option<String> {
    let (clock, half) = match core.len().checked_sub(2).and_then(|at| core.split_at_checked(at)) {
        Some((clock, half)) if HALVES.contains(&half) => (clock, half),
        _ => (core, ""),
    };
    let (hour, minute) = clock.split_once(':')?;
    let hour = number(hour, 2).filter(|hour| *hour <= 24)?;
    let minute = number(minute, 2).filter(|m| *m < 60 && minute.len() == 2)?;
    let has_half =
        !half.is_empty() || ["am", "pm", "a.m", "p.m"].contains(&next.core.to_ascii_lowercase().as_str());
    let said = match minute {
        0 if has_half => hour.to_string(),
        0 => format!("{hour} o'clock"),
        1..=9 => format!("{hour} oh {minute}"),
        _ => format!("{hour} {minute}"),
    };
    Some(if half.is_empty() { said } else { format!("{said} {half}") })
}

/// `3–5`, `9am–5pm`, `$5-$10`. What could be a telephone's number is told figure by figure.
fn span(core: &str) -> Option<String> {
    let (from, to) = core.split_once(['-', '–'])?;
    let is_figures = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if from.len() == 3 && to.len() >= 4 && is_figures(from) && is_figures(to) {
        let figures: Vec<String> = format!("{from}{to}").chars().map(String::from).collect();
        return Some(figures.join(" "));
    }
    if let (Some(from), Some(to)) = (clock(from), clock(to)) {
        return Some(format!("{from} to {to}"));
    }
    let digits = from.trim_start_matches(money::is_sign);
    let end = to.trim_start_matches(money::is_sign);
    let end = end.trim_end_matches(|c: char| !c.is_ascii_digit());
    let is_amount = |text: &str| {
        !text.is_empty()
            && text.len() <= 7
            && text.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte))
    };
    if !is_amount(digits) || !is_amount(end) {
        return None;
    }
    if digits.len() < from.len() {
        let sign = &from[..from.len() - digits.len()];
        let amount = format!("{sign}{}", to.trim_start_matches(money::is_sign));
        return money::amount(&amount).map(|amount| format!("{digits} to {amount}"));
    }
    let rest = to.strip_prefix(end)?;
    let named = match rest {
        "" | "%" => rest.to_owned(),
        rest => format!(" {}", unit(rest, end)?),
    };
    Some(format!("{from} to {end}{named}"))
}

/// `9am`, `9:30`.
fn clock(text: &str) -> Option<String> {
    let none = Word { lead: "", core: "", trail: "" };
    let half = text.len().checked_sub(2).and_then(|at| text.split_at_checked(at));
    match half {
        Some((hour, half)) if number(hour, 2).is_some() && HALVES.contains(&half) => {
            Some(format!("{hour} {half}"))
        }
        _ => time(text, none),
    }
}

fn fraction(core: &str) -> Option<String> {
    let said = match core {
        "1/2" => "one half",
        "1/3" => "one third",
        "2/3" => "two thirds",
        "1/4" => "one quarter",
        "3/4" => "three quarters",
        _ => {
            let (over, under) = core.split_once('/')?;
            return Some(format!("{} over {}", number(over, 6)?, number(under, 6)?));
        }
    };
    Some(said.to_owned())
}

fn decade(core: &str) -> Option<String> {
    const TENS: [&str; 8] =
        ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"];
    let years = core.strip_suffix("s").map(|years| years.trim_end_matches(['\'', '’']))?;
    let (century, ten) = years.split_at_checked(years.len().checked_sub(2)?)?;
    if ten == "00" {
        return match number(century, 2) {
            Some(20) => Some("two thousands".to_owned()),
            Some(10) => Some("thousands".to_owned()),
            Some(century @ 11..) => Some(format!("{century} hundreds")),
            _ => None,
        };
    }
    let name = TENS.get((number(ten, 2).filter(|ten| ten % 10 == 0)? as usize / 10).checked_sub(2)?)?;
    match century {
        "" => Some((*name).to_owned()),
        century => number(century, 2).map(|century| format!("{century} {name}")),
    }
}

fn year(word: Word, next: Word) -> Option<String> {
    let year = number(word.core, 4).filter(|year| (1100..2000).contains(year))?;
    let is_amount = word.trail.is_empty() && unit(next.core, "").is_some();
    if is_amount { None } else { Some(year_said(year)) }
}

fn year_said(year: u32) -> String {
    match (year / 100, year % 100) {
        (century @ 11..=19, part @ 1..=9) => format!("{century} oh {part}"),
        (century @ (11..=19 | 21..), part @ 10..) => format!("{century} {part}"),
        (20, part @ 10..) => format!("20 {part}"),
        _ => year.to_string(),
    }
}

fn power(core: &str) -> Option<String> {
    let word = |text: &str| !text.is_empty() && text.chars().all(char::is_alphanumeric);
    if let Some((base, exponent)) = core.split_once('^') {
        let exponent = exponent.trim_matches(['{', '}']);
        return match exponent {
            "2" if word(base) => Some(format!("{base} squared")),
            "3" if word(base) => Some(format!("{base} cubed")),
            _ if word(base) && exponent.strip_prefix('-').is_some_and(word) => {
                Some(format!("{base} to the minus {}", &exponent[1..]))
            }
            _ if word(base) && word(exponent) => Some(format!("{base} to the {exponent}")),
            _ => None,
        };
    }
    let (base, said) = match core.strip_suffix('²') {
        Some(base) => (base, "squared"),
        None => (core.strip_suffix('³')?, "cubed"),
    };
    // Behind a word it is a footnote's.
    let is_base = base.chars().count() <= 2 || base.bytes().all(|byte| byte.is_ascii_digit());
    (is_base && !base.is_empty()).then(|| format!("{base} {said}"))
}

/// `5'10"`.
fn height(word: Word) -> Option<String> {
    let (feet, inches) = word.core.split_once(['\'', '’', '′'])?;
    Some(format!("{} foot {}", number(feet, 2)?, number(inches, 2)?))
}

/// `~5`, `#5`, `5>3`.
fn around(core: &str) -> Option<String> {
    if let Some(rest) = core.strip_prefix('~').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return Some(format!("about {rest}"));
    }
    if let Some(rest) = core.strip_prefix('#').filter(|rest| number(rest, 9).is_some()) {
        return Some(format!("number {rest}"));
    }
    let at = core.find(['<', '>'])?;
    let (one, other) = (&core[..at], &core[at + 1..]);
    let is_word = |text: &str| !text.is_empty() && text.chars().all(char::is_alphanumeric);
    let sign = if core[at..].starts_with('<') { "is less than" } else { "is greater than" };
    (is_word(other) && (one.is_empty() || is_word(one))).then(|| format!("{one} {sign} {other}"))
}
