//! 4 x 4 doubles.

use std::arch::x86_64::*;

use super::super::vector::V;

/// Lane j of vector i becomes lane i of vector j.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn transpose([a, b, c, d]: [V; 4]) -> [V; 4] {
    // Even and odd words of two rows, then lower and upper halves of both pairs.
    let (ab0, ab1) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (cd0, cd1) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab0, cd0),
        _mm256_permute2f128_pd::<0x20>(ab1, cd1),
        _mm256_permute2f128_pd::<0x31>(ab0, cd0),
        _mm256_permute2f128_pd::<0x31>(ab1, cd1),
    ]
}
