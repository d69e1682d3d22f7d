//! What a bootstrap does for one kind of message: its linear maps, their rotations, and the keys that it needs.

use std::collections::BTreeSet;

use ckks::keys::{KeyPurpose, conjugation_element, galois_element};
use ckks::{KeyShape, Parameters};
use num_complex::Complex64;

use super::layout::coeffs_to_slots_stages;
use super::literal::BootstrapLiteral;
use super::shapes::{Noise, cost, shape};
use crate::Error;
use crate::linear::{BsgsCosts, BsgsPlan, DiagonalMatrix, coeffs_to_slots, slots_to_coeffs, split_stages};

/// What the slots hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Values {
    /// Real numbers; imaginary parts are dropped by the refresh.
    Real,
    /// Complex numbers: twice as many values. With all slots in use EvalMod runs twice.
    Complex,
    /// Two real vectors in one refresh, as real and imaginary parts ([`refresh_pair`](super::RealBootstrapper::refresh_pair)).
    Pair,
}

impl Values {
    /// Whether imaginary parts count.
    pub fn is_complex(self) -> bool {
        self != Self::Real
    }
}

/// A message: `2^log_slots` values, repeated over all slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packing {
    /// `log2` of the period, 4 to `log2(N/2)`.
    pub log_slots: usize,
    /// Real or complex.
    pub values: Values,
}

/// One evaluation key to be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRequest {
    /// What it switches.
    pub purpose: KeyPurpose,
    /// The highest level it serves.
    pub level: usize,
    /// Special primes.
    pub special: usize,
    /// Primes in a digit.
    pub digit_limbs: usize,
}

/// The planned bootstrap of one packing.
#[derive(Clone, Debug)]
pub struct BootstrapPlan {
    parameters: Parameters,
    literal: BootstrapLiteral,
    packing: Packing,
    pub(crate) slots_to_coeffs: Vec<Factor>,
    /// The first factor of CoeffsToSlots, applied to the raised ciphertext.
    pub(crate) raise: DiagonalMatrix,
    /// Rotations whose sums project onto the subring of the packing.
    pub(crate) trace: Vec<usize>,
    pub(crate) coeffs_to_slots: Vec<Factor>,
}

/// A linear map at the level where it is applied.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    pub(crate) matrix: DiagonalMatrix,
    pub(crate) plan: BsgsPlan,
    pub(crate) level: usize,
    pub(crate) baby_shape: KeyShape,
    pub(crate) giant_shape: KeyShape,
}

impl KeyRequest {
    /// The key's shape.
    pub fn shape(&self) -> KeyShape {
        KeyShape { level: self.level, special: self.special, digit_limbs: self.digit_limbs }
    }

    fn new(purpose: KeyPurpose, KeyShape { level, special, digit_limbs }: KeyShape) -> Self {
        Self { purpose, level, special, digit_limbs }
    }

    /// Bytes of the key in memory, padding left out.
    pub fn bytes(&self, parameters: &Parameters) -> usize {
        let shape = self.shape();
        2 * shape.digits() * shape.basis().limbs() * parameters.degree() * size_of::<u64>()
    }
}

