//! Operations that both sets of kernels for 512-bit vectors share. They move words but do not compute with them.
#![allow(unsafe_code)] // Loads and stores of whole vectors.

pub(crate) mod permute;
mod transpose;

use std::arch::x86_64::*;

pub(crate) use transpose::transposed;

use super::lanes::LANES;

/// Reads eight words.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: an array of eight words is 64 readable bytes; the load asks for no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

/// Writes eight words.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(words: &mut [u64; LANES], v: __m512i) {
    // SAFETY: an array of eight words is 64 writable bytes; the store asks for no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), v) }
}

/// Whether this machine has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")
}
