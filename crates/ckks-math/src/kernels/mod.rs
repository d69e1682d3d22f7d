//! The inner loops. Each backend has an implementation of its own, and all give identical bits.
//!
//! At this boundary words are residues in `[0, p)`. Every kernel maps zeros to zeros, so it may run over whole limbs,
//! padding included. Lengths are asserted here, in release builds too.

#![allow(unsafe_code)] // Entry into functions compiled for an instruction set, after asking for it: `entry::entered`.

mod backend;
mod conversion;
mod elementwise;
mod entry;
mod multiples;
pub(crate) mod packed;
mod permutations;
mod sums;
mod terms;
mod twiddles;

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod block;
#[cfg(target_arch = "x86_64")]
mod doubles;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod lanes;
mod scalar;
mod tree;

#[cfg(test)]
mod tests;

pub use backend::Backend;
pub(crate) use conversion::{combine, quotients};
pub(crate) use elementwise::{
    add, add_assign, lift_centred, mul, mul_add_assign, mul_assign, mul_scalar, mul_scalar_add,
    mul_scalar_assign, neg_assign, sub, sub_assign,
};
pub(crate) use multiples::{multiple_sum, product_sum};
pub(crate) use permutations::Permutations;
pub(crate) use sums::{dot, dot2, dot2_add, tensor_dot};
pub(crate) use terms::{KeyTerm, Multiple, Multiplier, Plus, TensorTerm};
pub(crate) use twiddles::Twiddles;
