//! EvalMod: maps `I + m` to `m`, for an integer `I` and a small `m`, slot by slot, by a scaled sine.
//!
//! `sin(2 pi x) = cos(2 pi (x - 1/4))`. The cosine of the `2^r`-th part of the angle is an even function,
//! interpolated by Chebyshev polynomials; `r` double angles `cos 2t = 2 cos^2 t - 1` lead back to the whole angle
//! (Han and Ki, CT-RSA 2020, section 3). The factor of the sine costs no level: its `2^r`-th root multiplies the
//! polynomial, and the constants of the double angles are adapted. The factor may differ from slot to slot, so that a
//! mask can be part of this step.

use std::f64::consts::TAU;

use ckks::Scale;
use num_complex::Complex64;

use crate::Error;
use crate::polynomial::{
    Arithmetic, Basis, Coefficient, Plan, Polynomial, Sum, chebyshev_coefficients, evaluate,
};

/// The shape of the approximation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvalModLiteral {
    /// Largest `|I|`.
    pub max_overflow: u32,
    /// `log2` of `1 / |m|` for the largest `|m|`: the message ratio `q0 / Delta` for messages bounded by 1.
    pub log_message_ratio: u32,
    /// Number `r` of double angles.
    pub double_angles: u32,
    /// Degree of the polynomial, even.
    pub degree: usize,
}

/// A planned EvalMod. It maps slots `x / B` to `factor sin(2 pi x)`, for `|x| <= B - 1/4`.
#[derive(Clone, Debug)]
pub struct EvalMod {
    literal: EvalModLiteral,
    plan: Plan,
    /// `2 y_i^2 - c_i` is the `i`-th double angle
    double_angle_constants: Vec<Coefficient>,
}

impl EvalModLiteral {
    /// The half-width `B` of the cosine's interval, by which the argument is divided: the largest `|x|`, plus the
    /// quarter that turns a sine into a cosine.
    pub fn half_width(&self) -> f64 {
        f64::from(self.max_overflow) + (-f64::from(self.log_message_ratio)).exp2() + 0.25
    }

    /// Levels consumed.
    pub fn depth(&self) -> usize {
        crate::polynomial::ceil_log2(self.degree + 1) + self.double_angles as usize
    }

    /// The factor by which the sine is made steeper than its argument. It balances the error
    /// `(1 + d) (m - c m^3) - m`, `c = (2 pi)^2 / 6`, on `|m| <= 1 / 2^ratio`: with `d = 3/4 c m^2` the error is a
    /// third Chebyshev polynomial, a quarter as large as `c m^3`.
    pub fn slope(&self) -> f64 {
        let angle = TAU * (-f64::from(self.log_message_ratio)).exp2();
        1.0 + angle * angle / 8.0
    }

    /// The largest error of the interpolated and doubled cosine as a sine, relative to the largest `|m|`, for
    /// `|x| <= I + |m|`. The sine's own deviation from a line, `(2 pi |m|)^2 / 6`, is not included.
    pub fn approximation_error(&self) -> f64 {
        let coefficients = self.cosine();
        let bound = (-f64::from(self.log_message_ratio)).exp2();
        let overflow = self.max_overflow as i32;
        let points =
            (-overflow..=overflow).flat_map(|i| (-8..=8).map(move |k| (i, bound * f64::from(k) / 8.0)));
        points
            .map(|(i, m)| {
                let t = (f64::from(i) + m - 0.25) / self.half_width();
                let angle = crate::polynomial::chebyshev_value(&coefficients, t);
                let cosine = (0..self.double_angles).fold(angle, |y, _| 2.0 * y * y - 1.0);
                (cosine - (TAU * m).sin()).abs() / (TAU * bound)
            })
            .fold(0.0, f64::max)
    }

    /// Chebyshev coefficients in `t = (x - 1/4) / B` of `cos(2 pi (x - 1/4) / 2^r)`, even by construction.
    fn cosine(&self) -> Vec<f64> {
        let frequency = TAU * self.half_width() / f64::from(1u32 << self.double_angles);
        let mut coefficients = chebyshev_coefficients(|t| (frequency * t).cos(), self.degree, -1.0, 1.0);
        // Odd coefficients are zero up to rounding. Exact zeros let the plan skip them.
        coefficients.iter_mut().skip(1).step_by(2).for_each(|c| *c = 0.0);
        coefficients
    }
}

impl EvalMod {
    /// Plans `factor sin(2 pi x)`.
    ///
    /// # Errors
    /// [`Error::ConstantPolynomial`] if the degree is 0.
    pub fn new(literal: EvalModLiteral, factor: &Coefficient) -> Result<Self, Error> {
        let root = power(factor, 1.0 / f64::from(1u32 << literal.double_angles));
        let cosine = Polynomial::real(Basis::Chebyshev, &literal.cosine()).scaled(&root);
        let constants = (0..literal.double_angles).map(|i| {
            // y_i has the factor root^(2^i), and 2 cos^2 t - 1 has its square.
            let squared = power(&root, f64::from(2u32 << i));
            Coefficient::real(0.0).minus(&squared)
        });
        Ok(Self { literal, plan: Plan::new(&cosine)?, double_angle_constants: constants.collect() })
    }

    /// The shape.
    pub fn literal(&self) -> &EvalModLiteral {
        &self.literal
    }

    /// Number of relinearisations.
    pub fn key_switches(&self) -> usize {
        self.plan.key_switches() + self.literal.double_angles as usize
    }

