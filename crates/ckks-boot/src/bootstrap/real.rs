//! The bootstrap on ciphertexts.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex, PoisonError};

use ckks::{Ciphertext, Encoder, EvaluationKeys, Evaluator, Parameters, Scale};
use ckks_math::ModulusSwitch;
use num_complex::Complex64;

use super::contract::{Bootstrapper, Contract, require_level};
use super::layout::{FactorOrder, Sums};
use super::plan::{BootstrapPlan, Factor};
use super::raise::{RaiseFactor, encapsulate};
use crate::Error;
use crate::ciphertext::CiphertextArithmetic;
use crate::eval_mod::EvalMod;
use crate::linear::LinearTransform;
use crate::packing::Values;
use crate::polynomial::Coefficient;
use crate::raised::{Hoisted, Raised, Turn};

/// Bits by which every factor of CoeffsToSlots but the last leaves its scale above the rescaled one. Later factors
/// sum many slots with their noise, and their diagonals have precision to spare.
const HEADROOM: i32 = 4;
/// `log2` of the largest ratio of a ciphertext's scale to the default. The precision of SlotsToCoeffs's diagonals
/// compensates for it.
const SCALE_RANGE: u32 = 6;

/// Refreshes ciphertexts of one packing.
#[derive(Debug)]
pub struct RealBootstrapper {
    plan: BootstrapPlan,
    contract: Contract,
    evaluator: Evaluator,
    encoder: Encoder,
    /// Evaluator and encoder of the raised chain.
    arithmetic: CiphertextArithmetic,
    /// The first factor of SlotsToCoeffs for each input scale seen so far.
    entry: Mutex<HashMap<Scale, Arc<LinearTransform>>>,
    slots_to_coeffs: Vec<LinearTransform>,
    raise: RaiseFactor,
    coeffs_to_slots: Vec<LinearTransform>,
    eval_mod: EvalMod,
    /// From the primes on which EvalMod ends to those of the application.
    landing: ModulusSwitch,
}

