//! Products of residues, eight at a time, as doubles.
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
    /// From a residue.
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

/// A prime in every lane.
#[derive(Clone, Copy)]
pub(super) struct Prime<S: Isa> {
    pub(super) p: S::Doubles,
    /// 1/p, rounded.
    pub(super) inverse: S::Doubles,
    half_inverse: S::Doubles,
    word: S::Words,
}

impl<S: Isa> Prime<S> {
    #[inline(always)]
    pub(super) fn new(isa: S, m: &Modulus) -> Self {
        let p = m.value() as f64;
        Self {
            p: isa.splat(p),
            inverse: isa.splat(1.0 / p),
            half_inverse: isa.splat(0.5 / p),
            word: isa.splat_word(m.value()),
        }
    }

    /// `y w` within (1/2 + c 2^(b-53)) p for |y| <= c p: see above.
    #[inline(always)]
    pub(super) fn mul(&self, y: S::Doubles, factor: Root<S>) -> S::Doubles {
        let q = (y * factor.quotient).round();
        let h = y * factor.w;
        let l = y.mul_sub(factor.w, h);
        h.less_product(q, self.p) + l
    }

    /// `x y` in (-p, p) for residues x and y.
    ///
    /// The quotient, below 2^50, is off by at most three roundings of 2^-53 each: 3/8 beyond its rounding.
    #[inline(always)]
    pub(super) fn mul_residues(&self, x: S::Doubles, y: S::Doubles) -> S::Doubles {
        let h = x * y;
        let l = x.mul_sub(y, h);
        let q = (h * self.inverse).round();
        h.less_product(q, self.p) + l
    }

    /// `x` less the nearest multiple of p, or one as good as: within p/2 + 2 for |x| <= 2^53.
    #[inline(always)]
    pub(super) fn reduce(&self, x: S::Doubles) -> S::Doubles {
        x.less_product((x * self.inverse).round(), self.p)
    }

    /// The residues, as words, of integers in (-p, p).
    #[inline(always)]
    pub(super) fn residue_words(&self, x: S::Doubles) -> S::Words {
        self.lift(x.to_words())
    }

    /// The residues, as words, of integers s with |s| <= (2 - 2^-50) p.
    ///
    /// (s + 1/2)/p is at least 1/2p > 2^-51 from every integer, and it is found to 2^-52 of itself, so its floor is that of s/p.
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
