//! The logical export: every table of a store as one stream, and back into an empty store of either kind.
//!
//! Line-delimited JSON: a header `{"format":1,"schema":…,"made_at":…}`; then, table by table in the order
//! of `tables`, a line per row `{"t":…,"r":{…}}` with bytes in base64, and a trailer
//! `{"end":…,"rows":…,"sha256":…}` whose digest covers the table's lines; at last `{"done":{…}}` with a
//! digest over the trailers. Rows come in one order and columns in one order, so the same content gives
//! the same digests whichever database it lies in; that is how a copy is verified.
//!
//! `before` writes one of an older schema, before it is brought forward; `aside` makes room where a move goes.
//!
//! `tables` says what there is, `line` how a row is written, `dump` writes, `load` reads, `moving` does
//! both at once. What a database can make again by itself (full text, row numbers) is not in it.

pub mod aside;
pub mod before;
pub mod dump;
pub mod failure;
pub mod load;
pub mod moving;

mod line;
mod tables;

#[cfg(test)]
mod tests;
