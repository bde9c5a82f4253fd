//! Which vectors an index takes: those of one embedder, of one length, made of numbers.

use crate::ports::vectors::{IndexError, VectorRow};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// As in `VectorRow::model`.
    pub model: String,
    pub dimension: usize,
}

impl Embedding {
    pub fn check(&self, vector: &[f32]) -> Result<(), IndexError> {
        if vector.len() != self.dimension {
            return Err(IndexError::Dimension { expected: self.dimension, found: vector.len() });
        }
        if vector.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(IndexError::NotFinite) }
    }

    /// The rows this embedder made, all of them sound. Another embedder's are another index's.
    pub fn own<'a>(&self, rows: &'a [VectorRow]) -> Result<Vec<&'a VectorRow>, IndexError> {
        let own = rows.iter().filter(|row| row.model == self.model);
        own.map(|row| self.check(&row.vector).map(|()| row)).collect()
    }
}

/// The vector with length 1; `None` where it has no direction. In doubles, where no `f32` squared
/// overflows or vanishes.
pub fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let square: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
    let length = square.sqrt();
    (length > 0.0).then(|| vector.iter().map(|x| (f64::from(*x) / length) as f32).collect())
}
