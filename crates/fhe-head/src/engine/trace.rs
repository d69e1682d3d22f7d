//! Levels and scales without values. The planner runs the trainer on it; the simulated twin uses it for its checks.
//!
//! Every operation is checked as for ciphertexts, and counted by level.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ckks::{KeyPurpose, KeyShape, Parameters, Scale, conjugation_element, galois_element, noise};
use serde::{Deserialize, Serialize};

use super::operations::Operations;
use super::slots::normalise_step;
use crate::error::{Error, Result};
use crate::scheme::{RefreshContract, RefreshedMessage, Scheme};

/// Level and exact scale of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Level: rescales left.
    pub level: usize,
    /// Scale.
    pub scale: Scale,
    /// Which kind of data the value is, if the data party encrypts it; `None` for a computed value.
    pub source: Option<Source>,
}

impl Meta {
    /// A computed value.
    pub fn new(level: usize, scale: Scale) -> Self {
        Self { level, scale, source: None }
    }
}

/// A kind of data that the data party encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Targets of the rows.
    Targets,
    /// Row weights.
    Weights,
    /// Slot vectors of the samples.
    Samples,
}

/// A kind of operation, for counting. Their costs differ by orders of magnitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// One product of two ciphertexts, without relinearisation.
    Product,
    /// Relinearisation with a rescale: one key switch.
    Relinearise,
    /// A rotation: one key switch.
    Rotate,
    /// The decomposition of a value that hoisted rotations share.
    Decompose,
    /// A conjugation: one key switch.
    Conjugate,
    /// A rotation of a value already decomposed.
    HoistedRotate,
    /// A product with a constant or a public vector, with its rescale.
    Constant,
    /// A bootstrap.
    Refresh,
}

/// How often each operation ran, by its kind and the level of its operand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Count>", into = "Vec<Count>")]
pub struct Counts(BTreeMap<(Operation, usize), usize>);

/// One entry of [`Counts`], as files hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The kind of operation.
    pub operation: Operation,
    /// Level of the operand.
    pub level: usize,
    /// How often it ran.
    pub times: usize,
}

impl Counts {
    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = Count> + '_ {
        self.0.iter().map(|(&(operation, level), &times)| Count { operation, level, times })
    }

    /// How often an operation ran, over all levels.
    pub fn of(&self, operation: Operation) -> usize {
        let times = self.iter().filter(|count| count.operation == operation).map(|count| count.times);
        times.fold(0, usize::saturating_add)
    }

    /// Number of key switches with a decomposition of their own: relinearisations, rotations and conjugations.
    pub fn key_switches(&self) -> usize {
        use Operation::{Conjugate, Relinearise, Rotate};
        [Relinearise, Rotate, Conjugate]
            .map(|operation| self.of(operation))
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// The operations since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let fresh = |count: Count| {
            let before = earlier.0.get(&(count.operation, count.level)).copied().unwrap_or_default();
            Count { times: count.times - before, ..count }
        };
        self.iter().map(fresh).filter(|count| count.times > 0).collect::<Vec<_>>().into()
    }

    fn add(&mut self, operation: Operation, level: usize, times: usize) {
        let all = self.0.entry((operation, level)).or_insert(0);
        // a plan from a file may hold any numbers
        *all = all.saturating_add(times);
    }
}

impl From<Vec<Count>> for Counts {
    fn from(counts: Vec<Count>) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|Count { operation, level, times }| all.add(operation, level, times));
        all
    }
}

impl From<Counts> for Vec<Count> {
    fn from(counts: Counts) -> Self {
        counts.iter().collect()
    }
}

/// The evaluation keys of a run, with the highest level at which each is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLevels {
    /// Relinearisation key, if there are products.
    pub relinearisation: Option<usize>,
    /// Galois keys of rotations, by their step in `[0, S)`.
    pub rotations: BTreeMap<usize, usize>,
    /// Conjugation key, if samples share slots in pairs.
    #[serde(default)]
    pub conjugation: Option<usize>,
    /// The shape of the bootstrapped message, if any, which determines the keys of the bootstrap.
    #[serde(default)]
    pub refresh: Option<RefreshedMessage>,
}

