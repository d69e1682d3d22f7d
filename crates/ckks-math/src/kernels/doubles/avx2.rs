//! AVX2 with FMA: eight lanes in two registers. Two independent chains of instructions hide each other's latency.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use super::isa::{self, Isa};
use crate::kernels::{
    lanes::LANES,
    packed::{Packed, WINDOW, mask},
};

/// The instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// Eight doubles.
#[derive(Clone, Copy)]
pub(crate) struct Doubles(__m256d, __m256d);

/// Eight words.
#[derive(Clone, Copy)]
pub(crate) struct Words(__m256i, __m256i);

/// Runs instructions of the set.
macro_rules! present {
    ($instructions:expr) => {
        // SAFETY: there is a value of `Avx2` or a vector, and both come from `Avx2::detect` alone.
        unsafe { $instructions }
    };
}

const TWO_52: f64 = (1u64 << 52) as f64;

impl Isa for Avx2 {
    type Doubles = Doubles;
    type Words = Words;
    type Unpack = Unpack;

    const ROOMY: bool = false;

    fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    #[inline(always)]
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        present!(compiled(kernel))
    }

    #[inline(always)]
    fn splat(self, x: f64) -> Doubles {
        present!(Doubles(_mm256_set1_pd(x), _mm256_set1_pd(x)))
    }

    #[inline(always)]
    fn splat_word(self, word: u64) -> Words {
        present!(Words(_mm256_set1_epi64x(word as i64), _mm256_set1_epi64x(word as i64)))
    }

    #[inline(always)]
    fn load(self, doubles: &[f64; LANES]) -> Doubles {
        // SAFETY: as `present`; an array of eight doubles is twice 32 readable bytes, and the load asks for no alignment.
        unsafe { Doubles(_mm256_loadu_pd(doubles.as_ptr()), _mm256_loadu_pd(doubles.as_ptr().add(4))) }
    }

    #[inline(always)]
    fn load_words(self, words: &[u64; LANES]) -> Words {
        let words: *const __m256i = words.as_ptr().cast();
        // SAFETY: as `present`; an array of eight words is twice 32 readable bytes, and the load asks for no alignment.
        unsafe { Words(_mm256_loadu_si256(words), _mm256_loadu_si256(words.add(1))) }
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8; LANES]) -> Words {
        let word = i64::from_le_bytes(*bytes);
        present!(Words(
            _mm256_cvtepu8_epi64(_mm_cvtsi64_si128(word)),
            _mm256_cvtepu8_epi64(_mm_cvtsi64_si128(word >> 32))
        ))
    }

    #[inline(always)]
    fn unpack(self, bits: usize) -> Unpack {
        Unpack::new(bits)
    }

    #[inline(always)]
    fn unpacked(self, unpack: &Unpack, window: &[u8; WINDOW]) -> Words {
        Words(unpack.half(window, 0), unpack.half(window, 1))
    }
}

/// Tables that unpack words, two at a time from the sixteen bytes that hold them.
pub(crate) struct Unpack {
    /// The first byte of each pair of words.
    starts: [usize; 4],
    /// The eight bytes of each word, counted from the start of its pair.
    bytes: [__m256i; 2],
    shifts: [__m256i; 2],
    mask: __m256i,
}

impl Unpack {
    #[inline(always)]
    fn new(bits: usize) -> Self {
        let place = |lane| Packed::place(bits, lane);
        let starts = [0, 2, 4, 6].map(|lane| place(lane).0);
        assert!(starts[3] + 16 <= WINDOW && bits <= 52);
        let mut bytes = [[0u8; 32]; 2];
        let mut shifts = [[0u64; 4]; 2];
        for lane in 0..LANES {
            let (start, shift) = place(lane);
            shifts[lane / 4][lane % 4] = shift as u64;
            for byte in 0..8 {
                bytes[lane / 4][lane % 4 * 8 + byte] = (start - starts[lane / 2] + byte) as u8;
            }
        }
        Self {
            starts,
            bytes: zerocopy::transmute!(bytes),
            shifts: zerocopy::transmute!(shifts),
            mask: zerocopy::transmute!([mask(bits); 4]),
        }
    }

