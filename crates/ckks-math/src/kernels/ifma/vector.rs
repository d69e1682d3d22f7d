//! Arithmetic on eight residues at a time.
//!
//! The multiplier reads 52 bits of each factor and returns the lower or the upper 52 bits of the product. With w' = w
//! p^-1 mod 2^52 and q = lo(y w'), the lower halves of y w and q p are equal, so
//!
//! ```text
//! (y w - q p) / 2^52 = hi(y w) - hi(q p)   in (-p, p),   congruent to y w 2^-52
//! ```
//!
//! for every y < 2^52 and w < p. This is Shoup's trick with Montgomery's exact quotient. Storing w 2^52 mod p in
//! place of w makes it the product with w, at three multiply-adds and one subtraction.

use std::{arch::x86_64::*, sync::LazyLock};

use crate::Modulus;
use crate::kernels::packed::{Packed, WINDOW, mask};
pub(crate) use crate::kernels::{
    avx512::{load, store},
    lanes::{LANES, vectors, vectors_mut},
};

pub(crate) type V = __m512i;

/// Tables that unpack words.
pub(crate) struct Unpack {
    bits: usize,
    /// The eight bytes of each word.
    bytes: V,
    shifts: V,
    mask: V,
    /// Which later words are prefetched.
    ahead: Ahead,
}

/// Which packed words are prefetched while others are taken apart. Hardware prefetchers do not cross the end of a page, and a key is as
/// many streams as it has digits. What pays differs (`docs/notes/key-switch.md`).
#[derive(Clone, Copy)]
enum Ahead {
    /// None: what pays on AMD's processors before Zen 5.
    Nothing,
    /// Those some vectors ahead, past the second level, where digits are: what pays on Zen 5.
    Near,
    /// Those a page ahead, into the second level: what pays on Intel's.
    Far,
}

static AHEAD: LazyLock<Ahead> = LazyLock::new(|| {
    let vendor = __cpuid(0);
    match &[vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat()[..] {
        b"GenuineIntel" => Ahead::Far,
        b"AuthenticAMD" if family() >= ZEN_5 => Ahead::Near,
        _ => Ahead::Nothing,
    }
});

/// Family of Zen 5.
const ZEN_5: u32 = 26;

/// The processor's family: the base one, and from 15 on what extends it (AMD64 Architecture Programmer's Manual 3, appendix E).
fn family() -> u32 {
    let signature = __cpuid(1).eax;
    let base = signature >> 8 & 15;
    if base < 15 { base } else { base + (signature >> 20 & 255) }
}

impl Unpack {
    /// The tables for words of `bits` bits.
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
    pub(crate) fn new(bits: usize) -> Self {
        let places: [_; LANES] = std::array::from_fn(|lane| Packed::place(bits, lane));
        let bytes = places.map(|(byte, _)| u64::from_le_bytes(std::array::from_fn(|i| (byte + i) as u8)));
        let shifts = places.map(|(_, shift)| shift as u64);
        let (bytes, shifts, mask) = (load(&bytes), load(&shifts), splat(mask(bits)));
        Self { bits, bytes, shifts, mask, ahead: *AHEAD }
    }

    /// The words of `W` vectors of each half.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl,avx512vbmi")]
    pub(crate) fn blocks<const W: usize>(&self, packed: &Packed<'_>, at: usize) -> [[V; W]; 2] {
        let stretch = packed.stretch(at, W);
        assert!((2 * W - 1) * self.bits + WINDOW <= stretch.len());
        let lines = 0..(2 * W * self.bits).div_ceil(64);
        let later = |bytes: usize| stretch.as_ptr().wrapping_add(bytes).cast();
        match self.ahead {
            Ahead::Nothing => {}
            Ahead::Near => lines.for_each(|line| _mm_prefetch::<_MM_HINT_NTA>(later(1280 + 64 * line))),
            Ahead::Far => lines.for_each(|line| _mm_prefetch::<_MM_HINT_T1>(later(4096 + 64 * line))),
        }
        let mut out = [[self.mask; W]; 2];
        for v in 0..W {
            for (half, out) in out.iter_mut().enumerate() {
                // SAFETY: the slice has a window of 64 bytes `bits` bytes after the one before; the load asks for no alignment.
                let window =
                    unsafe { _mm512_loadu_si512(stretch.as_ptr().add((2 * v + half) * self.bits).cast()) };
                let words = _mm512_permutexvar_epi8(self.bytes, window);
                out[v] = _mm512_and_si512(_mm512_srlv_epi64(words, self.shifts), self.mask);
            }
        }
        out
    }
}

/// The same word in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn splat(word: u64) -> V {
    _mm512_set1_epi64(word as i64)
}

