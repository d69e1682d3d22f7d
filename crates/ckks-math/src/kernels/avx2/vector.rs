//! Four residues at a time, as doubles.
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

/// Doubles that hold integers.
pub(crate) type V = __m256d;
/// Words.
pub(crate) type Words = __m256i;

/// Words of a vector.
pub(crate) const LANES: usize = 4;

const ROUND: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

const TWO_52: f64 = (1u64 << 52) as f64;

/// Reads four words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_words(words: &[u64; LANES]) -> Words {
    // SAFETY: an array of four words is 32 readable bytes; the load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// Writes four words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn store_words(words: &mut [u64; LANES], v: Words) {
    // SAFETY: an array of four words is 32 writable bytes; the store asks for no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), v) }
}

/// Reads four doubles.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load(doubles: &[f64; LANES]) -> V {
    // SAFETY: an array of four doubles is 32 readable bytes; the load asks for no alignment.
    unsafe { _mm256_loadu_pd(doubles.as_ptr()) }
}

/// Reads four doubles that [`store_bits`] left among words.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_bits(words: &[u64; LANES]) -> V {
    _mm256_castsi256_pd(load_words(words))
}

/// Writes four doubles in place of words, bit by bit.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn store_bits(words: &mut [u64; LANES], v: V) {
    store_words(words, _mm256_castpd_si256(v));
}

/// A limb, or part of one, as vectors: these are always whole cache lines.
pub(crate) fn vectors(words: &[u64]) -> &[[u64; LANES]] {
    let (vectors, rest) = words.as_chunks();
    assert!(rest.is_empty(), "{} words are no whole vectors", words.len());
    vectors
}

/// As [`vectors`], to write.
pub(crate) fn vectors_mut(words: &mut [u64]) -> &mut [[u64; LANES]] {
    let (vectors, rest) = words.as_chunks_mut();
    assert!(rest.is_empty(), "a limb is whole vectors");
    vectors
}

/// The same number in every lane.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn splat(x: f64) -> V {
    _mm256_set1_pd(x)
}

/// The same word in every lane.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn splat_word(word: u64) -> Words {
    _mm256_set1_epi64x(word as i64)
}

/// Words below 2^52 as doubles: behind the exponent of 2^52 they are the fraction of 2^52 + x.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn to_doubles(words: Words) -> V {
    let shifted = _mm256_or_si256(words, splat_word(TWO_52.to_bits()));
    sub(_mm256_castsi256_pd(shifted), splat(TWO_52))
}

/// Reads four words below 2^52 as doubles.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn load_residues(words: &[u64; LANES]) -> V {
    to_doubles(load_words(words))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn add(a: V, b: V) -> V {
    _mm256_add_pd(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub(a: V, b: V) -> V {
    _mm256_sub_pd(a, b)
}

/// `a b`, rounded.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul(a: V, b: V) -> V {
    _mm256_mul_pd(a, b)
}

/// `a b + c`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_add(a: V, b: V, c: V) -> V {
    _mm256_fmadd_pd(a, b, c)
}

/// `a b - c`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn mul_sub(a: V, b: V, c: V) -> V {
    _mm256_fmsub_pd(a, b, c)
}

/// `c - a b`, rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn sub_product(c: V, a: V, b: V) -> V {
    _mm256_fnmadd_pd(a, b, c)
}

/// To the nearest integer.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) fn round(x: V) -> V {
    _mm256_round_pd::<ROUND>(x)
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

/// Four factors.
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
        let bits = _mm256_castpd_si256(add(x, middle));
        self.lift(_mm256_sub_epi64(bits, _mm256_castpd_si256(middle)))
    }

    /// The residues, as words, of integers s with |s| <= (2 - 2^-50) p.
    ///
    /// (s + 1/2)/p is at least 1/2p > 2^-51 from every integer, and it is found to 2^-52 of itself, so its floor is that of s/p.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn floor_words(&self, s: V) -> Words {
        let q = _mm256_floor_pd(mul_add(s, self.inverse, self.half_inverse));
        let shifted = add(sub_product(s, q, self.p), splat(TWO_52));
        _mm256_xor_si256(_mm256_castpd_si256(shifted), splat_word(TWO_52.to_bits()))
    }

    /// Adds p to negative words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn lift(&self, x: Words) -> Words {
        let lifted = _mm256_castsi256_pd(_mm256_add_epi64(x, self.word));
        let x = _mm256_castsi256_pd(x);
        // Chosen by the sign bit.
        _mm256_castpd_si256(_mm256_blendv_pd(x, lifted, x))
    }

    /// `a + b` of residues.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn add_words(&self, a: Words, b: Words) -> Words {
        self.lift(_mm256_sub_epi64(_mm256_add_epi64(a, b), self.word))
    }

    /// `a - b` of residues.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn sub_words(&self, a: Words, b: Words) -> Words {
        self.lift(_mm256_sub_epi64(a, b))
    }
}
