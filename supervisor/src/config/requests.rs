//! How much one caller may ask of the listener.

use super::fields as f;
use super::text;
use super::values::Values;
use web::edge::limits::counting::Rates;

/// More than any machine answers: no limit in practice.
const MOST: u32 = 10_000_000;

pub fn read(values: &mut Values) -> Rates {
    Rates {
        key: values.get(&f::KEY_REQUESTS, text::within(1..=MOST)),
        person: values.get(&f::PERSON_REQUESTS, text::within(1..=MOST)),
        address: values.get(&f::ADDRESS_REQUESTS, text::within(1..=MOST)),
        address_attempts: values.get(&f::ADDRESS_ATTEMPTS, text::within(1..=MOST)),
    }
}
