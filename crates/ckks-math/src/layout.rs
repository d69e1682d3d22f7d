//! Where the words of one limb lie in memory, and the order of its evaluations.
//!
//! A limb of N words is cut into rows, and [`PADDING`] zero words follow each row. Without them the first pass of a
//! transform, which walks down a column of rows, would hit the same set of the level-one cache at every row (a row of
//! 4096 words is 32 KiB). Limbs side by side would alias in the same way.
//!
//! Evaluations have the order in which the last pass of the fast transform leaves them: bit-reversed, and inside each
//! group of 128 words with the 8 x 16 matrix of eight 16-point blocks transposed. Every backend uses this order.
//! `docs/notes/ntt.md` has a picture.

/// Zero words after each row: one cache line.
pub(crate) const PADDING: usize = 8;
/// Words of a group. The last pass transposes the order inside a group.
pub(crate) const GROUP: usize = 128;
/// Words of a group that repeat sixteen times if the polynomial is one in X^16.
pub(crate) const PATTERN: usize = 8;

/// Geometry of one limb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    log_n: u32,
    /// log2 of the number of rows. The first pass works across rows.
    log_rows: u32,
}

impl Layout {
    /// The layout for N = 2^log_n, 10 <= log_n <= 16.
    pub(crate) fn new(log_n: u32) -> Self {
        // Rows have 2^10 to 2^12 words: the rest of the transform in a row is one pass of radix 4, 8 or 16 and two of
        // radix 16.
        let log_rows = match log_n {
            ..=12 => 0,
            13 | 14 => 2,
            15 => 3,
            _ => 4,
        };
        Self { log_n, log_rows }
    }

    pub(crate) fn n(&self) -> usize {
        1 << self.log_n
    }

    pub(crate) fn log_n(&self) -> u32 {
        self.log_n
    }

    pub(crate) fn rows(&self) -> usize {
        1 << self.log_rows
    }

    pub(crate) fn log_rows(&self) -> u32 {
        self.log_rows
    }

    /// Words of a row, without its padding.
    pub(crate) fn row_len(&self) -> usize {
        1 << (self.log_n - self.log_rows)
    }

    /// Words from one row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        self.row_len() + PADDING
    }

    /// Words of a part of a limb: up to four rows. Operations on independent words work on parts, so that a few limbs
    /// can be shared evenly among threads.
    pub(crate) fn part_len(&self) -> usize {
        self.rows().min(4) * self.row_stride()
    }

    /// Words of a limb, padding included.
    pub(crate) fn limb_len(&self) -> usize {
        self.rows() * self.row_stride()
    }

    /// Place of the `i`-th word (a coefficient, or an evaluation in memory order).
    pub(crate) fn position(&self, i: usize) -> usize {
        i + PADDING * (i >> (self.log_n - self.log_rows))
    }

    /// Exponents of psi in memory order, without padding.
    pub(crate) fn exponents(self) -> impl Iterator<Item = usize> {
        (0..self.n()).map(move |i| 2 * reverse_bits(unpermute_in_group(i), self.log_n) + 1)
    }
}

/// From bit-reversed index to memory order: (group, block of 16, word) -> (group, word, block).
pub(crate) fn permute_in_group(j: usize) -> usize {
    (j & !(GROUP - 1)) | ((j & 15) << 3) | ((j >> 4) & 7)
}

/// The inverse of [`permute_in_group`].
pub(crate) fn unpermute_in_group(i: usize) -> usize {
    (i & !(GROUP - 1)) | ((i & 7) << 4) | ((i >> 3) & 15)
}

/// The lowest `bits` bits of `i` in reverse.
pub(crate) fn reverse_bits(i: usize, bits: u32) -> usize {
    i.reverse_bits() >> (usize::BITS - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_a_bijection() {
        for log_n in 10..=16 {
            let layout = Layout::new(log_n);
            assert_eq!(layout.position(layout.n() - 1), layout.limb_len() - PADDING - 1);
            for (i, exponent) in layout.exponents().enumerate() {
                let reversed = reverse_bits(exponent >> 1, log_n);
                assert_eq!((permute_in_group(reversed), unpermute_in_group(i)), (i, reversed));
            }
        }
    }
}
