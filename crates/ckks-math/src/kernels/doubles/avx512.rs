//! AVX-512 without integer multiply-add: eight lanes in one register.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use super::isa::{self, Isa};
use crate::kernels::{
    avx512,
    lanes::LANES,
    packed::{Packed, WINDOW, mask},
};

/// The instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// Eight doubles.
#[derive(Clone, Copy)]
pub(crate) struct Doubles(__m512d);

/// Eight words.
#[derive(Clone, Copy)]
pub(crate) struct Words(__m512i);

/// Runs instructions of the set.
macro_rules! present {
    ($instructions:expr) => {
        // SAFETY: there is a value of `Avx512` or a vector, and both come from `Avx512::detect` alone.
        unsafe { $instructions }
    };
}

const TWO_52: f64 = (1u64 << 52) as f64;

impl Isa for Avx512 {
    type Doubles = Doubles;
    type Words = Words;
    type Unpack = Unpack;

    const ROOMY: bool = true;

    fn detect() -> Option<Self> {
        let present = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        present.then_some(Self(()))
    }

    #[inline(always)]
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
        fn compiled<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        present!(compiled(kernel))
    }

    #[inline(always)]
    fn splat(self, x: f64) -> Doubles {
        present!(Doubles(_mm512_set1_pd(x)))
    }

    #[inline(always)]
    fn splat_word(self, word: u64) -> Words {
        present!(Words(_mm512_set1_epi64(word as i64)))
    }

    #[inline(always)]
    fn load(self, doubles: &[f64; LANES]) -> Doubles {
        // SAFETY: as `present`; an array of eight doubles is 64 readable bytes, and the load asks for no alignment.
        unsafe { Doubles(_mm512_loadu_pd(doubles.as_ptr())) }
    }

    #[inline(always)]
    fn load_words(self, words: &[u64; LANES]) -> Words {
        // SAFETY: as `present`; an array of eight words is 64 readable bytes, and the load asks for no alignment.
        unsafe { Words(_mm512_loadu_si512(words.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8; LANES]) -> Words {
        present!(Words(_mm512_cvtepu8_epi64(_mm_cvtsi64_si128(i64::from_le_bytes(*bytes)))))
    }

    #[inline(always)]
    fn unpack(self, bits: usize) -> Unpack {
        Unpack::new(bits)
    }

    #[inline(always)]
    fn unpacked(self, unpack: &Unpack, window: &[u8; WINDOW]) -> Words {
        // SAFETY: as `present`; a window is 64 readable bytes, and the load asks for no alignment.
        let window = unsafe { _mm512_loadu_si512(window.as_ptr().cast()) };
        present!({
            let pairs = _mm512_permutexvar_epi32(unpack.quarters, window);
            let words = _mm512_shuffle_epi8(pairs, unpack.bytes);
            Words(_mm512_and_si512(_mm512_srlv_epi64(words, unpack.shifts), unpack.mask))
        })
    }
}

/// Tables that unpack words, two at a time from the sixteen bytes that hold them. These start on a quarter of a
/// register's lane.
pub(crate) struct Unpack {
    /// The four source bytes of each quarter of a pair, by their number in the window.
    quarters: __m512i,
    /// The eight bytes of each word, counted from the start of its pair.
    bytes: __m512i,
    shifts: __m512i,
    mask: __m512i,
}

impl Unpack {
    #[inline(always)]
    fn new(bits: usize) -> Self {
        let mut quarters = [0u32; 16];
        let mut bytes = [0u8; 64];
        let mut shifts = [0u64; LANES];
        for lane in 0..LANES {
            let first = Packed::place(bits, lane / 2 * 2).0 / 4;
            for quarter in 0..4 {
                quarters[lane / 2 * 4 + quarter] = (first + quarter) as u32;
            }
            let (start, shift) = Packed::place(bits, lane);
            let start = start - 4 * first;
            // Bytes beyond the sixteen of the pair hold no part of the word.
            assert!(8 * start + shift + bits <= 128 && shift + bits <= 64);
            for byte in 0..8 {
                bytes[8 * lane + byte] = (start + byte).min(15) as u8;
            }
            shifts[lane] = shift as u64;
        }
        Self {
            quarters: zerocopy::transmute!(quarters),
            bytes: zerocopy::transmute!(bytes),
            shifts: zerocopy::transmute!(shifts),
            mask: zerocopy::transmute!([mask(bits); LANES]),
        }
    }
}

impl Add for Doubles {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        present!(Self(_mm512_add_pd(self.0, b.0)))
    }
}