impl KeyLevels {
    /// The purpose and shape of each key of the training itself; those of a bootstrap are not among them.
    pub fn shapes(&self, parameters: &Parameters) -> Vec<(KeyPurpose, KeyShape)> {
        let log_n = parameters.literal().log_n;
        let relinearisation = self.relinearisation.map(|level| (KeyPurpose::Relinearisation, level));
        let rotations =
            self.rotations.iter().map(|(&step, &level)| (galois_element(log_n, step as i64), level));
        let conjugation = self.conjugation.map(|level| (conjugation_element(log_n), level));
        let galois = rotations.chain(conjugation).map(|(g, level)| (KeyPurpose::Galois(g), level));
        let keys = relinearisation.into_iter().chain(galois);
        keys.map(|(purpose, level)| (purpose, parameters.key_shape(level))).collect()
    }
}

/// The smallest encoded constant: rounding changes it by a thirtieth at most.
const LEAST_CONSTANT: f64 = 16.0;
/// Bits of a constant's scale above which rounding does not matter, however small the constant.
const COARSE: f64 = 20.0;
/// Standard deviation of the error that rounding may leave in a slot.
const MOST_ROUNDING: f64 = 1.0 / 16.0;

/// An engine without values.
#[derive(Debug)]
pub struct Trace {
    scheme: Scheme,
    keys: Option<KeyLevels>,
    /// Whether to measure depth only: any level is allowed, and scales ignore the primes.
    depth_only: bool,
    record: Mutex<Record>,
}

/// The operations of a run, and what they needed.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Operations by level.
    pub counts: Counts,
    /// The keys that they needed.
    pub keys: KeyLevels,
    /// The highest level at which each kind of data took part in an operation.
    pub sources: BTreeMap<Source, usize>,
}

impl Trace {
    /// An engine with every key.
    pub fn new(scheme: &Scheme) -> Self {
        Self { scheme: scheme.clone(), keys: None, depth_only: false, record: Mutex::default() }
    }

    /// An engine that measures depth before levels are chosen: without a bootstrap, with values at any level and scales without primes.
    pub fn of_depth(scheme: &Scheme) -> Self {
        Self { depth_only: true, ..Self::new(&scheme.clone().with_contract(None)) }
    }

    /// The same engine with these keys alone. Operations without a key fail.
    #[must_use]
    pub fn with_keys(mut self, keys: KeyLevels) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The parameter set.
    pub fn parameters(&self) -> &Parameters {
        self.scheme.parameters()
    }

    /// The contract of the bootstrap, if there is one.
    pub fn contract(&self) -> Option<&RefreshContract> {
        self.scheme.contract()
    }

