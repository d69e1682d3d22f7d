//! The plan of a bootstrap for one packing: linear maps, their rotations, and the keys.

use std::collections::BTreeSet;

use ckks::{Cost, KeyShape, Parameters, SwitchingKey};
use ckks::{KeyPurpose, conjugation_element, galois_element};
use ckks_math::Basis;
use num_complex::Complex64;

use super::layout::{FactorOrder, Sums, coeffs_to_slots_stages, raise_cost};
use super::literal::BootstrapLiteral;
use super::shapes::{Noise, shape};
use crate::eval_mod::EvalMod;
use crate::linear::{DiagonalMatrix, EncodedDiagonal, slots_to_coeffs, split_stages};
use crate::packing::{Packing, Values};
use crate::polynomial::Coefficient;
use crate::{Error, linear};

/// The largest number of doublings of the sum over automorphisms that may follow CoeffsToSlots. Each costs half a bit
/// of precision against the noise at that point.
const LATE_DOUBLINGS: usize = 5;

/// A request for one evaluation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRequest {
    /// Whether the key is for raised ciphertexts.
    pub raised: bool,
    /// Purpose of the key.
    pub purpose: KeyPurpose,
    /// Shape of the key.
    pub shape: KeyShape,
}

/// The bootstrap of one packing, planned.
#[derive(Clone, Debug)]
pub struct BootstrapPlan {
    parameters: Parameters,
    /// The chain from ModRaise to EvalMod.
    raised: Parameters,
    literal: BootstrapLiteral,
    packing: Packing,
    pub(crate) slots_to_coeffs: Vec<Factor>,
    /// The first factor of CoeffsToSlots, applied to the raised ciphertext.
    pub(crate) raise: DiagonalMatrix,
    /// Sums over automorphisms that project towards the subring of the packing, at the top level.
    pub(crate) trace: Sums,
    pub(crate) coeffs_to_slots: Vec<Factor>,
    /// The rest of these sums after CoeffsToSlots, and the sum with the conjugate.
    pub(crate) fold: Sums,
}

/// A linear map and the level at which it is applied.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    pub(crate) matrix: DiagonalMatrix,
    pub(crate) order: FactorOrder,
}

/// Costs of the steps of a bootstrap.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageCosts {
    /// SlotsToCoeffs.
    pub slots_to_coeffs: Cost,
    /// The switch to the ephemeral secret.
    pub encapsulate: Cost,
    /// ModRaise and the first factor of CoeffsToSlots.
    pub raise: Cost,
    /// Sums over automorphisms at the top level.
    pub trace: Cost,
    /// The rest of CoeffsToSlots, and the sums after it.
    pub coeffs_to_slots: Cost,
    /// EvalMod, the operations that join or separate its results, and the switch to the modulus of the application.
    pub eval_mod: Cost,
}

impl StageCosts {
    /// The cost of all steps.
    pub fn total(&self) -> Cost {
        [self.slots_to_coeffs, self.encapsulate, self.raise, self.trace, self.coeffs_to_slots, self.eval_mod]
            .into_iter()
            .sum()
    }
}

impl KeyRequest {
    /// The primes of the key: those of a parameter set, or of its raised chain.
    ///
    /// # Panics
    /// If the key is for raised ciphertexts, and the set has none.
    pub fn chain<'a>(&self, parameters: &'a Parameters) -> &'a Parameters {
        match (self.raised, parameters.raised()) {
            (false, _) => parameters,
            (true, Some(raised)) => raised,
            (true, None) => panic!("{} does not bootstrap", parameters.name()),
        }
    }

    /// Bytes of the key in memory.
    pub fn bytes(&self, parameters: &Parameters) -> usize {
        SwitchingKey::bytes_of(self.chain(parameters), self.shape)
    }
}

