//! The summands of kernels that sum.

use super::packed::Packed;

/// Terms of [`dot2`](super::dot2): a digit, and the two halves of its key.
pub(crate) type KeyTerm<'a> = (&'a [u64], Packed<'a>);

/// What is added to the sums of [`dot2`](super::dot2) and [`dot2_add`](super::dot2_add): limbs times a factor; nothing is zero.
#[derive(Clone, Copy)]
pub(crate) struct Plus<'a> {
    pub(crate) limbs: [Option<&'a [u64]>; 2],
    pub(crate) factor: u64,
}

impl Plus<'_> {
    pub(crate) const NONE: Self = Self { limbs: [None; 2], factor: 1 };
}

/// Terms of [`tensor_dot`](super::tensor_dot): pairs of two-component ciphertexts.
pub(crate) type TensorTerm<'a> = ([&'a [u64]; 2], [&'a [u64]; 2]);

/// What a ciphertext of two components is multiplied by.
#[derive(Clone, Copy)]
pub(crate) enum Multiplier<'a> {
    /// A residue.
    Scalar(u64),
    /// A word for each word.
    Words(&'a [u64]),
    /// For each group of 128 words a vector, sixteen times.
    Patterns(&'a [u64]),
}

/// A multiple of a ciphertext of two components, or of another number.
pub(crate) type Multiple<'a, const H: usize = 2> = ([&'a [u64]; H], Multiplier<'a>);