impl RealBootstrapper {
    /// Encodes everything that the plan needs.
    ///
    /// Raising keys are combined with their diagonals and kept only in that form. The [evaluator](Self::evaluator) has the keys of the
    /// application's chain. If the caller holds no other reference to `keys`, the memory of the raising keys is freed.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a matrix does not fit its modulus (the literal belongs to another chain) or a raising key
    /// is missing; [`Error::KeyShapes`] if a raising key has another shape.
    pub fn new(plan: BootstrapPlan, keys: Arc<EvaluationKeys>) -> Result<Self, Error> {
        let mut keys = Arc::unwrap_or_clone(keys);
        let mut raised_keys = keys.take_raised()?;
        let [encoder, raised_encoder] = [plan.parameters(), plan.raised()].map(Encoder::new);
        let literal = plan.literal();
        let headroom = HEADROOM * literal.coeffs_to_slots as i32;
        let after_raise = Scale::power_of_two(literal.log_argument_scale + headroom);
        let scales = (&plan.parameters().rescale_factor(0), &after_raise);
        let raise = RaiseFactor::encode(&raised_encoder, &plan.raise, scales, &mut raised_keys)?;
        let back = |factor: &Factor| {
            let scale = plan.raised().rescale_factor(factor.order.level).mul_power_of_two(-HEADROOM);
            encode(&raised_encoder, factor, &scale)
        };
        let coeffs_to_slots = plan.coeffs_to_slots.iter().map(back).collect::<Result<_, _>>()?;
        let later = plan.slots_to_coeffs.iter().skip(1);
        let slots_to_coeffs = later.map(|factor| encode(&encoder, factor, &later_scale(&plan)));
        let slots_to_coeffs = slots_to_coeffs.collect::<Result<_, _>>()?;
        let eval_mod = EvalMod::new(literal.eval_mod, &eval_mod_factor(&plan))?;
        let (contract, entry) = (plan.contract(), Mutex::default());
        let [evaluator, raised_evaluator] = [keys, raised_keys].map(|keys| Evaluator::new(Arc::new(keys)));
        let arithmetic = CiphertextArithmetic::new(raised_evaluator, raised_encoder);
        let landing = landing(&plan);
        Ok(Self {
            plan,
            contract,
            evaluator,
            encoder,
            arithmetic,
            entry,
            slots_to_coeffs,
            raise,
            coeffs_to_slots,
            eval_mod,
            landing,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &BootstrapPlan {
        &self.plan
    }

    /// The guarantees.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The same values at the default scale, at the level of the [contract](Self::contract).
    ///
    /// Real and imaginary parts are at most 1 in magnitude and repeat with the packing's period. The first ciphertext
    /// of a scale costs one encoding of a matrix.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the level is below the contract's or a key is missing; [`Error::Scale`] if the scale is far
    /// from the default; [`Error::Packing`] if the plan is for [`Values::Pair`].
    pub fn refresh(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.require("refresh one vector", self.plan.packing().values != Values::Pair)?;
        self.run(a)
    }

    /// The refreshed real and imaginary part of one vector: two real vectors in one refresh.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh); [`Error::Packing`] if the plan is not for [`Values::Pair`].
    pub fn refresh_parts(&self, z: &Ciphertext) -> Result<(Ciphertext, Ciphertext), Error> {
        self.require("refresh two vectors", self.plan.packing().values == Values::Pair)?;
        let evaluator = self.evaluator();
        // This is z / 2: the real part is (z + conj z) / 2.
        let half = self.run(z)?;
        let conjugate = evaluator.conjugate(&half)?;
        let imaginary = evaluator.mul_i(&evaluator.sub(&conjugate, &half)?);
        Ok((evaluator.add(&half, &conjugate)?, imaginary))
    }

    fn require(&self, operation: &'static str, allowed: bool) -> Result<(), Error> {
        let packing = self.plan.packing();
        if allowed { Ok(()) } else { Err(Error::Packing { operation, packing }) }
    }

    /// The refreshed message, halved for a pair.
    fn run(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let encapsulated = self.encapsulate(&self.slots_to_coeffs(a)?)?;
        let raised = self.trace(&self.raise(&encapsulated)?)?;
        let arguments = self.coeffs_to_slots(&raised)?;
        let parts = arguments.into_iter().map(|x| self.eval_mod(x)).collect::<Result<Vec<_>, _>>()?;
        self.land(&self.join(parts)?)
    }

    /// SlotsToCoeffs: the slot values as coefficients, at level 0 and scale `q_0 / 2^ratio`.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub fn slots_to_coeffs(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        require_level(self.contract.level_before, a.level())?;
        let a = self.evaluator().drop_to(a, self.contract.level_before)?;
        let a = self.entry(a.scale())?.apply(self.evaluator(), &a)?;
        self.slots_to_coeffs.iter().try_fold(a, |a, factor| factor.apply(self.evaluator(), &a))
    }

    /// Switches to the ephemeral secret.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the key is missing.
    pub fn encapsulate(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        encapsulate(self.evaluator(), a)
    }

    /// ModRaise and the first factor of CoeffsToSlots. The result is under the dense secret, at the top level of the raised chain.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn raise(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.raise.apply(self.raised(), a)
    }

    /// Projects towards the subring of the packing, by sums over automorphisms that fix its messages. The rest of the
    /// projection follows CoeffsToSlots.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn trace(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.sums(&self.plan.trace, a)
    }

