//! Eight residues at a time, as doubles.
//!
//! Doubles hold integers below 2^53 in magnitude exactly; all sums and differences here stay there. The product y w has up to
//! 103 bits. With h its rounding, l = y w - h is a double again and one fused multiply-add finds it; with q the
//! rounding of y (w/p) to an integer,
//!
//! ```text
//! y w - q p = (h - q p) + l
//! ```
//!
//! where both terms are exact: h - q p = (y w - q p) - l is an integer below 2^53. For |w| <= p/2 and |y| <= c p the quotient is
//! off by at most c p/2 2^-52 beyond its rounding, so the result is within (1/2 + c 2^(b-53)) p, b the bits of p.
//! `docs/notes/ntt.md` has the proof.

use std::arch::x86_64::*;

use crate::Modulus;
pub(crate) use crate::kernels::lanes::{LANES, vectors, vectors_mut};
use crate::kernels::packed::{Packed, WINDOW, mask};

/// Eight doubles that hold integers, in two registers: two chains of instructions side by side hide each other's latency.
#[derive(Clone, Copy)]
pub(crate) struct V(__m256d, __m256d);

/// Eight words.
#[derive(Clone, Copy)]
pub(crate) struct Words(__m256i, __m256i);

const ROUND: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

const TWO_52: f64 = (1u64 << 52) as f64;

/// Reads eight words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_words(words: &[u64; LANES]) -> Words {
    let words: *const __m256i = words.as_ptr().cast();
    // SAFETY: an array of eight words is twice 32 readable bytes; the load asks for no alignment.
    unsafe { Words(_mm256_loadu_si256(words), _mm256_loadu_si256(words.add(1))) }
}

/// Writes eight words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn store_words(words: &mut [u64; LANES], v: Words) {
    let words: *mut __m256i = words.as_mut_ptr().cast();
    // SAFETY: an array of eight words is twice 32 writable bytes; the store asks for no alignment.
    unsafe {
        _mm256_storeu_si256(words, v.0);
        _mm256_storeu_si256(words.add(1), v.1);
    }
}

/// Reads eight doubles.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load(doubles: &[f64; LANES]) -> V {
    // SAFETY: an array of eight doubles is twice 32 readable bytes; the load asks for no alignment.
    unsafe { V(_mm256_loadu_pd(doubles.as_ptr()), _mm256_loadu_pd(doubles.as_ptr().add(4))) }
}

/// Reads eight doubles that [`store_bits`] left among words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_bits(words: &[u64; LANES]) -> V {
    load_words(words).bits_as_doubles()
}

/// Writes eight doubles in place of words, bit by bit.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn store_bits(words: &mut [u64; LANES], v: V) {
    store_words(words, v.bits_as_words());
}

/// The same number in every lane.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn splat(x: f64) -> V {
    V(_mm256_set1_pd(x), _mm256_set1_pd(x))
}

/// The same word in every lane.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn splat_word(word: u64) -> Words {
    Words(_mm256_set1_epi64x(word as i64), _mm256_set1_epi64x(word as i64))
}

impl V {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn bits_as_words(self) -> Words {
        Words(_mm256_castpd_si256(self.0), _mm256_castpd_si256(self.1))
    }
}

