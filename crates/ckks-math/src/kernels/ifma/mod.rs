//! Kernels for 512-bit vectors with 52-bit multiply-add.
//!
//! The code is safe except for reads and writes of whole vectors ([`vector`]) and for the calls of functions compiled
//! for this instruction set, which [`super`] guards.
#![allow(unsafe_code)] // Loads and stores of vectors; see above.

pub(crate) mod convert;
pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod ntt;
pub(crate) mod sums;
pub(crate) mod tensor;
mod vector;

/// Whether this machine has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512ifma")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
}
