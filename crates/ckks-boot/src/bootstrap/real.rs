//! The bootstrap itself.

use std::f64::consts::TAU;

use ckks::{Ciphertext, Encoder, Evaluator, Scale};
use num_complex::Complex64;

use super::plan::{BootstrapPlan, Values};
use super::raise::{RaiseFactor, encapsulate};
use crate::Error;
use crate::ciphertext::CiphertextArithmetic;
use crate::eval_mod::EvalMod;
use crate::linear::LinearTransform;
use crate::polynomial::Coefficient;

/// Bits by which the scale exceeds the rescaled one after every factor of CoeffsToSlots but the last: later factors sum many
/// slots and their noise, and have precision to spare in their diagonals.
const HEADROOM: i32 = 4;

/// Refreshes ciphertexts of one packing.
#[derive(Debug)]
pub struct RealBootstrapper {
    plan: BootstrapPlan,
    arithmetic: CiphertextArithmetic,
    slots_to_coeffs: Vec<LinearTransform>,
    raise: RaiseFactor,
    coeffs_to_slots: Vec<LinearTransform>,
    eval_mod: EvalMod,
}

impl RealBootstrapper {
    /// Encodes all that the plan needs.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a matrix does not fit its modulus: a literal that does not belong to the chain.
    pub fn new(plan: BootstrapPlan, evaluator: Evaluator) -> Result<Self, Error> {
        let encoder = Encoder::new(plan.parameters());
        let literal = plan.literal();
        let argument = Scale::power_of_two(literal.log_argument_scale);
        let headroom = |factor: usize| HEADROOM * (literal.coeffs_to_slots - factor) as i32;

        let raise = RaiseFactor::encode(&encoder, &plan.raise, &argument.mul_power_of_two(headroom(0)))?;
        let coeffs_to_slots = plan.coeffs_to_slots.iter().map(|factor| {
            let scale = plan.parameters().rescale_factor(factor.level).mul_power_of_two(-HEADROOM);
            let (matrix, order) = (&factor.matrix, factor.plan.clone());
            LinearTransform::encode(&encoder, matrix, order, factor.level, factor.baby_shape.special, &scale)
        });
        let coeffs_to_slots = coeffs_to_slots.collect::<Result<_, _>>()?;
        let slots_to_coeffs =
            plan.slots_to_coeffs.iter().zip(slots_to_coeffs_scales(&plan)).map(|(factor, scale)| {
                let (matrix, order) = (&factor.matrix, factor.plan.clone());
                LinearTransform::encode(
                    &encoder,
                    matrix,
                    order,
                    factor.level,
                    factor.baby_shape.special,
                    &scale,
                )
            });
        let slots_to_coeffs = slots_to_coeffs.collect::<Result<_, _>>()?;
        let eval_mod = EvalMod::new(literal.eval_mod, &eval_mod_factor(&plan))?;
        let arithmetic = CiphertextArithmetic::new(evaluator, encoder);
        Ok(Self { plan, arithmetic, slots_to_coeffs, raise, coeffs_to_slots, eval_mod })
    }

    /// The plan.
    pub fn plan(&self) -> &BootstrapPlan {
        &self.plan
    }

    fn evaluator(&self) -> &Evaluator {
        self.arithmetic.evaluator()
    }

    /// The same values (half of them for [`Values::Pair`]) at the same scale, at [`output_level`](super::BootstrapLiteral::output_level).
    ///
    /// Values are at most 1 in magnitude (real and imaginary part each) and repeat with the packing's period.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the level is below [`input_level`](super::BootstrapLiteral::input_level) or a key is missing;
    /// [`Error::ScaleTooLarge`] if the scale is above the parameter set's default.
    pub fn refresh(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let scale = a.scale().clone();
        let coefficients = self.slots_to_coeffs(a)?;
        let encapsulated = self.encapsulate(&coefficients)?;
        let raised = self.trace(&self.raise(&encapsulated)?)?;
        let arguments = self.coeffs_to_slots(&raised)?;
        let parts = arguments.into_iter().map(|x| self.eval_mod(x)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.join(parts)?.with_scale(scale))
    }

    /// Two real vectors refreshed in one bootstrap, both at the scale of the first.
    ///
    /// They travel as `a + ib`; the sum and the difference with the conjugate double both, which EvalMod's factor halves before.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh); the scales of the two must be equal.
    ///
    /// # Panics
    /// If the plan is not for [`Values::Pair`].
    pub fn refresh_pair(&self, a: &Ciphertext, b: &Ciphertext) -> Result<(Ciphertext, Ciphertext), Error> {
        assert_eq!(
            self.plan.packing().values,
            Values::Pair,
            "a bootstrap planned for another kind of values"
        );
        let evaluator = self.evaluator();
        let z = self.refresh(&evaluator.add(a, &evaluator.mul_i(b))?)?;
        let conjugate = evaluator.conjugate(&z)?;
        let real = evaluator.add(&z, &conjugate)?;
        // (z - conj z) / i, as i (conj z - z)
        let imaginary = evaluator.mul_i(&evaluator.sub(&conjugate, &z)?);
        Ok((real, imaginary))
    }