    /// The relinearisations, each with its depth below the argument's level and its number of summed products.
    pub(crate) fn products_by_depth(&self) -> Vec<(usize, usize)> {
        let mut all = self.plan.products_by_depth();
        all.extend((0..self.literal.double_angles as usize).map(|i| (self.plan.depth() + i, 1)));
        all
    }

    /// Evaluates on slots `x / B` ([`EvalModLiteral::half_width`]). The cosine of the divided angle has scale
    /// `target`; each double angle squares the scale and divides it by a prime.
    ///
    /// # Errors
    /// Those of the arithmetic.
    pub fn evaluate<A: Arithmetic>(
        &self,
        arithmetic: &A,
        mut x: A::Value,
        target: &Scale,
    ) -> Result<A::Value, A::Error> {
        arithmetic.shift(&mut x, -0.25 / self.literal.half_width())?;
        let mut y = evaluate(arithmetic, &self.plan, x, target)?;
        for constant in &self.double_angle_constants {
            let scale = arithmetic.scale(&y);
            y = arithmetic.sum(&Sum {
                level: arithmetic.level(&y),
                scale: scale.mul(&scale),
                products: vec![(&y, &y)],
                doubled: true,
                multiples: Vec::new(),
                constant: Some(constant),
            })?;
        }
        Ok(y)
    }
}

/// `log2` of the probability that some `|I|` exceeds `max_overflow` in a bootstrap of `coefficients` coefficients
/// with an ephemeral secret of Hamming weight `weight`.
///
/// A coefficient of `c_0 + c_1 s` is a sum of `m = weight + 1` independent numbers uniform modulo `q_0`, and `I` is
/// that sum over `q_0`, rounded. It is an Irwin-Hall variable with the tail `sum_k (-1)^k C(m, k) (x - k)^m / m!`,
/// `x = m / 2 - max_overflow - 1/2`, on each side (Bossuat, Troncoso-Pastoriza, Hubaux, ACNS 2022, section 3). A
/// union bound covers the coefficients. Negative infinity from `max_overflow = weight / 2` on: residues are below `q_0 / 2`, so
/// the sum is below `(weight + 1) q_0 / 2`, and no coefficient can exceed that.
pub fn log2_overflow_probability(weight: u32, max_overflow: u32, coefficients: usize) -> f64 {
    let m = f64::from(weight) + 1.0;
    let x = m / 2.0 - f64::from(max_overflow) - 0.5;
    let (mut tail, mut binomial) = (0.0, 1.0);
    for k in (0..=weight).map(f64::from).take_while(|&k| k < x) {
        tail += binomial * (x - k).powf(m);
        binomial *= -(m - k) / (k + 1.0);
    }
    let log_factorial: f64 = (2..=weight + 1).map(|i| f64::from(i).log2()).sum();
    tail.log2() - log_factorial + 1.0 + (coefficients as f64).log2()
}

/// Slot-wise principal power. The factors of EvalMod are never negative reals.
fn power(c: &Coefficient, exponent: f64) -> Coefficient {
    let power = |c: Complex64| Complex64::from_polar(c.norm().powf(exponent), c.arg() * exponent);
    match c {
        Coefficient::Scalar(c) => Coefficient::Scalar(power(*c)),
        Coefficient::Slots(values) => Coefficient::Slots(values.iter().map(|c| power(*c)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overflow_probability_is_the_exact_tail() {
        // By exact rational arithmetic, for h = 32 and 2^15 coefficients.
        for (overflow, log2) in [(12, -40.7), (13, -54.4), (14, -73.7), (15, -106.7)] {
            assert!((log2_overflow_probability(32, overflow, 1 << 15) - log2).abs() < 0.06, "{overflow}");
        }
        assert_eq!(log2_overflow_probability(32, 16, 1 << 16), f64::NEG_INFINITY);
        // For two uniform numbers, P(|X| > 1/2) = 1/4.
        assert!((log2_overflow_probability(1, 0, 1) + 2.0).abs() < 1e-12);
    }

    /// The distribution of the rounded sum, term by term, for residues modulo a small odd `q`. The probabilities are sums of
    /// positive numbers, so they are right to the last digits far out.
    #[test]
    fn overflow_probability_is_that_of_residues() {
        let (q, terms) = (301usize, 33);
        let mut sums = vec![1.0];
        for _ in 0..terms {
            let mut next = vec![0.0; sums.len() + q - 1];
            for (i, p) in sums.iter().enumerate() {
                next[i..i + q].iter_mut().for_each(|sum: &mut f64| *sum += p / q as f64);
            }
            sums = next;
        }
        let (centre, q) = (sums.len() as i64 / 2, q as i64);
        let exceeding = |overflow: i64| -> f64 {
            let beyond = |i: &i64| (2 * (i - centre) + q).div_euclid(2 * q).abs() > overflow;
            (0..sums.len() as i64).filter(beyond).map(|i| sums[i as usize]).sum()
        };
        for overflow in 10..=15 {
            let formula = log2_overflow_probability(32, overflow, 1);
            let exact = exceeding(i64::from(overflow)).log2();
            assert!((formula - exact).abs() < 0.15, "{overflow}: {formula}, {exact}");
        }
        assert_eq!(exceeding(16), 0.0);
    }

    #[test]
    fn approximations_are_as_good_as_their_degree() {
        let literal = |double_angles, degree| EvalModLiteral {
            max_overflow: 16,
            log_message_ratio: 10,
            double_angles,
            degree,
        };
        assert!(literal(3, 28).approximation_error() < (-14.0f64).exp2());
        assert!(literal(3, 30).approximation_error() < (-19.0f64).exp2());
        assert_eq!((literal(3, 30).depth(), literal(0, 126).depth()), (8, 7));
    }
}