impl Words {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn bits_as_doubles(self) -> V {
        V(_mm256_castsi256_pd(self.0), _mm256_castsi256_pd(self.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn add(self, other: Self) -> Self {
        Self(_mm256_add_epi64(self.0, other.0), _mm256_add_epi64(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn sub(self, other: Self) -> Self {
        Self(_mm256_sub_epi64(self.0, other.0), _mm256_sub_epi64(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self(_mm256_xor_si256(self.0, other.0), _mm256_xor_si256(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn shift_left(self, bits: u32) -> Self {
        let bits = _mm_cvtsi32_si128(bits as i32);
        Self(_mm256_sll_epi64(self.0, bits), _mm256_sll_epi64(self.1, bits))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn shift_right<const BITS: i32>(self) -> Self {
        Self(_mm256_srli_epi64::<BITS>(self.0), _mm256_srli_epi64::<BITS>(self.1))
    }

    /// `value` where words below 2^63 are above `bound`, else zero.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn where_above(self, bound: Self, value: V) -> V {
        let mask = |x, bound| _mm256_castsi256_pd(_mm256_cmpgt_epi64(x, bound));
        V(_mm256_and_pd(mask(self.0, bound.0), value.0), _mm256_and_pd(mask(self.1, bound.1), value.1))
    }

    /// Words below 2^52 as doubles: behind the exponent of 2^52 they are the fraction of 2^52 + x.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn to_doubles(self) -> V {
        let exponent = splat_word(TWO_52.to_bits());
        let shifted = Self(_mm256_or_si256(self.0, exponent.0), _mm256_or_si256(self.1, exponent.1));
        sub(shifted.bits_as_doubles(), splat(TWO_52))
    }
}

/// Reads eight words below 2^52 as doubles.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_residues(words: &[u64; LANES]) -> V {
    load_words(words).to_doubles()
}

/// Takes packed words apart: two at a time from the sixteen bytes in which they lie.
pub(crate) struct Unpack {
    bits: usize,
    /// The byte in which each pair of words starts.
    starts: [usize; 4],
    /// The eight bytes of each word, from the start of its pair.
    bytes: [__m256i; 2],
    shifts: [__m256i; 2],
    mask: __m256i,
}

impl Unpack {
    /// For words of `bits` bits.
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn new(bits: usize) -> Self {
        let place = |lane| Packed::place(bits, lane);
        let starts = [0, 2, 4, 6].map(|lane| place(lane).0);
        let mut bytes = [[0u8; 32]; 2];
        let mut shifts = [[0u64; 4]; 2];
        for lane in 0..LANES {
            let (start, shift) = place(lane);
            shifts[lane / 4][lane % 4] = shift as u64;
            for byte in 0..8 {
                bytes[lane / 4][lane % 4 * 8 + byte] = (start - starts[lane / 2] + byte) as u8;
            }
        }
        let words = |words: &[u64; 4]| -> __m256i { zerocopy::transmute!(*words) };
        let table = |bytes: &[u8; 32]| -> __m256i { zerocopy::transmute!(*bytes) };
        Self {
            bits,
            starts,
            bytes: [table(&bytes[0]), table(&bytes[1])],
            shifts: [words(&shifts[0]), words(&shifts[1])],
            mask: words(&[mask(bits); 4]),
        }
    }

    /// The eight words that start a window, below 2^52, as doubles.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn residues(&self, window: &[u8; WINDOW]) -> V {
        debug_assert!(self.starts[3] + 16 <= WINDOW && self.bits <= 52);
        let half = |i: usize| {
            let pair = |start: usize| -> __m128i {
                // SAFETY: a pair of words of at most 52 bits starts in byte 39 at the latest: sixteen bytes are in the window.
                unsafe { _mm_loadu_si128(window.as_ptr().add(start).cast()) }
            };
            let pairs = _mm256_set_m128i(pair(self.starts[2 * i + 1]), pair(self.starts[2 * i]));
            let words = _mm256_shuffle_epi8(pairs, self.bytes[i]);
            _mm256_and_si256(_mm256_srlv_epi64(words, self.shifts[i]), self.mask)
        };
        Words(half(0), half(1)).to_doubles()
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn add(a: V, b: V) -> V {
    V(_mm256_add_pd(a.0, b.0), _mm256_add_pd(a.1, b.1))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub(a: V, b: V) -> V {
    V(_mm256_sub_pd(a.0, b.0), _mm256_sub_pd(a.1, b.1))
}

/// `a b`, rounded.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul(a: V, b: V) -> V {
    V(_mm256_mul_pd(a.0, b.0), _mm256_mul_pd(a.1, b.1))
}

/// `a b + c`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_add(a: V, b: V, c: V) -> V {
    V(_mm256_fmadd_pd(a.0, b.0, c.0), _mm256_fmadd_pd(a.1, b.1, c.1))
}

/// `a b - c`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_sub(a: V, b: V, c: V) -> V {
    V(_mm256_fmsub_pd(a.0, b.0, c.0), _mm256_fmsub_pd(a.1, b.1, c.1))
}

/// `c - a b`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub_product(c: V, a: V, b: V) -> V {
    V(_mm256_fnmadd_pd(a.0, b.0, c.0), _mm256_fnmadd_pd(a.1, b.1, c.1))
}

/// To the nearest integer.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn round(x: V) -> V {
    V(_mm256_round_pd::<ROUND>(x.0), _mm256_round_pd::<ROUND>(x.1))
}

/// All bits where x < 0, none elsewhere: as words, -1 or 0.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn is_negative(x: V) -> Words {
    let zero = _mm256_setzero_pd();
    V(_mm256_cmp_pd::<_CMP_LT_OQ>(x.0, zero), _mm256_cmp_pd::<_CMP_LT_OQ>(x.1, zero)).bits_as_words()
}

/// The lanes in reverse.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn reversed(x: V) -> V {
    V(_mm256_permute4x64_pd::<0x1b>(x.1), _mm256_permute4x64_pd::<0x1b>(x.0))
}

/// Lane j of vector i becomes lane i of vector j.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn transpose(x: [V; LANES]) -> [V; LANES] {
    let [a, b, c, d] = transpose_4([x[0].0, x[1].0, x[2].0, x[3].0]);
    let [e, f, g, h] = transpose_4([x[0].1, x[1].1, x[2].1, x[3].1]);
    let [i, j, k, l] = transpose_4([x[4].0, x[5].0, x[6].0, x[7].0]);
    let [m, n, o, p] = transpose_4([x[4].1, x[5].1, x[6].1, x[7].1]);
    [V(a, i), V(b, j), V(c, k), V(d, l), V(e, m), V(f, n), V(g, o), V(h, p)]
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn transpose_4([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
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

/// A constant factor: w in (-p/2, p/2) and w/p.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Factor {
    pub(crate) w: f64,
    pub(crate) quotient: f64,
}

impl Factor {
    /// From a residue.
    pub(crate) fn new(m: &Modulus, w: u64) -> Self {
        let w = centred(m, w);
        Self { w, quotient: w / m.value() as f64 }
    }

    /// Both numbers in every lane.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn splat(&self) -> Root {
        Root { w: splat(self.w), quotient: splat(self.quotient) }
    }
}

/// The representative of a residue in (-p/2, p/2).
pub(crate) fn centred(m: &Modulus, w: u64) -> f64 {
    if w > m.value() / 2 { -((m.value() - w) as f64) } else { w as f64 }
}

/// Eight factors.
#[derive(Clone, Copy)]
pub(crate) struct Root {
    pub(crate) w: V,
    pub(crate) quotient: V,
}

/// A prime in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Prime {
    pub(crate) p: V,
    /// 1/p, rounded.
    pub(crate) inverse: V,
    half_inverse: V,
    word: Words,
}

impl Prime {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn new(m: &Modulus) -> Self {
        let p = m.value() as f64;
        Self {
            p: splat(p),
            inverse: splat(1.0 / p),
            half_inverse: splat(0.5 / p),
            word: splat_word(m.value()),
        }
    }

    /// `y w` within (1/2 + c 2^(b-53)) p for |y| <= c p: see above.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn mul(&self, y: V, factor: Root) -> V {
        let q = round(mul(y, factor.quotient));
        let h = mul(y, factor.w);
        let l = mul_sub(y, factor.w, h);
        add(sub_product(h, q, self.p), l)
    }

    /// `x y` in (-p, p) for residues x and y.
    ///
    /// The quotient, below 2^50, is off by at most three roundings of 2^-53 each: 3/8 beyond its rounding.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn mul_residues(&self, x: V, y: V) -> V {
        let h = mul(x, y);
        let l = mul_sub(x, y, h);
        let q = round(mul(h, self.inverse));
        add(sub_product(h, q, self.p), l)
    }

