//! A vector's direction in whole numbers, and how wrong those can be.
//!
//! A direction `u` (length 1) is kept as `scale · code` plus a rest whose length is `error`. For two
//! directions with rests `e` and `f` the true cosine differs from `scale · scale' · (code · code')` by
//! at most `|e| + (1 + |e|) · |f|` (Cauchy–Schwarz), so a scan over codes can say for sure which rows
//! cannot be among the nearest. All of this is computed in doubles; a `f32` squared never overflows
//! or vanishes there, however large or small.

use super::kernel::Kernel;

/// What a row's codes reach to, up and down.
const ROW_REACH: f64 = 127.0;
/// Above the rounding of any sum in doubles here (about 1e-12), below anything that costs time.
const SLACK: f64 = 1e-9;

/// One over the vector's length; `None` for a vector without direction.
pub fn inverse_length(kernel: Kernel, vector: &[f32]) -> Option<f64> {
    let square = kernel.exact(vector, vector);
    (square > 0.0).then(|| 1.0 / square.sqrt())
}

/// How the codes of one vector are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub scale: f32,
    /// Never less than the length of the rest.
    pub error: f32,
}

/// A stored row's codes, appended to `codes`.
pub fn encode_row(vector: &[f32], inverse_length: f64, codes: &mut Vec<i8>) -> Reading {
    encode(vector, inverse_length, ROW_REACH, |code| codes.push(code as i8))
}

/// What is looked for. Its codes are as fine as a sum in `i32` allows.
pub struct Query {
    pub vector: Vec<f32>,
    pub inverse_length: f64,
    pub codes: Vec<i16>,
    reading: Reading,
}

impl Query {
    /// `None` for a vector without direction.
    pub fn new(kernel: Kernel, vector: &[f32]) -> Option<Self> {
        let inverse_length = inverse_length(kernel, vector)?;
        let mut codes = Vec::with_capacity(vector.len());
        let reading = encode(vector, inverse_length, finest(vector.len()), |code| codes.push(code as i16));
        Some(Self { vector: vector.to_vec(), inverse_length, codes, reading })
    }

    /// The similarity a row seems to have, and how far the true one can be from it.
    pub fn estimate(&self, sum: i32, row: Reading) -> (f64, f64) {
        let seems = f64::from(sum) * f64::from(row.scale) * f64::from(self.reading.scale);
        let (row_error, query_error) = (f64::from(row.error), f64::from(self.reading.error));
        (seems, row_error + (1.0 + row_error) * query_error + SLACK)
    }

    /// The similarity itself.
    pub fn similarity(&self, kernel: Kernel, row: &[f32], row_inverse_length: f64) -> f64 {
        let cosine = kernel.exact(&self.vector, row) * self.inverse_length * row_inverse_length;
        cosine.clamp(-1.0, 1.0)
    }
}

/// The largest query code whose sum with `dimension` row codes still fits an `i32`.
fn finest(dimension: usize) -> f64 {
    let most = f64::from(i32::MAX) / (ROW_REACH * dimension.max(1) as f64);
    most.min(f64::from(i16::MAX)).floor().max(1.0)
}

fn encode(vector: &[f32], inverse_length: f64, reach: f64, mut take: impl FnMut(f64)) -> Reading {
    let largest = vector.iter().fold(0.0_f64, |most, x| most.max(f64::from(x.abs())));
    let scale = (largest * inverse_length / reach) as f32;
    let mut square = 0.0;
    for x in vector {
        let exact = f64::from(*x) * inverse_length;
        let code = (exact / f64::from(scale)).round().clamp(-reach, reach);
        square += (exact - code * f64::from(scale)).powi(2);
        take(code);
    }
    Reading { scale, error: (square.sqrt() as f32).next_up() }
}