impl Sub for Doubles {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        present!(Self(_mm512_sub_pd(self.0, b.0)))
    }
}

impl Mul for Doubles {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        present!(Self(_mm512_mul_pd(self.0, b.0)))
    }
}

impl isa::Doubles for Doubles {
    type Words = Words;

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        present!(Self(_mm512_fmadd_pd(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn mul_sub(self, b: Self, c: Self) -> Self {
        present!(Self(_mm512_fmsub_pd(self.0, b.0, c.0)))
    }

    #[inline(always)]
    fn less_product(self, a: Self, b: Self) -> Self {
        present!(Self(_mm512_fnmadd_pd(a.0, b.0, self.0)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        present!(Self(_mm512_roundscale_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)))
    }

    #[inline(always)]
    fn floor(self) -> Self {
        present!(Self(_mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(self.0)))
    }

    /// Adding 2^52 with rounding down gives the floor, which the fraction of the sum holds.
    #[inline(always)]
    fn floor_of_product(self, b: Self) -> Words {
        const DOWN: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
        present!({
            let two_52 = _mm512_set1_pd(TWO_52);
            let rounded = _mm512_fmadd_round_pd::<DOWN>(self.0, b.0, two_52);
            Words(_mm512_sub_epi64(_mm512_castpd_si512(rounded), _mm512_castpd_si512(two_52)))
        })
    }

    #[inline(always)]
    fn to_words(self) -> Words {
        present!(Words(_mm512_cvtpd_epi64(self.0)))
    }

    #[inline(always)]
    fn store_bits(self, words: &mut [u64; LANES]) {
        isa::Words::store(present!(Words(_mm512_castpd_si512(self.0))), words);
    }

    #[inline(always)]
    fn reversed(self) -> Self {
        present!(Self(_mm512_permutexvar_pd(_mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), self.0)))
    }

    #[inline(always)]
    fn transposed(x: [Self; LANES]) -> [Self; LANES] {
        let mut words = [present!(_mm512_setzero_si512()); LANES];
        for i in 0..LANES {
            words[i] = present!(_mm512_castpd_si512(x[i].0));
        }
        let words = present!(avx512::transposed(words));
        let mut out = x;
        for i in 0..LANES {
            out[i] = present!(Self(_mm512_castsi512_pd(words[i])));
        }
        out
    }
}

impl Add for Words {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        present!(Self(_mm512_add_epi64(self.0, b.0)))
    }
}

impl Sub for Words {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        present!(Self(_mm512_sub_epi64(self.0, b.0)))
    }
}

impl isa::Words for Words {
    type Doubles = Doubles;

    #[inline(always)]
    fn store(self, words: &mut [u64; LANES]) {
        // SAFETY: as `present`; an array of eight words is 64 writable bytes, and the store asks for no alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn to_bytes(self) -> [u8; LANES] {
        present!(_mm_cvtsi128_si64(_mm512_cvtepi64_epi8(self.0))).to_le_bytes()
    }

    #[inline(always)]
    fn to_doubles(self) -> Doubles {
        present!(Doubles(_mm512_cvtepi64_pd(self.0)))
    }

    #[inline(always)]
    fn bits_as_doubles(self) -> Doubles {
        present!(Doubles(_mm512_castsi512_pd(self.0)))
    }

    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        present!(Self(_mm512_srl_epi64(self.0, _mm_cvtsi32_si128(bits as i32))))
    }

    #[inline(always)]
    fn where_above(self, bound: Self, value: Doubles) -> Doubles {
        present!(Doubles(_mm512_maskz_mov_pd(_mm512_cmpgt_epi64_mask(self.0, bound.0), value.0)))
    }

    /// Read as unsigned, a negative word is the larger one.
    #[inline(always)]
    fn lifted(self, p: Self) -> Self {
        present!(Self(_mm512_min_epu64(self.0, _mm512_add_epi64(self.0, p.0))))
    }
}