/// `acc + lower 52 bits of a b`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn madd_lo(acc: V, a: V, b: V) -> V {
    _mm512_madd52lo_epu64(acc, a, b)
}

/// `acc + upper 52 bits of a b`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn madd_hi(acc: V, a: V, b: V) -> V {
    _mm512_madd52hi_epu64(acc, a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn add(a: V, b: V) -> V {
    _mm512_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn sub(a: V, b: V) -> V {
    _mm512_sub_epi64(a, b)
}

/// `x - m` where `x >= m`, else `x`. A negative difference wraps to the larger word.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn cut(x: V, m: V) -> V {
    _mm512_min_epu64(x, sub(x, m))
}

/// `x + m` where `x < 0`, else `x`, for x in [-m, 2^63). A negative word is the larger one.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
pub(crate) fn lift(x: V, m: V) -> V {
    _mm512_min_epu64(x, add(x, m))
}

/// A constant factor w: `w 2^52 mod p` and `w 2^52 p^-1 mod 2^52`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Factor {
    pub(crate) w: u64,
    pub(crate) quotient: u64,
}

impl Factor {
    pub(crate) fn new(m: &Modulus, w: u64) -> Self {
        Self::from_montgomery(m, m.mul(w, m.two_52()))
    }

    /// The factor w, given `w 2^52 mod p`.
    pub(crate) fn from_montgomery(m: &Modulus, w: u64) -> Self {
        Self { w, quotient: w.wrapping_mul(m.inverse_52()) & MASK_52 }
    }

    /// Both words in every lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn splat(&self) -> (V, V) {
        (splat(self.w), splat(self.quotient))
    }
}

pub(crate) const MASK_52: u64 = (1 << 52) - 1;

/// A prime in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Prime {
    pub(crate) p: V,
    /// p^-1 mod 2^52.
    pub(crate) inverse: V,
    pub(crate) zero: V,
    value: u64,
}

impl Prime {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn new(m: &Modulus) -> Self {
        Self { p: splat(m.value()), inverse: splat(m.inverse_52()), zero: splat(0), value: m.value() }
    }

    /// k p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn times(&self, k: u64) -> V {
        splat(k * self.value)
    }

    /// `y w` in (-p, p), for y < 2^52 and a factor in two vectors.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn mul_signed(&self, y: V, w: V, quotient: V) -> V {
        let q = madd_lo(self.zero, y, quotient);
        sub(madd_hi(self.zero, y, w), madd_hi(self.zero, q, self.p))
    }

    /// `y w` in (0, 2p), for y < 2^52.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn mul_lazy(&self, y: V, w: V, quotient: V) -> V {
        let q = madd_lo(self.zero, y, quotient);
        sub(madd_hi(self.p, y, w), madd_hi(self.zero, q, self.p))
    }

    /// `y w` in [0, p), for y < 2^52.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn mul(&self, y: V, w: V, quotient: V) -> V {
        lift(self.mul_signed(y, w, quotient), self.p)
    }

    /// `a + b` of residues.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn add(&self, a: V, b: V) -> V {
        cut(add(a, b), self.p)
    }

    /// `a - b` of residues.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn sub(&self, a: V, b: V) -> V {
        lift(sub(a, b), self.p)
    }

    /// `(lo + 2^52 hi) 2^-52` modulo p, in (0, hi + p + lo 2^-52): a Montgomery reduction of a double word.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma,avx512dq,avx512vl")]
    pub(crate) fn montgomery(&self, lo: V, hi: V) -> V {
        // Bits of lo above the 52nd belong to the upper word. The multiplier ignores them.
        let carry = _mm512_srli_epi64::<52>(lo);
        let q = madd_lo(self.zero, lo, self.inverse);
        sub(add(add(hi, self.p), carry), madd_hi(self.zero, q, self.p))
    }
}