impl BootstrapPlan {
    /// Plans the bootstrap of `packing` with the cheapest division of CoeffsToSlots into factors.
    ///
    /// # Errors
    /// [`Error::NotBootstrappable`] if the chain does not fit the literal or the packing does not fit the ring.
    pub fn new(parameters: &Parameters, literal: BootstrapLiteral, packing: Packing) -> Result<Self, Error> {
        let raised = check(parameters, &literal, packing)?;
        let stages = coeffs_to_slots_stages(raised, packing.log_slots, literal.coeffs_to_slots);
        Self::with_stages(parameters, literal, packing, &stages)
    }

    /// Plans the bootstrap of `packing` with the given stages of CoeffsToSlots: first those on the raise, then those
    /// of each level. Only the raise may have none.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the stages do not match the numbers of slots and levels.
    pub fn with_stages(
        parameters: &Parameters,
        literal: BootstrapLiteral,
        packing: Packing,
        stages: &[usize],
    ) -> Result<Self, Error> {
        let raised = check(parameters, &literal, packing)?;
        let log_slots = packing.log_slots;
        let complete = stages.len() == literal.coeffs_to_slots + 1
            && stages.iter().sum::<usize>() == log_slots
            && stages[1..].iter().all(|&count| count > 0);
        if !complete {
            let levels = literal.coeffs_to_slots;
            let reason =
                format!("{stages:?} do not divide {log_slots} stages among the raise and {levels} levels");
            return Err(Error::NotBootstrappable { name: parameters.name().into(), reason });
        }

        let forward = split_stages(log_slots, literal.slots_to_coeffs);
        let forward = slots_to_coeffs(log_slots, &forward).into_iter();
        // The application's own rotations reach these levels, and one key serves both: it has to be quiet.
        let forward = forward
            .zip((1..=literal.slots_to_coeffs).rev())
            .map(|(m, level)| Factor::new(parameters, m, level, Noise::Kept));

        let (first, back) = back_factors(parameters, &literal, packing, stages);
        let levels = (0..=raised.max_level()).rev();
        let back =
            back.into_iter().zip(levels).map(|(m, level)| Factor::new(raised, m, level, Noise::Rescaled));
        let (trace, fold) = sums(raised, &literal, packing);

        Ok(Self {
            slots_to_coeffs: forward.collect(),
            raise: first,
            trace,
            coeffs_to_slots: back.collect(),
            fold,
            parameters: parameters.clone(),
            raised: raised.clone(),
            literal,
            packing,
        })
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The chain from ModRaise to EvalMod.
    pub fn raised(&self) -> &Parameters {
        &self.raised
    }

    /// The layout of the chains.
    pub fn literal(&self) -> &BootstrapLiteral {
        &self.literal
    }

    /// The packing of the messages.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Whether real and imaginary parts lie side by side in one ciphertext during EvalMod.
    pub(crate) fn side_by_side(&self) -> bool {
        self.packing.values.is_complex() && 1 << self.packing.log_slots < self.parameters.slots()
    }

    /// All keys of the bootstrap, each at the level of its use.
    pub fn keys(&self) -> BTreeSet<KeyRequest> {
        let log_n = self.parameters.literal().log_n;
        let top = self.raised.max_level();
        let rotation = |steps: usize| KeyPurpose::Galois(galois_element(log_n, steps as i64));
        let of_factors = |factors: &[Factor]| {
            let mut keys = Vec::new();
            for FactorOrder { plan, baby_shape, giant_shape, .. } in
                factors.iter().map(|factor| &factor.order)
            {
                let babies = plan.babies().iter().filter(|&&steps| steps != 0);
                keys.extend(babies.map(|&steps| (rotation(steps), *baby_shape)));
                let giants = plan.giants().iter().filter(|giant| giant.rotation != 0);
                keys.extend(giants.map(|giant| (rotation(giant.rotation), *giant_shape)));
            }
            keys
        };

        let mut own = of_factors(&self.slots_to_coeffs);
        own.push((KeyPurpose::Encapsulation, self.parameters.encapsulation_shape()));
        if self.packing.values == Values::Pair {
            own.push((KeyPurpose::Galois(conjugation_element(log_n)), self.separation_shape()));
        }

        let mut raised = of_factors(&self.coeffs_to_slots);
        let raises = self.raise.diagonals().keys().map(|&steps| galois_element(log_n, steps as i64));
        raised.extend(raises.map(|g| (KeyPurpose::Raise(g), self.raised.raise_shape(top))));
        for sums in [&self.trace, &self.fold] {
            let turns = sums.groups.iter().flatten().filter(|&&g| g != 1);
            raised.extend(turns.map(|&g| (KeyPurpose::Galois(g), sums.shape)));
        }
        let relinearise = |level| (KeyPurpose::Relinearisation, self.relinearisation_shape(level));
        raised.extend(self.eval_mod_levels().map(relinearise));
        if self.side_by_side() {
            raised.push((rotation(1 << self.packing.log_slots), self.join_shape()));
        }

        let request = |raised| move |(purpose, shape)| KeyRequest { raised, purpose, shape };
        own.into_iter().map(request(false)).chain(raised.into_iter().map(request(true))).collect()
    }

    /// Bytes of all encoded diagonals in memory.
    pub fn diagonal_bytes(&self) -> usize {
        let degree = self.parameters.degree();
        let bytes = |matrix: &DiagonalMatrix, basis: Basis| -> usize {
            matrix.diagonals().values().map(|d| EncodedDiagonal::bytes(d, basis, degree)).sum()
        };
        let factors = self.slots_to_coeffs.iter().chain(&self.coeffs_to_slots).map(|factor| {
            let basis = Basis { q: factor.order.level + 1, p: factor.order.baby_shape.special };
            bytes(&factor.matrix, basis)
        });
        let raise = self.raised.raise_shape(self.raised.max_level()).basis();
        bytes(&self.raise, raise) + factors.sum::<usize>()
    }

    /// The cost of each step, counted from the plan.
    pub fn costs(&self) -> StageCosts {
        let parameters = &self.parameters;
        let factors = |factors: &[Factor]| factors.iter().map(|factor| factor.order.cost()).sum::<Cost>();
        let switch = |shape: KeyShape| Cost::switch(shape, shape.level);
        let parts = if self.packing.values.is_complex() && !self.side_by_side() { 2 } else { 1 };
        let (join, separation) = (self.side_by_side(), self.packing.values == Values::Pair);
        let joins = switch(self.join_shape()) * usize::from(join)
            + switch(self.separation_shape()) * usize::from(separation);
        let landing = self.literal.landing_level(&self.raised);
        // the landing's primes are dropped
        let switch_modulus = Cost::divide(landing + 1, self.literal.output_level() + 1) * 2;
        let eval_mod = EvalMod::new(self.literal.eval_mod, &Coefficient::real(1.0));
        let top = landing + self.literal.eval_mod.depth();
        let relinearisations = eval_mod.iter().flat_map(|eval_mod| eval_mod.products_by_depth());
        let relinearisations = relinearisations.map(|(depth, products)| {
            let level = top - depth;
            Cost::relinearise(self.relinearisation_shape(level), level, products)
        });
        StageCosts {
            slots_to_coeffs: factors(&self.slots_to_coeffs),
            encapsulate: switch(parameters.encapsulation_shape()),
            raise: raise_cost(&self.raised, self.raise.diagonals().len()),
            trace: self.trace.cost(),
            coeffs_to_slots: factors(&self.coeffs_to_slots) + self.fold.cost(),
            eval_mod: relinearisations.sum::<Cost>() * parts + joins + switch_modulus,
        }
    }

    /// Levels at which EvalMod multiplies.
    fn eval_mod_levels(&self) -> std::ops::RangeInclusive<usize> {
        let landing = self.literal.landing_level(&self.raised);
        landing + 1..=landing + self.literal.eval_mod.depth()
    }

    fn relinearisation_shape(&self, level: usize) -> KeyShape {
        shape(&self.raised, level, Noise::Rescaled, None)
    }

    /// The shape of the key that joins real and imaginary parts after EvalMod.
    fn join_shape(&self) -> KeyShape {
        shape(&self.raised, self.literal.landing_level(&self.raised), Noise::Kept, None)
    }

    /// The shape of the key that separates a refreshed pair of vectors again.
    fn separation_shape(&self) -> KeyShape {
        shape(&self.parameters, self.literal.output_level(), Noise::Kept, None)
    }
}

impl Factor {
    fn new(parameters: &Parameters, matrix: DiagonalMatrix, level: usize, giants: Noise) -> Self {
        let rotations: Vec<usize> = matrix.diagonals().keys().copied().collect();
        Self { order: FactorOrder::new(parameters, &rotations, matrix.period(), level, giants), matrix }
    }
}

/// Checks that the chains fit the literal and the packing fits the ring. Returns the raised chain.
fn check<'a>(
    parameters: &'a Parameters,
    literal: &BootstrapLiteral,
    packing: Packing,
) -> Result<&'a Parameters, Error> {
    let raised = literal.check(parameters)?;
    let log_all = parameters.literal().log_n as usize - 1;
    let least = 4.max(literal.coeffs_to_slots + 1).max(literal.slots_to_coeffs);
    if (least..=log_all).contains(&packing.log_slots) {
        return Ok(raised);
    }
    let reason = format!("2^{} slots are not between 2^{least} and 2^{log_all}", packing.log_slots);
    Err(Error::NotBootstrappable { name: parameters.name().into(), reason })
}

