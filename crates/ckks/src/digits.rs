//! How a key switch cuts the ciphertext primes into digits.

use std::fmt;
use std::ops::Range;

/// A division of the ciphertext primes into runs, the digits. Bit `i` of the mask is set if prime `i` opens a digit.
/// Primes above a key's level are ignored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digits(u64);

impl Digits {
    /// The largest number of ciphertext primes.
    pub(crate) const MAX_LIMBS: usize = u64::BITS as usize;

    /// All primes in one digit.
    #[must_use]
    pub fn one() -> Self {
        Self(1)
    }

    /// Digits of `limbs` primes each.
    ///
    /// # Panics
    /// If `limbs` is zero.
    #[must_use]
    pub fn uniform(limbs: usize) -> Self {
        Self((0..Self::MAX_LIMBS).step_by(limbs).fold(0, |mask, i| mask | 1 << i))
    }

    /// The division with this mask, or `None` if the first prime opens no digit.
    #[must_use]
    pub fn from_mask(mask: u64) -> Option<Self> {
        (mask & 1 == 1).then_some(Self(mask))
    }

    /// The mask.
    #[must_use]
    pub fn mask(self) -> u64 {
        self.0
    }

    /// Divides items of sizes `bits` into the fewest runs of at most `most` each. Among those divisions the largest
    /// run is as small as possible. `None` if a single item exceeds `most` or there are too many items.
    #[must_use]
    pub fn balanced(bits: &[f64], most: f64) -> Option<Self> {
        if bits.len() > Self::MAX_LIMBS || bits.iter().any(|&bits| bits > most) {
            return None;
        }
        let fewest = Self::greedy(bits, most);
        // The largest sum is the sum of some run, so all runs are tried.
        let sums = (0..bits.len()).flat_map(|first| {
            bits[first..].iter().scan(0.0, |sum, bits| {
                *sum += bits;
                Some(*sum)
            })
        });
        let largest = bits.iter().copied().fold(0.0, f64::max);
        // The margin covers rounding: the other side adds in another order.
        let candidates = sums.map(|sum| sum + 1e-6).filter(|sum| (largest..most).contains(sum));
        let level = bits.len().saturating_sub(1);
        let best = candidates.filter(|&most| Self::greedy(bits, most).count(level) == fewest.count(level));
        Some(best.min_by(f64::total_cmp).map_or(fewest, |most| Self::greedy(bits, most)))
    }

    /// Opens a digit whenever the next item does not fit. No division has fewer digits.
    fn greedy(bits: &[f64], most: f64) -> Self {
        let (mut mask, mut sum) = (1, 0.0);
        for (i, bits) in bits.iter().enumerate() {
            sum += bits;
            if sum > most {
                mask |= 1 << i;
                sum = *bits;
            }
        }
        Self(mask)
    }

    /// Number of digits of a ciphertext at `level`.
    #[must_use]
    pub fn count(self, level: usize) -> usize {
        self.up_to(level).0.count_ones() as usize
    }

    /// The primes of each digit of a ciphertext at `level`.
    pub fn ranges(self, level: usize) -> impl Iterator<Item = Range<usize>> {
        let starts = move |from: usize| (from..=level).find(|&i| self.0 >> i & 1 == 1);
        let first = starts(0).map(|start| (start, starts(start + 1)));
        let runs = std::iter::successors(first, move |&(_, next)| next.map(|next| (next, starts(next + 1))));
        runs.map(move |(start, next)| start..next.unwrap_or(level + 1))
    }

    /// The same division without the primes above `level`.
    #[must_use]
    pub fn up_to(self, level: usize) -> Self {
        Self(self.0 & (u64::MAX >> (Self::MAX_LIMBS - 1 - level.min(Self::MAX_LIMBS - 1))))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = Self::MAX_LIMBS - 1;
        f.debug_list().entries(self.ranges(last).map(|range| range.start)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisions_of_a_level() {
        let digits = Digits::uniform(3);
        assert_eq!(digits.ranges(7).collect::<Vec<_>>(), [0..3, 3..6, 6..8]);
        assert_eq!((digits.count(7), digits.count(5), digits.count(0)), (3, 2, 1));
        assert!(Digits::one().ranges(4).eq(std::iter::once(0..5)));
        assert_eq!(Digits::uniform(1).count(63), 64);
        assert_eq!(digits.up_to(7), Digits::from_mask(0b100_1001).unwrap_or(Digits::one()));
        assert!(Digits::from_mask(2).is_none());
    }

    #[test]
    fn balanced_divisions_are_the_fewest_and_the_least_uneven() {
        let ranges = |bits: &[f64], most| {
            Digits::balanced(bits, most).map(|d| d.ranges(bits.len() - 1).collect::<Vec<_>>())
        };
        // Greedy gives [5 5] [5 1 1 1]. The largest sum is 10, the least possible with two runs.
        assert_eq!(ranges(&[5.0, 5.0, 5.0, 1.0, 1.0, 1.0], 12.0), Some(vec![0..2, 2..6]));
        // Greedy gives [4 4 4] [1].
        assert_eq!(ranges(&[4.0, 4.0, 4.0, 1.0], 12.5), Some(vec![0..2, 2..4]));
        assert_eq!(ranges(&[4.0, 4.0], 3.0), None);
        assert_eq!(ranges(&[4.0, 4.0], 4.0), Some(vec![0..1, 1..2]));
    }
}