    /// `x` less the nearest multiple of p, or one as good as: within p/2 + 2 for |x| <= 2^53.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn reduce(&self, x: V) -> V {
        sub_product(x, round(mul(x, self.inverse)), self.p)
    }

    /// The residues, as words, of integers in (-p, p).
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn residue_words(&self, x: V) -> Words {
        // The fraction of 3/2 2^52 + x, less that of 3/2 2^52, is x in two's complement.
        let middle = splat(1.5 * TWO_52);
        self.lift(add(x, middle).bits_as_words().sub(middle.bits_as_words()))
    }

    /// The residues, as words, of integers s with |s| <= (2 - 2^-50) p.
    ///
    /// (s + 1/2)/p is at least 1/2p > 2^-51 from every integer, and it is found to 2^-52 of itself, so its floor is that of s/p.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn floor_words(&self, s: V) -> Words {
        let q = mul_add(s, self.inverse, self.half_inverse);
        let q = V(_mm256_floor_pd(q.0), _mm256_floor_pd(q.1));
        add(sub_product(s, q, self.p), splat(TWO_52)).bits_as_words().xor(splat_word(TWO_52.to_bits()))
    }

    /// Adds p to negative words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn lift(&self, x: Words) -> Words {
        let (lifted, x) = (x.add(self.word).bits_as_doubles(), x.bits_as_doubles());
        // Chosen by the sign bit.
        V(_mm256_blendv_pd(x.0, lifted.0, x.0), _mm256_blendv_pd(x.1, lifted.1, x.1)).bits_as_words()
    }

    /// `a + b` of residues.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn add_words(&self, a: Words, b: Words) -> Words {
        self.lift(a.add(b).sub(self.word))
    }

    /// `a - b` of residues.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn sub_words(&self, a: Words, b: Words) -> Words {
        self.lift(a.sub(b))
    }
}