/// Divides the sum over all automorphisms that fix real messages of the packing, into one part at the top level and
/// one after CoeffsToSlots, which commutes with it. After CoeffsToSlots there is one prime less and the conjugate is
/// included, but the noise of CoeffsToSlots has more weight.
fn sums(parameters: &Parameters, literal: &BootstrapLiteral, packing: Packing) -> (Sums, Sums) {
    let log_n = parameters.literal().log_n;
    let (top, log_all) = (parameters.max_level(), log_n as usize - 1);
    let rotations: Vec<usize> =
        (packing.log_slots..log_all).map(|log| galois_element(log_n, 1 << log)).collect();
    // If real and imaginary parts are to lie side by side, CoeffsToSlots ends in a mask of twice the period.
    let fixed = usize::from(packing.values.is_complex()).min(rotations.len());
    let divided = |late: usize| {
        let (early, late) = rotations.split_at(rotations.len() - late);
        let late = [late, &[conjugation_element(log_n)]].concat();
        let trace = Sums::new(parameters, early, top, Noise::Kept);
        (trace, Sums::new(parameters, &late, top - literal.coeffs_to_slots, Noise::Quiet))
    };
    let most = LATE_DOUBLINGS.min(rotations.len() - fixed);
    let costs = (0..=most).map(|late| {
        let (trace, fold) = divided(late);
        ((trace.cost() + fold.cost()).equivalent_transforms(), (trace, fold))
    });
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(|| divided(0), |(_, sums)| sums)
}

/// CoeffsToSlots: its first factor, with all constants, and the other factors, with entries of magnitude 1.
///
/// The constants are the inverse transform's `1/n`, the `1/2` of the real part `(v + conj v) / 2`, EvalMod's
/// half-width, and the factor `N / 2n` of the trace. In the first factor they cost the later factors no precision.
fn back_factors(
    parameters: &Parameters,
    literal: &BootstrapLiteral,
    packing: Packing,
    stages: &[usize],
) -> (DiagonalMatrix, Vec<DiagonalMatrix>) {
    let log_slots = packing.log_slots;
    let mut factors = linear::coeffs_to_slots(log_slots, stages);
    let mut later = 1.0;
    for (factor, &stages) in factors.iter_mut().zip(stages).skip(1) {
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
