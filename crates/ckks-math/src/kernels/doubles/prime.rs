//! Products of residues, eight at a time, as doubles.
//!
//! Doubles hold integers below 2^53 in magnitude exactly, and all sums and differences here stay below. The product y
//! w has up to 103 bits. With h its rounding, l = y w - h is again a double, which one fused multiply-add computes.
//! With q the rounding of y (w/p) to an integer,
//!
//! ```text
//! y w - q p = (h - q p) + l
//! ```
//!
//! where both terms are exact: h - q p = (y w - q p) - l is an integer below 2^53. For |w| <= p/2 and |y| <= c p the
//! quotient is off by at most c p/2 2^-53 beyond its rounding. The result is therefore within (1/2 + c 2^(b-54)) p,
//! with b the bits of p. `docs/notes/ntt.md` has the proof.

use super::isa::{Doubles, Isa, Words};
use crate::Modulus;

/// A constant factor: w in (-p/2, p/2) and w/p.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Factor {
    pub(super) w: f64,
    quotient: f64,
}

impl Factor {
    /// The factor of a residue.
    pub(super) fn new(m: &Modulus, w: u64) -> Self {
        let w = centred(m, w);
        Self { w, quotient: w / m.value() as f64 }
    }

    /// Both numbers in every lane.
    #[inline(always)]
    pub(super) fn splat<S: Isa>(&self, isa: S) -> Root<S> {
        Root { w: isa.splat(self.w), quotient: isa.splat(self.quotient) }
    }
}

/// The representative of a residue in (-p/2, p/2).
pub(super) fn centred(m: &Modulus, w: u64) -> f64 {
    if w > m.value() / 2 { -((m.value() - w) as f64) } else { w as f64 }
}

/// Eight factors.
#[derive(Clone, Copy)]
pub(super) struct Root<S: Isa> {
    pub(super) w: S::Doubles,
    pub(super) quotient: S::Doubles,
}

/// The numbers needed to compute modulo a prime.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    p: f64,
    inverse: f64,
    word: u64,
}

impl Numbers {
    pub(super) fn new(m: &Modulus) -> Self {
        let p = m.value() as f64;
        Self { p, inverse: 1.0 / p, word: m.value() }
    }

    /// Every number in every lane.
    #[inline(always)]
    pub(super) fn splat<S: Isa>(&self, isa: S) -> Prime<S> {
        Prime {
            p: isa.splat(self.p),
            inverse: isa.splat(self.inverse),
            half_inverse: isa.splat(0.5 * self.inverse),
            word: isa.splat_word(self.word),
            middle: isa.splat(1.5 * (1u64 << 52) as f64),
        }
    }
}

/// A prime in every lane.
#[derive(Clone, Copy)]
pub(super) struct Prime<S: Isa> {
    pub(super) p: S::Doubles,
    /// 1/p, rounded.
    pub(super) inverse: S::Doubles,
    half_inverse: S::Doubles,
    word: S::Words,
    /// 3/2 2^52.
    middle: S::Doubles,
}

impl<S: Isa> Prime<S> {
    #[inline(always)]
    pub(super) fn new(isa: S, m: &Modulus) -> Self {
        Numbers::new(m).splat(isa)
    }

    /// `a b` rounded to an integer, for |a b| <= 2^51: near 3/2 2^52 a double has no fraction bits.
    #[inline(always)]
    fn nearest(&self, a: S::Doubles, b: S::Doubles) -> S::Doubles {
        a.mul_add(b, self.middle) - self.middle
    }

    /// `y w` within (1/2 + c 2^(b-54)) p for |y| <= c p <= 2^52, as shown above.
    #[inline(always)]
    pub(super) fn mul(&self, y: S::Doubles, factor: Root<S>) -> S::Doubles {
        let q = self.nearest(y, factor.quotient);
        let h = y * factor.w;
        let l = y.mul_sub(factor.w, h);
        h.less_product(q, self.p) + l
    }

    /// `x y` in (-p, p) for residues x and y.
    ///
    /// The quotient is below 2^50 and has two relative errors of 2^-53, so it is off by 1/4 beyond its rounding.
    #[inline(always)]
    pub(super) fn mul_residues(&self, x: S::Doubles, y: S::Doubles) -> S::Doubles {
        let h = x * y;
        let l = x.mul_sub(y, h);
        let q = self.nearest(h, self.inverse);
        h.less_product(q, self.p) + l
    }

    /// `x` minus a nearest, or nearly nearest, multiple of p: within p/2 + 1 for |x| <= 2^53 and p >= 4.
    #[inline(always)]
    pub(super) fn reduce(&self, x: S::Doubles) -> S::Doubles {
        x.less_product(self.nearest(x, self.inverse), self.p)
    }

    /// Integers in (-p, p) as residues in words.
    #[inline(always)]
    pub(super) fn residue_words(&self, x: S::Doubles) -> S::Words {
        self.lift(x.to_words())
    }

    /// Integers s with |s| <= (2 - 2^-50) p as residues in words.
    ///
    /// (s + 1/2)/p differs from every integer by at least 1/2p > 2^-51, and it is computed with a relative error of
    /// 2^-52. So its floor is that of s/p.
    #[inline(always)]
    pub(super) fn floor_words(&self, s: S::Doubles) -> S::Words {
        let q = s.mul_add(self.inverse, self.half_inverse).floor();
        s.less_product(q, self.p).to_words()
    }

    /// Adds p to negative words.
    #[inline(always)]
    fn lift(&self, x: S::Words) -> S::Words {
        x.lifted(self.word)
    }

    /// `a + b` of residues.
    #[inline(always)]
    pub(super) fn add_words(&self, a: S::Words, b: S::Words) -> S::Words {
        self.lift(a + b - self.word)
    }

    /// `a - b` of residues.
    #[inline(always)]
    pub(super) fn sub_words(&self, a: S::Words, b: S::Words) -> S::Words {
        self.lift(a - b)
    }
}