    /// The rest of CoeffsToSlots. The slots then hold the raised coefficients as fractions of `q_0`, divided by
    /// EvalMod's half-width.
    ///
    /// Returns one ciphertext, or two (real and imaginary parts) if complex values fill all slots.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn coeffs_to_slots(&self, a: &Ciphertext) -> Result<Vec<Ciphertext>, Error> {
        let evaluator = self.raised();
        let v = self.coeffs_to_slots.iter().try_fold(a.clone(), |a, factor| factor.apply(evaluator, &a))?;
        // The 1/2 of (v + conj v) / 2 is in the first factor.
        if !self.plan.packing().values.is_complex() || self.plan.side_by_side() {
            return Ok(vec![self.sums(&self.plan.fold, &v)?]);
        }
        let conjugate = evaluator.conjugate(&v)?;
        let real = evaluator.add(&v, &conjugate)?;
        // (v - conj v) / 2i
        Ok(vec![real, evaluator.mul_i(&evaluator.sub(&conjugate, &v)?)])
    }

    /// Applies one sum over automorphisms after the other. Between them only the polynomial to be switched is divided
    /// by `P`.
    fn sums(&self, sums: &Sums, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let evaluator = self.raised();
        let mut raised: Option<Raised> = None;
        for group in &sums.groups {
            let turns = group.iter().map(|&g| Turn::find(evaluator, g, sums.level));
            let turns = turns.collect::<Result<Vec<_>, _>>()?;
            let hoisted = match raised {
                None => Hoisted::of(evaluator, a, &turns),
                Some(sum) => Hoisted::of_raised(evaluator, sum, &turns),
            };
            raised = Some(hoisted?.sum(&turns));
        }
        raised.map_or_else(|| Ok(a.clone()), |sum| sum.mod_down(evaluator))
    }

    /// EvalMod of one part, where it lands on the raised chain: the message, or half of it for a pair.
    ///
    /// # Errors
    /// [`Error::Ckks`] if a key is missing.
    pub fn eval_mod(&self, x: Ciphertext) -> Result<Ciphertext, Error> {
        let target = Scale::power_of_two(self.plan.literal().log_polynomial_scale);
        let y = self.eval_mod.evaluate(&self.arithmetic, x, &target)?;
        Ok(y.with_scale(landing_scale(&self.plan)))
    }

    /// Switches from the modulus on which EvalMod ends to that of the application, and to the scale of the contract.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the ciphertext is at another level.
    pub fn land(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.raised().require_own("bootstrap", a)?;
        let landing = self.plan.literal().landing_level(self.plan.raised());
        require_level(landing, a.level())?;
        let a = self.raised().drop_to(a, landing)?;
        let c = self.landing.apply(a.polys().each_ref());
        let scale = self.contract.scale_after.clone();
        Ok(Ciphertext::from_parts(self.plan.parameters(), a.key_id(), c, scale)?)
    }

    /// Joins real and imaginary parts.
    fn join(&self, parts: Vec<Ciphertext>) -> Result<Ciphertext, Error> {
        let evaluator = self.raised();
        let mut parts = parts.into_iter();
        let Some(mut joined) = parts.next() else { panic!("EvalMod of nothing") };
        if let Some(imaginary) = parts.next() {
            evaluator.add_assign(&mut joined, &evaluator.mul_i(&imaginary))?;
        } else if self.plan.side_by_side() {
            // The two halves of the period are z.re and i z.im.
            let swapped = evaluator.rotate(&joined, 1 << self.plan.packing().log_slots)?;
            evaluator.add_assign(&mut joined, &swapped)?;
        }
        Ok(joined)
    }

    /// The first factor of SlotsToCoeffs for ciphertexts of this scale. The scale of its diagonals brings the result
    /// to exactly `q_0 / 2^ratio`.
    fn entry(&self, scale: &Scale) -> Result<Arc<LinearTransform>, Error> {
        let expected = self.plan.parameters().default_scale();
        if (scale.log2() - expected.log2()).abs() > f64::from(SCALE_RANGE) {
            return Err(Error::Scale { expected, within: SCALE_RANGE, got: scale.clone() });
        }
        // Entries are absent or complete, so a panic of another thread does not spoil the map.
        let lock = || self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(scale) {
            return Ok(Arc::clone(known));
        }
        let diagonals = entry_scale(&self.plan, scale);
        let made = Arc::new(encode(&self.encoder, &self.plan.slots_to_coeffs[0], &diagonals)?);
        lock().insert(scale.clone(), Arc::clone(&made));
        Ok(made)
    }

    /// The evaluator of the application, without the keys for raised ciphertexts.
    pub fn evaluator(&self) -> &Evaluator {
        &self.evaluator
    }

    /// The evaluator of the raised chain.
    fn raised(&self) -> &Evaluator {
        self.arithmetic.evaluator()
    }
}

impl Bootstrapper for RealBootstrapper {
    type Value = Ciphertext;

    fn contract(&self) -> &Contract {
        self.contract()
    }

    fn refresh(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        self.refresh(a)
    }
}

