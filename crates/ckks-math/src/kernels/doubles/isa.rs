//! The operations that kernels need from an instruction set: eight lanes of doubles and of words.
//!
//! Everything here is inlined into its caller and compiled for the caller's instruction set. So every part of a
//! kernel is `#[inline(always)]` up to [`Isa::call`], including closures around vectors. An operation that stayed a
//! function of its own would be called with its vectors in memory.

use std::ops::{Add, Mul, Sub};

use crate::kernels::{lanes::LANES, packed::WINDOW};

/// An instruction set. A value of this type proves that the machine has the instructions. So does a vector, because
/// every first vector comes from here.
pub(crate) trait Isa: Copy {
    type Doubles: Doubles<Words = Self::Words>;
    type Words: Words<Doubles = Self::Doubles>;
    /// Tables that unpack words of one width.
    type Unpack;

    /// Whether there are registers for 32 vectors rather than for eight.
    const ROOMY: bool;

    /// The set, or `None` if this machine lacks it.
    fn detect() -> Option<Self>;

    /// Runs a kernel, compiled for this set.
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R;

    /// The same number in every lane.
    fn splat(self, x: f64) -> Self::Doubles;

    /// The same word in every lane.
    fn splat_word(self, word: u64) -> Self::Words;

    /// Reads eight doubles.
    fn load(self, doubles: &[f64; LANES]) -> Self::Doubles;

    /// Reads eight words.
    fn load_words(self, words: &[u64; LANES]) -> Self::Words;

    /// Reads eight bytes as words.
    fn load_bytes(self, bytes: &[u8; LANES]) -> Self::Words;

    /// The tables for words of `bits` bits.
    fn unpack(self, bits: usize) -> Self::Unpack;

    /// The first eight words of a window.
    fn unpacked(self, unpack: &Self::Unpack, window: &[u8; WINDOW]) -> Self::Words;

    /// Reads eight words below 2^52 as doubles.
    #[inline(always)]
    fn load_residues(self, words: &[u64; LANES]) -> Self::Doubles {
        self.load_words(words).to_doubles()
    }

    /// Reads eight doubles that [`Doubles::store_bits`] wrote among words.
    #[inline(always)]
    fn load_bits(self, words: &[u64; LANES]) -> Self::Doubles {
        self.load_words(words).bits_as_doubles()
    }
}

/// Eight doubles with integer values.
pub(crate) trait Doubles: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    type Words: Words;

    /// `self b + c`, rounded once.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// `self b - c`, rounded once.
    fn mul_sub(self, b: Self, c: Self) -> Self;

    /// `self - a b`, rounded once.
    fn less_product(self, a: Self, b: Self) -> Self;

    /// Rounds to the nearest integer.
    fn round(self) -> Self;

    /// Rounds down to an integer.
    fn floor(self) -> Self;

    /// The floor of `self b`, exactly, for products in [0, 2^52).
    fn floor_of_product(self, b: Self) -> Self::Words;

    /// Integers below 2^51 in magnitude, as words in two's complement.
    fn to_words(self) -> Self::Words;

    /// Writes the bits of eight doubles in the place of words.
    fn store_bits(self, words: &mut [u64; LANES]);

    /// The lanes in reverse order.
    fn reversed(self) -> Self;

    /// Lane j of vector i becomes lane i of vector j.
    fn transposed(vectors: [Self; LANES]) -> [Self; LANES];
}

/// Eight words. Sums and differences wrap.
pub(crate) trait Words: Copy + Add<Output = Self> + Sub<Output = Self> {
    type Doubles: Doubles;

    /// Writes eight words.
    fn store(self, words: &mut [u64; LANES]);

    /// The lowest byte of each word.
    fn to_bytes(self) -> [u8; LANES];

    /// Words below 2^52 as doubles.
    fn to_doubles(self) -> Self::Doubles;

    /// The doubles with these bits.
    fn bits_as_doubles(self) -> Self::Doubles;

    fn shift_right(self, bits: u32) -> Self;

    /// `value` where words below 2^63 exceed `bound`, zero elsewhere.
    fn where_above(self, bound: Self, value: Self::Doubles) -> Self::Doubles;

    /// `self + p` where words in two's complement are negative, else `self`, for words in [-p, 2^63).
    fn lifted(self, p: Self) -> Self;
}

/// Runs `$body` for each block of vectors from `$at` on: blocks of `$roomy` vectors, or of `$narrow` where registers
/// are few, and the remaining vectors one by one. `$width` is the number of vectors, a constant. Vectors side by side
/// hide each other's latency.
macro_rules! each_block {
    ($set:ident, $count:expr, $roomy:literal or $narrow:literal, |$at:ident, $width:ident| $body:expr) => {
        let (count, mut $at) = ($count, 0);
        if $set::ROOMY {
            const $width: usize = $roomy;
            while $at + $width <= count {
                $body;
                $at += $width;
            }
        } else {
            const $width: usize = $narrow;
            while $at + $width <= count {
                $body;
                $at += $width;
            }
        }
        while $at < count {
            const $width: usize = 1;
            $body;
            $at += 1;
        }
    };
}

pub(super) use each_block;
