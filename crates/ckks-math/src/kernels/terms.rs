//! The terms of kernels that sum.

use super::packed::Packed;

/// A term of [`dot2`](super::dot2): a digit and the two halves of its key.
pub(crate) type KeyTerm<'a> = (&'a [u64], Packed<'a>);

/// Addends of the sums of [`dot2`](super::dot2) and [`dot2_add`](super::dot2_add): limbs, multiplied by a factor.
/// `None` adds nothing.
#[derive(Clone, Copy)]
pub(crate) struct Plus<'a> {
    pub(crate) limbs: [Option<&'a [u64]>; 2],
    pub(crate) factor: u64,
}

impl Plus<'_> {
    pub(crate) const NONE: Self = Self { limbs: [None; 2], factor: 1 };
}

/// A term of [`tensor_dot`](super::tensor_dot): a pair of two-component ciphertexts.
pub(crate) type TensorTerm<'a> = ([&'a [u64]; 2], [&'a [u64]; 2]);

/// A multiplier of a two-component ciphertext.
#[derive(Clone, Copy)]
pub(crate) enum Multiplier<'a> {
    /// A residue, for all words.
    Scalar(u64),
    /// One word for each word.
    Words(&'a [u64]),
    /// For each group of 128 words a vector that repeats sixteen times.
    Patterns(&'a [u64]),
}

/// A multiple of a ciphertext with `H` components.
pub(crate) type Multiple<'a, const H: usize = 2> = ([&'a [u64]; H], Multiplier<'a>);