    /// SlotsToCoeffs: the slot values as coefficients, at level 0 and `1 / 2^ratio` of the first prime as their scale.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub fn slots_to_coeffs(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let default = self.plan.parameters().default_scale();
        if a.scale().log2() > default.log2() + 1e-6 {
            return Err(Error::ScaleTooLarge { expected: default, got: a.scale().clone() });
        }
        let a = self.evaluator().drop_to(a, self.plan.literal().input_level())?;
        self.slots_to_coeffs.iter().try_fold(a, |a, factor| factor.apply(self.evaluator(), &a))
    }

    /// The same message under the ephemeral secret.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the key is missing.
    pub fn encapsulate(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        encapsulate(self.evaluator(), a)
    }

    /// ModRaise and the first CoeffsToSlots factor, back under the dense secret, at the top level.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn raise(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.raise.apply(self.evaluator(), a)
    }

    /// The sum over all automorphisms that leave messages of the packing's period alone: projects onto their subring.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn trace(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let mut sum = a.clone();
        for &steps in &self.plan.trace {
            let rotated = self.evaluator().rotate(&sum, steps as i64)?;
            self.evaluator().add_assign(&mut sum, &rotated)?;
        }
        Ok(sum)
    }

    /// The rest of CoeffsToSlots: slots that hold, over EvalMod's half-width, the raised coefficients as fractions of the first prime.
    /// One ciphertext, or two (real and imaginary parts) when complex values fill all slots.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn coeffs_to_slots(&self, a: &Ciphertext) -> Result<Vec<Ciphertext>, Error> {
        let evaluator = self.evaluator();
        let Some((last, first)) = self.coeffs_to_slots.split_last() else { return Ok(vec![a.clone()]) };
        let a = first.iter().try_fold(a.clone(), |a, factor| factor.apply(evaluator, &a))?;
        // the diagonals carry the half of (v + conj v) / 2
        let v = last.apply_raised(evaluator, &a)?;
        let conjugate = v.conjugate(evaluator)?;
        let mut real = v.clone();
        real.add_assign(&conjugate);
        let mut parts = vec![real.mod_down_rescale(evaluator)?];
        if self.plan.packing().values.is_complex() && !self.plan.side_by_side() {
            // (v - conj v) / 2i
            let mut imaginary = conjugate;
            imaginary.sub_assign(&v);
            imaginary.mul_i_assign();
            parts.push(imaginary.mod_down_rescale(evaluator)?);
        }
        Ok(parts)
    }

    /// EvalMod of one part.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn eval_mod(&self, x: Ciphertext) -> Result<Ciphertext, Error> {
        self.eval_mod.evaluate(
            &self.arithmetic,
            x,
            &Scale::power_of_two(self.plan.literal().log_polynomial_scale),
        )
    }

    /// Real and imaginary parts back in one number.
    fn join(&self, parts: Vec<Ciphertext>) -> Result<Ciphertext, Error> {
        let evaluator = self.evaluator();
        let mut parts = parts.into_iter();
        let Some(mut joined) = parts.next() else { panic!("EvalMod of nothing") };
        if let Some(imaginary) = parts.next() {
            evaluator.add_assign(&mut joined, &evaluator.mul_i(&imaginary))?;
        } else if self.plan.side_by_side() {
            // the halves are z.re and i z.im
            let swapped = evaluator.rotate(&joined, 1 << self.plan.packing().log_slots)?;
            evaluator.add_assign(&mut joined, &swapped)?;
        }
        Ok(joined)
    }
}

/// Scales of the SlotsToCoeffs factors: as equal as powers of two can be, the first one making up what is left to arrive at
/// exactly `q_0 / 2^ratio` from the default scale.
fn slots_to_coeffs_scales(plan: &BootstrapPlan) -> Vec<Scale> {
    let (parameters, literal) = (plan.parameters(), plan.literal());
    let arrival = parameters.rescale_factor(0).mul_power_of_two(-(literal.eval_mod.log_message_ratio as i32));
    let primes = (1..=literal.slots_to_coeffs).map(|level| parameters.rescale_factor(level));
    let all = primes.fold(arrival.div(&parameters.default_scale()), |product, q| product.mul(&q));
    let each = Scale::power_of_two((all.log2() / literal.slots_to_coeffs as f64).round() as i32);
    let first = (1..literal.slots_to_coeffs).fold(all, |rest, _| rest.div(&each));
    std::iter::once(first).chain(std::iter::repeat_n(each, literal.slots_to_coeffs - 1)).collect()
}

/// The factor of the sine that makes a refreshed message of the default scale come out at that scale.
///
/// The sine of `2 pi (I + v / 2^ratio)` is `2 pi v / 2^ratio`, held at the scale `s` in which EvalMod ends; as an integer that is `v` times
/// the default scale if the factor is `default 2^ratio / (2 pi s)`.
fn eval_mod_factor(plan: &BootstrapPlan) -> Coefficient {
    let (parameters, literal) = (plan.parameters(), plan.literal());
    let mut scale = Scale::power_of_two(literal.log_polynomial_scale);
    let output = literal.output_level();
    for level in (output + 1..=output + literal.eval_mod.double_angles as usize).rev() {
        scale = scale.mul(&scale).div(&parameters.rescale_factor(level));
    }
    let wanted = parameters.default_scale().mul_power_of_two(literal.eval_mod.log_message_ratio as i32);
    let halved = if plan.packing().values == Values::Pair { 0.5 } else { 1.0 };
    let factor = halved * wanted.div(&scale).to_f64() / TAU;
    if !plan.side_by_side() {
        return Coefficient::real(factor);
    }
    let half = 1 << plan.packing().log_slots;
    let unit = |s: usize| if s < half { Complex64::ONE } else { Complex64::I };
    Coefficient::slots((0..2 * half).map(|s| unit(s) * factor).collect())
}