    #[inline(always)]
    fn half(&self, window: &[u8; WINDOW], i: usize) -> __m256i {
        let (low, high) = (self.starts[2 * i], self.starts[2 * i + 1]);
        // SAFETY: as `present`; `new` found sixteen bytes of a window from each start on, and the load asks for no alignment.
        let pairs = unsafe {
            let (low, high) = (window.as_ptr().add(low).cast(), window.as_ptr().add(high).cast());
            _mm256_set_m128i(_mm_loadu_si128(high), _mm_loadu_si128(low))
        };
        present!({
            let words = _mm256_shuffle_epi8(pairs, self.bytes[i]);
            _mm256_and_si256(_mm256_srlv_epi64(words, self.shifts[i]), self.mask)
        })
    }
}

impl Add for Doubles {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        present!(Self(_mm256_add_pd(self.0, b.0), _mm256_add_pd(self.1, b.1)))
    }
}

impl Sub for Doubles {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        present!(Self(_mm256_sub_pd(self.0, b.0), _mm256_sub_pd(self.1, b.1)))
    }
}

impl Mul for Doubles {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        present!(Self(_mm256_mul_pd(self.0, b.0), _mm256_mul_pd(self.1, b.1)))
    }
}

impl Doubles {
    #[inline(always)]
    fn bits_as_words(self) -> Words {
        present!(Words(_mm256_castpd_si256(self.0), _mm256_castpd_si256(self.1)))
    }

    /// All bits where x < 0 and none elsewhere: -1 or 0 as words.
    #[inline(always)]
    fn is_negative(self) -> Words {
        present!({
            let zero = _mm256_setzero_pd();
            Self(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, zero), _mm256_cmp_pd::<_CMP_LT_OQ>(self.1, zero))
        })
        .bits_as_words()
    }
}

impl isa::Doubles for Doubles {
    type Words = Words;

    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        present!(Self(_mm256_fmadd_pd(self.0, b.0, c.0), _mm256_fmadd_pd(self.1, b.1, c.1)))
    }

    #[inline(always)]
    fn mul_sub(self, b: Self, c: Self) -> Self {
        present!(Self(_mm256_fmsub_pd(self.0, b.0, c.0), _mm256_fmsub_pd(self.1, b.1, c.1)))
    }

    #[inline(always)]
    fn less_product(self, a: Self, b: Self) -> Self {
        present!(Self(_mm256_fnmadd_pd(a.0, b.0, self.0), _mm256_fnmadd_pd(a.1, b.1, self.1)))
    }

    #[inline(always)]
    fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        present!(Self(_mm256_round_pd::<NEAREST>(self.0), _mm256_round_pd::<NEAREST>(self.1)))
    }

    #[inline(always)]
    fn floor(self) -> Self {
        present!(Self(_mm256_floor_pd(self.0), _mm256_floor_pd(self.1)))
    }

    /// Adding 2^52 rounds to an integer, which the fraction of the sum holds. The difference from x is exact. Where
    /// it is negative, the floor is one less.
    #[inline(always)]
    fn floor_of_product(self, b: Self) -> Words {
        let two_52 = Avx2(()).splat(TWO_52);
        let rounded = self.mul_add(b, two_52);
        let rest = self.mul_sub(b, rounded - two_52);
        rounded.bits_as_words() - two_52.bits_as_words() + rest.is_negative()
    }

    /// The fraction of 3/2 2^52 + x minus that of 3/2 2^52 is x in two's complement.
    #[inline(always)]
    fn to_words(self) -> Words {
        let middle = Avx2(()).splat(1.5 * TWO_52);
        (self + middle).bits_as_words() - middle.bits_as_words()
    }

    #[inline(always)]
    fn store_bits(self, words: &mut [u64; LANES]) {
        isa::Words::store(self.bits_as_words(), words);
    }

    #[inline(always)]
    fn reversed(self) -> Self {
        present!(Self(_mm256_permute4x64_pd::<0x1b>(self.1), _mm256_permute4x64_pd::<0x1b>(self.0)))
    }

    #[inline(always)]
    fn transposed(x: [Self; LANES]) -> [Self; LANES] {
        let [a, b, c, d] = transposed_4([x[0].0, x[1].0, x[2].0, x[3].0]);
        let [e, f, g, h] = transposed_4([x[0].1, x[1].1, x[2].1, x[3].1]);
        let [i, j, k, l] = transposed_4([x[4].0, x[5].0, x[6].0, x[7].0]);
        let [m, n, o, p] = transposed_4([x[4].1, x[5].1, x[6].1, x[7].1]);
        [Self(a, i), Self(b, j), Self(c, k), Self(d, l), Self(e, m), Self(f, n), Self(g, o), Self(h, p)]
    }
}