    /// The operations so far.
    pub fn record(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, operation: Operation, level: usize, times: usize) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.counts.add(operation, level, times);
        let used = match operation {
            Operation::Relinearise => &mut record.keys.relinearisation,
            Operation::Conjugate => &mut record.keys.conjugation,
            _ => return,
        };
        *used = Some(used.map_or(level, |known| known.max(level)));
    }

    fn use_rotation(&self, step: usize, level: usize) -> Result<()> {
        if let Some(keys) = &self.keys
            && keys.rotations.get(&step).is_none_or(|&known| known < level)
        {
            return Err(Error::MissingRotation { step, level });
        }
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let used = record.keys.rotations.entry(step).or_insert(level);
        *used = (*used).max(level);
        Ok(())
    }

    fn sum(&self, operation: &'static str, a: &Meta, b: &Meta) -> Result<Meta> {
        if a.scale != b.scale {
            return Err(Error::Scale { operation, left: a.scale.clone(), right: b.scale.clone() });
        }
        let level = a.level.min(b.level);
        self.used(&[a, b], level);
        Ok(Meta::new(level, a.scale.clone()))
    }

    /// Notes the level at which data takes part in an operation.
    fn used(&self, values: &[&Meta], level: usize) {
        for source in values.iter().filter_map(|value| value.source) {
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            let used = record.sources.entry(source).or_insert(level);
            *used = (*used).max(level);
        }
    }

    /// Rejects a scale at which rounding destroys values of order one, and a constant that rounding changes by more than a few per cent:
    /// such a training would not follow its twins.
    fn expect_precision(&self, operation: &'static str, a: &Meta, largest: f64, out: &Scale) -> Result<()> {
        if self.depth_only {
            return Ok(());
        }
        let factor = out.mul(&self.rescale_factor(a.level)).div(&a.scale);
        let encoded = largest.abs() * factor.to_f64();
        let rounds_away = largest != 0.0 && encoded < LEAST_CONSTANT && factor.log2() < COARSE;
        if rounds_away {
            return Err(Error::Precision { operation, scale: factor });
        }
        self.expect_scale(operation, out)
    }

    fn expect_scale(&self, operation: &'static str, out: &Scale) -> Result<()> {
        let rounding = noise::slot_std(self.parameters(), noise::rounding(self.parameters()), out);
        if !self.depth_only && rounding > MOST_ROUNDING {
            return Err(Error::Precision { operation, scale: out.clone() });
        }
        Ok(())
    }

    fn require(operation: &'static str, level: usize, needed: usize) -> Result<()> {
        if level < needed { Err(Error::Level { operation, needed, level }) } else { Ok(()) }
    }
}

impl Operations for Trace {
    type Value = Meta;
    type Sum = Meta;

    fn slots(&self) -> usize {
        self.parameters().slots()
    }

    fn level(&self, a: &Meta) -> usize {
        a.level
    }

    fn scale(&self, a: &Meta) -> Scale {
        a.scale.clone()
    }

    fn rescale_factor(&self, level: usize) -> Scale {
        if self.depth_only { Scale::one() } else { self.parameters().rescale_factor(level) }
    }

    fn add(&self, a: &Meta, b: &Meta) -> Result<Meta> {
        self.sum("add", a, b)
    }

    fn sub(&self, a: &Meta, b: &Meta) -> Result<Meta> {
        self.sum("subtract", a, b)
    }

    fn neg(&self, a: &Meta) -> Result<Meta> {
        self.used(&[a], a.level);
        Ok(Meta::new(a.level, a.scale.clone()))
    }

    fn add_const(&self, a: &Meta, _: f64) -> Result<Meta> {
        self.neg(a)
    }

    fn mul_const(&self, a: &Meta, c: f64, out: &Scale) -> Result<Meta> {
        Self::require("multiply by a constant", a.level, 1)?;
        self.expect_precision("multiply by a constant", a, c, out)?;
        self.count(Operation::Constant, a.level, 1);
        self.used(&[a], a.level);
        Ok(Meta::new(a.level - 1, out.clone()))
    }

    fn mul_vec(&self, a: &Meta, v: &[f64], out: &Scale) -> Result<Meta> {
        if v.is_empty() || !self.slots().is_multiple_of(v.len()) {
            return Err(Error::Shape { what: "period of a vector", expected: self.slots(), got: v.len() });
        }
        Self::require("multiply by a vector", a.level, 1)?;
        let largest = v.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
        self.expect_precision("multiply by a vector", a, largest, out)?;
        self.count(Operation::Constant, a.level, 1);
        self.used(&[a], a.level);
        Ok(Meta::new(a.level - 1, out.clone()))
    }

    fn mul_i(&self, a: &Meta) -> Result<Meta> {
        self.neg(a)
    }

    fn parts(&self, a: &Meta) -> Result<(Meta, Meta)> {
        let part = self.real_part(a)?;
        Ok((part.clone(), part))
    }

