//! Transposes 8 x 8 words.

use std::arch::x86_64::*;

/// Lane j of vector i becomes lane i of vector j.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Pairs of rows, with words (2k, 2k) and (2k+1, 2k+1) side by side.
    let (ab0, ab1) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (cd0, cd1) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    let (ef0, ef1) = (_mm512_unpacklo_epi64(e, f), _mm512_unpackhi_epi64(e, f));
    let (gh0, gh1) = (_mm512_unpacklo_epi64(g, h), _mm512_unpackhi_epi64(g, h));
    // Quarters of four rows: even words of the pair (0x88) and odd ones (0xdd).
    let (abcd0, abcd2) = halves(ab0, cd0);
    let (abcd1, abcd3) = halves(ab1, cd1);
    let (efgh0, efgh2) = halves(ef0, gh0);
    let (efgh1, efgh3) = halves(ef1, gh1);
    let (r0, r4) = halves(abcd0, efgh0);
    let (r1, r5) = halves(abcd1, efgh1);
    let (r2, r6) = halves(abcd2, efgh2);
    let (r3, r7) = halves(abcd3, efgh3);
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// Returns quarters 0 and 2 of both, and quarters 1 and 3 of both.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves(x: __m512i, y: __m512i) -> (__m512i, __m512i) {
    (_mm512_shuffle_i64x2::<0x88>(x, y), _mm512_shuffle_i64x2::<0xdd>(x, y))
}