impl BootstrapPlan {
    /// Plans the bootstrap of `packing`.
    ///
    /// # Errors
    /// [`Error::NotBootstrappable`] if the chain does not fit the literal or the packing does not fit the ring.
    pub fn new(parameters: &Parameters, literal: BootstrapLiteral, packing: Packing) -> Result<Self, Error> {
        literal.check(parameters)?;
        let log_all = parameters.literal().log_n as usize - 1;
        let least = 4.max(literal.coeffs_to_slots + 1).max(literal.slots_to_coeffs);
        if !(least..=log_all).contains(&packing.log_slots) {
            let reason = format!("2^{} slots are not between 2^{least} and 2^{log_all}", packing.log_slots);
            return Err(Error::NotBootstrappable { name: parameters.name().into(), reason });
        }
        let log_slots = packing.log_slots;

        let stages = split_stages(log_slots, literal.slots_to_coeffs);
        let forward = slots_to_coeffs(log_slots, &stages).into_iter();
        let forward = forward
            .zip((1..=literal.slots_to_coeffs).rev())
            .map(|(m, level)| Factor::new(parameters, m, level));

        let (raise, back) = back_factors(parameters, &literal, packing);
        let levels = (0..=parameters.max_level()).rev();
        let back = back.into_iter().zip(levels).map(|(m, level)| Factor::new(parameters, m, level));

        Ok(Self {
            slots_to_coeffs: forward.collect(),
            raise,
            trace: (log_slots..log_all).map(|log| 1 << log).collect(),
            coeffs_to_slots: back.collect(),
            parameters: parameters.clone(),
            literal,
            packing,
        })
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How the chain is divided.
    pub fn literal(&self) -> &BootstrapLiteral {
        &self.literal
    }

    /// The message.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Whether real and imaginary parts lie side by side in one ciphertext during EvalMod.
    pub(crate) fn side_by_side(&self) -> bool {
        self.packing.values.is_complex() && 1 << self.packing.log_slots < self.parameters.slots()
    }

    /// Every key that this bootstrap needs, each at the level of its use.
    pub fn keys(&self) -> BTreeSet<KeyRequest> {
        let log_n = self.parameters.literal().log_n;
        let top = self.parameters.max_level();
        let rotation = |steps: usize| KeyPurpose::Galois(galois_element(log_n, steps as i64));

        let mut keys = BTreeSet::new();
        let mut add = |purpose: KeyPurpose, shape: KeyShape| keys.insert(KeyRequest::new(purpose, shape));
        add(KeyPurpose::Encapsulation, self.parameters.encapsulation_shape());
        for &steps in self.raise.diagonals().keys() {
            add(KeyPurpose::Raise(galois_element(log_n, steps as i64)), self.parameters.raise_shape(top));
        }
        let kept = |level| shape(&self.parameters, level, Noise::Kept, None);
        for &steps in &self.trace {
            add(rotation(steps), kept(top));
        }
        for factor in self.slots_to_coeffs.iter().chain(&self.coeffs_to_slots) {
            for &steps in factor.plan.babies().iter().filter(|&&steps| steps != 0) {
                add(rotation(steps), factor.baby_shape);
            }
            for giant in factor.plan.giants().iter().filter(|giant| giant.rotation != 0) {
                add(rotation(giant.rotation), factor.giant_shape);
            }
        }
        if let Some(last) = self.coeffs_to_slots.last() {
            add(KeyPurpose::Galois(conjugation_element(log_n)), last.giant_shape);
        }
        let output = self.literal.output_level();
        for level in output + 1..=output + self.literal.eval_mod.depth() {
            add(KeyPurpose::Relinearisation, shape(&self.parameters, level, Noise::Rescaled, None));
        }
        if self.packing.values == Values::Pair {
            // takes the two apart again
            add(KeyPurpose::Galois(conjugation_element(log_n)), kept(output));
        }
        if self.side_by_side() {
            add(rotation(1 << self.packing.log_slots), kept(output));
        }
        keys
    }
}

impl Factor {
    fn new(parameters: &Parameters, matrix: DiagonalMatrix, level: usize) -> Self {
        let baby_shape = shape(parameters, level, Noise::Kept, None);
        let giant_shape = shape(parameters, level, Noise::Rescaled, Some(baby_shape.special));
        // in transforms: a baby is its products with the key, a giant a whole switch, a diagonal two products a limb
        let limbs = baby_shape.basis().limbs() as f64;
        let costs = BsgsCosts {
            baby: limbs * (0.35 * baby_shape.digits() as f64 + 0.2),
            giant: cost(giant_shape),
            diagonal: 0.35 * limbs,
        };
        Self { plan: BsgsPlan::new(&matrix, &costs), matrix, level, baby_shape, giant_shape }
    }
}

/// CoeffsToSlots as its first factor, which also carries all constants, and the others with entries of magnitude 1.
///
/// The constants: the inverse transform's `1/n`; `1/2` for the real part `(v + conj v) / 2`; EvalMod's half-width; and the `N / 2n` by
/// which the trace multiplies. Kept out of the later factors, they cost these no precision.
fn back_factors(
    parameters: &Parameters,
    literal: &BootstrapLiteral,
    packing: Packing,
) -> (DiagonalMatrix, Vec<DiagonalMatrix>) {
    let log_slots = packing.log_slots;
    let stages = coeffs_to_slots_stages(log_slots, literal.coeffs_to_slots);
    let mut factors = coeffs_to_slots(log_slots, &stages);
    let mut later = 1.0;
    for (factor, &stages) in factors.iter_mut().zip(&stages).skip(1) {
        let unit = (1u64 << stages) as f64;
        *factor = factor.scaled(unit);
        later *= unit;
    }
    let slots = (1u64 << log_slots) as f64;
    let trace = parameters.slots() as f64 / slots;
    let raise = factors.remove(0).scaled(0.5 / (literal.eval_mod.half_width() * trace * later));
    if packing.values.is_complex() && trace > 1.0 {
        let mask =
            (0..2 << log_slots).map(|s| if s < 1 << log_slots { Complex64::ONE } else { -Complex64::I });
        if let Some(last) = factors.last_mut() {
            *last = last.masked(&mask.collect::<Vec<_>>());
        }
    }
    (raise, factors)
}