fn encode(encoder: &Encoder, factor: &Factor, scale: &Scale) -> Result<LinearTransform, Error> {
    let FactorOrder { plan, level, baby_shape, .. } = &factor.order;
    LinearTransform::encode(encoder, &factor.matrix, plan.clone(), *level, baby_shape.special, scale)
}

/// The step from the primes on which EvalMod ends to those of the application.
fn landing(plan: &BootstrapPlan) -> ModulusSwitch {
    let at = |parameters: &Parameters, level: usize| (Arc::clone(parameters.ring()), parameters.basis(level));
    let from = at(plan.raised(), plan.literal().landing_level(plan.raised()));
    let to = at(plan.parameters(), plan.literal().output_level());
    ModulusSwitch::new((&from.0, from.1), (&to.0, to.1))
}

/// The scale where EvalMod ends. The switch of the modulus brings it to the default one.
fn landing_scale(plan: &BootstrapPlan) -> Scale {
    let modulus = |parameters: &Parameters, level: usize| {
        (0..=level).fold(Scale::power_of_two(0), |q, level| q.mul(&parameters.rescale_factor(level)))
    };
    let landing = modulus(plan.raised(), plan.literal().landing_level(plan.raised()));
    let application = modulus(plan.parameters(), plan.literal().output_level());
    plan.parameters().default_scale().mul(&landing).div(&application)
}

/// The product of the scales of all SlotsToCoeffs factors, for input at scale `from`.
fn slots_to_coeffs_scale(plan: &BootstrapPlan, from: &Scale) -> Scale {
    let (parameters, literal) = (plan.parameters(), plan.literal());
    let arrival = parameters.rescale_factor(0).mul_power_of_two(-(literal.eval_mod.log_message_ratio as i32));
    let primes = (1..=literal.slots_to_coeffs).map(|level| parameters.rescale_factor(level));
    primes.fold(arrival.div(from), |product, q| product.mul(&q))
}

/// Scale of the later SlotsToCoeffs factors: a power of two, chosen so that at the default scale all factors have
/// similar scales.
fn later_scale(plan: &BootstrapPlan) -> Scale {
    let all = slots_to_coeffs_scale(plan, &plan.parameters().default_scale());
    Scale::power_of_two((all.log2() / plan.literal().slots_to_coeffs as f64).round() as i32)
}

/// Scale of the first SlotsToCoeffs factor.
fn entry_scale(plan: &BootstrapPlan, from: &Scale) -> Scale {
    let later = later_scale(plan);
    (1..plan.literal().slots_to_coeffs).fold(slots_to_coeffs_scale(plan, from), |rest, _| rest.div(&later))
}

/// EvalMod's factor of the sine, which brings a refreshed message to the [scale where it lands](landing_scale), or half the message for a
/// pair.
///
/// The sine of `2 pi (I + v / 2^ratio)` is about `2 pi v / 2^ratio`, at the scale `s` of EvalMod's result. As an
/// integer it equals `v` times the wanted scale if the factor is `wanted 2^ratio / (2 pi s)`, apart from the
/// correction of the slope.
fn eval_mod_factor(plan: &BootstrapPlan) -> Coefficient {
    let (raised, literal) = (plan.raised(), plan.literal());
    let mut scale = Scale::power_of_two(literal.log_polynomial_scale);
    let landing = literal.landing_level(plan.raised());
    for level in (landing + 1..=landing + literal.eval_mod.double_angles as usize).rev() {
        scale = scale.mul(&scale).div(&raised.rescale_factor(level));
    }
    let wanted = landing_scale(plan).mul_power_of_two(literal.eval_mod.log_message_ratio as i32);
    let real = literal.eval_mod.slope() * wanted.div(&scale).to_f64() / TAU;
    let factor = if plan.packing().values == Values::Pair { real / 2.0 } else { real };
    if !plan.side_by_side() {
        return Coefficient::real(factor);
    }
    let half = 1 << plan.packing().log_slots;
    let unit = |s: usize| if s < half { Complex64::ONE } else { Complex64::I };
    Coefficient::slots((0..2 * half).map(|s| unit(s) * factor).collect())
}
