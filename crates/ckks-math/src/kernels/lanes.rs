//! Limbs as vectors of eight words, one cache line each, in every backend.

/// Words of a vector.
pub(crate) const LANES: usize = 8;

/// The vectors of a limb, or of a part of one that consists of whole cache lines.
#[cfg(target_arch = "x86_64")]
pub(crate) fn vectors(words: &[u64]) -> &[[u64; LANES]] {
    let (vectors, rest) = words.as_chunks();
    assert!(rest.is_empty(), "{} words are no whole vectors", words.len());
    vectors
}

/// [`vectors`], to be written.
#[cfg(target_arch = "x86_64")]
pub(crate) fn vectors_mut(words: &mut [u64]) -> &mut [[u64; LANES]] {
    let (vectors, rest) = words.as_chunks_mut();
    assert!(rest.is_empty(), "a limb is whole vectors");
    vectors
}

/// Prefetches a vector.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn ask_for(vector: &[u64; LANES]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: SSE belongs to every x86-64 processor, and asking changes no memory.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(vector.as_ptr().cast()) };
}