#[inline(always)]
fn transposed_4([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    present!({
        // Even and odd words of two rows, then lower and upper halves of both pairs.
        let (ab0, ab1) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd0, cd1) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab0, cd0),
            _mm256_permute2f128_pd::<0x20>(ab1, cd1),
            _mm256_permute2f128_pd::<0x31>(ab0, cd0),
            _mm256_permute2f128_pd::<0x31>(ab1, cd1),
        ]
    })
}

impl Add for Words {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        present!(Self(_mm256_add_epi64(self.0, b.0), _mm256_add_epi64(self.1, b.1)))
    }
}

impl Sub for Words {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        present!(Self(_mm256_sub_epi64(self.0, b.0), _mm256_sub_epi64(self.1, b.1)))
    }
}

impl isa::Words for Words {
    type Doubles = Doubles;

    #[inline(always)]
    fn store(self, words: &mut [u64; LANES]) {
        let words: *mut __m256i = words.as_mut_ptr().cast();
        // SAFETY: as `present`; an array of eight words is twice 32 writable bytes, and the store asks for no alignment.
        unsafe {
            _mm256_storeu_si256(words, self.0);
            _mm256_storeu_si256(words.add(1), self.1);
        }
    }

    #[inline(always)]
    fn to_bytes(self) -> [u8; LANES] {
        let mut words = [0; LANES];
        self.store(&mut words);
        words.map(|word| word as u8)
    }

    /// A word x under the exponent of 2^52 is the double 2^52 + x.
    #[inline(always)]
    fn to_doubles(self) -> Doubles {
        let two_52 = Avx2(()).splat(TWO_52);
        let exponent = two_52.bits_as_words();
        let shifted =
            present!(Self(_mm256_or_si256(self.0, exponent.0), _mm256_or_si256(self.1, exponent.1)));
        shifted.bits_as_doubles() - two_52
    }

    #[inline(always)]
    fn bits_as_doubles(self) -> Doubles {
        present!(Doubles(_mm256_castsi256_pd(self.0), _mm256_castsi256_pd(self.1)))
    }

    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        present!({
            let bits = _mm_cvtsi32_si128(bits as i32);
            Self(_mm256_srl_epi64(self.0, bits), _mm256_srl_epi64(self.1, bits))
        })
    }

    #[inline(always)]
    fn where_above(self, bound: Self, value: Doubles) -> Doubles {
        let mask = present!(Self(_mm256_cmpgt_epi64(self.0, bound.0), _mm256_cmpgt_epi64(self.1, bound.1)));
        let mask = mask.bits_as_doubles();
        present!(Doubles(_mm256_and_pd(mask.0, value.0), _mm256_and_pd(mask.1, value.1)))
    }

    #[inline(always)]
    fn lifted(self, p: Self) -> Self {
        let (lifted, x) = ((self + p).bits_as_doubles(), self.bits_as_doubles());
        // The sign bit selects.
        let chosen =
            present!(Doubles(_mm256_blendv_pd(x.0, lifted.0, x.0), _mm256_blendv_pd(x.1, lifted.1, x.1)));
        chosen.bits_as_words()
    }
}