    fn real_part(&self, a: &Meta) -> Result<Meta> {
        if let Some(keys) = &self.keys
            && keys.conjugation.is_none_or(|known| known < a.level)
        {
            return Err(Error::MissingConjugation { level: a.level });
        }
        self.count(Operation::Conjugate, a.level, 1);
        self.used(&[a], a.level);
        Ok(Meta::new(a.level, a.scale.mul_power_of_two(1)))
    }

    fn accumulate(&self, sum: Option<Meta>, terms: &[(&Meta, &Meta)]) -> Result<Meta> {
        let mut sum = sum;
        // most products of a sum are alike
        for alike in terms.chunk_by(|(a, b), (c, d)| a == c && b == d) {
            let (a, b) = alike[0];
            let level = a.level.min(b.level);
            let product = Meta::new(level, a.scale.mul(&b.scale));
            self.used(&[a, b], level);
            self.count(Operation::Product, level, alike.len());
            sum = Some(match sum {
                Some(sum) => self.sum("sum of products", &sum, &product)?,
                None => product,
            });
        }
        sum.ok_or(Error::Shape { what: "terms of a sum of products", expected: 1, got: 0 })
    }

    fn finish(&self, sum: Meta) -> Result<Meta> {
        Self::require("multiply", sum.level, 1)?;
        if let Some(keys) = &self.keys
            && keys.relinearisation.is_none_or(|known| known < sum.level)
        {
            return Err(Error::MissingRelinearisation { level: sum.level });
        }
        self.count(Operation::Relinearise, sum.level, 1);
        let scale = sum.scale.div(&self.rescale_factor(sum.level));
        self.expect_scale("multiply", &scale)?;
        Ok(Meta::new(sum.level - 1, scale))
    }

    fn rotate(&self, a: &Meta, k: isize) -> Result<Meta> {
        let step = normalise_step(k, self.slots());
        if step != 0 {
            self.use_rotation(step, a.level)?;
            self.count(Operation::Rotate, a.level, 1);
        }
        self.used(&[a], a.level);
        Ok(Meta::new(a.level, a.scale.clone()))
    }

    fn rotate_many(&self, a: &Meta, steps: &[isize]) -> Result<Vec<Meta>> {
        let moved: Vec<usize> =
            steps.iter().map(|&k| normalise_step(k, self.slots())).filter(|&step| step != 0).collect();
        if !moved.is_empty() {
            moved.iter().try_for_each(|&step| self.use_rotation(step, a.level))?;
            self.count(Operation::Decompose, a.level, 1);
            self.count(Operation::HoistedRotate, a.level, moved.len());
        }
        self.used(&[a], a.level);
        Ok(vec![Meta::new(a.level, a.scale.clone()); steps.len()])
    }

    fn drop_to(&self, a: &Meta, level: usize) -> Result<Meta> {
        Self::require("drop to a level", a.level, level)?;
        Ok(Meta { level, ..a.clone() })
    }

    fn refresh(&self, a: &Meta, b: Option<&Meta>) -> Result<(Meta, Option<Meta>)> {
        let Some(contract) = self.contract() else {
            return Err(Error::NoBootstrapping { level: a.level });
        };
        let level = b.map_or(a.level, |b| b.level.min(a.level));
        Self::require("bootstrap", level, contract.level_before)?;
        self.count(Operation::Refresh, level, 1);
        if let Some(b) = b {
            self.sum("bootstrap", a, b)?;
        }
        let fresh = Meta::new(contract.level_after, a.scale.clone());
        Ok((fresh.clone(), b.map(|_| fresh)))
    }

    fn refresh_parts(&self, a: &Meta) -> Result<(Meta, Meta)> {
        let (part, _) = self.refresh(a, None)?;
        Ok((part.clone(), part))
    }

    fn refresh_level(&self) -> usize {
        self.contract().map_or(0, |contract| contract.level_before)
    }

    fn refresh_unit(&self) -> Scale {
        self.contract().map_or_else(Scale::one, |contract| contract.unit_scale.clone())
    }
}
