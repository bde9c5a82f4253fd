//! The two sums everything is made of, compiled once per kind of CPU and chosen at run time.
//!
//! Plain loops that the compiler vectorises; the crate only opens the door to the CPU's wider
//! registers. The sum in doubles has a fixed order, so every CPU gives the same similarity.

use fearless_simd::{Level, Simd, dispatch};

#[derive(Clone, Copy)]
pub struct Kernel {
    level: Level,
}

impl Kernel {
    pub fn detect() -> Self {
        Self { level: Level::new() }
    }

    /// Query times each row. Every sum must fit an `i32`: see `codes::finest`.
    pub fn coarse(self, query: &[i16], rows: &[i8], sums: &mut [i32]) {
        dispatch!(self.level, simd => coarse(simd, query, rows, sums));
    }

    pub fn exact(self, one: &[f32], other: &[f32]) -> f64 {
        dispatch!(self.level, simd => exact(simd, one, other))
    }
}

#[expect(clippy::inline_always, reason = "only what is inlined is compiled for the wider registers")]
#[inline(always)]
fn coarse<S: Simd>(simd: S, query: &[i16], rows: &[i8], sums: &mut [i32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(query.len())) {
                *sum = query.iter().zip(row).map(|(q, r)| i32::from(*q) * i32::from(*r)).sum();
            }
        },
    );
}

const LANES: usize = 16;

#[expect(clippy::inline_always, reason = "only what is inlined is compiled for the wider registers")]
#[inline(always)]
fn exact<S: Simd>(simd: S, one: &[f32], other: &[f32]) -> f64 {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut sums = [0.0_f64; LANES];
            let (ones, one_rest) = one.as_chunks::<LANES>();
            let (others, other_rest) = other.as_chunks::<LANES>();
            for (a, b) in ones.iter().zip(others) {
                for lane in 0..LANES {
                    sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
                }
            }
            let rest: f64 = one_rest.iter().zip(other_rest).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            sums.iter().sum::<f64>() + rest
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_sum_is_a_whole_number_sum_for_any_length() {
        let kernel = Kernel::detect();
        for dimension in [1, 7, 31, 64, 383, 384, 769] {
            let query: Vec<i16> = (0..dimension).map(|n| 2_000 - 37 * (n % 113) as i16).collect();
            let rows: Vec<i8> = (0..dimension * 3).map(|n| (n % 255) as i8).collect();
            let mut sums = [0; 3];
            kernel.coarse(&query, &rows, &mut sums);
            for (sum, row) in sums.iter().zip(rows.chunks_exact(dimension)) {
                let plain: i64 = query.iter().zip(row).map(|(q, r)| i64::from(*q) * i64::from(*r)).sum();
                assert_eq!(i64::from(*sum), plain);
            }
        }
    }

    #[test]
    fn the_sum_in_doubles_is_the_same_on_every_kind_of_cpu() {
        let one: Vec<f32> = (1..=771_u16).map(|n| 1.0 / f32::from(n)).collect();
        let other: Vec<f32> = (1..=771_u16).map(|n| (f32::from(n) * 0.37).sin()).collect();
        let plain = Kernel { level: Level::baseline() }.exact(&one, &other);
        assert_eq!(Kernel::detect().exact(&one, &other).to_bits(), plain.to_bits());
    }
}
