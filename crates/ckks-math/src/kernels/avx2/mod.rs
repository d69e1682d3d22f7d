//! Kernels for 256-bit vectors of doubles with fused multiply-add.
//!
//! x86-64 before AVX-512 IFMA multiplies vectors of 32-bit integers only, but of 53-bit ones as doubles: the product's
//! upper half is its rounding, the lower half comes from one fused multiply-add, exactly. Inside a kernel residues are
//! doubles that hold integers, signed and lazily reduced; at its boundary they are words like everyone's.
//!
//! Everything here is safe code but for reads and writes of whole vectors ([`vector`]) and for the entry into functions
//! compiled for this instruction set, which [`super`] guards.
#![allow(unsafe_code)] // Loads and stores of vectors; see above.

pub(crate) mod convert;
pub(crate) mod dot;
pub(crate) mod elementwise;
pub(crate) mod ntt;
mod sum;
mod vector;

/// Whether this machine has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}
