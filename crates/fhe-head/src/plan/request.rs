//! The planner's input.

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::aim::Aim;
use crate::error::{Error, Result};
use crate::heads::{BuiltIn, Head};
use crate::optimizer::Optimizer;
use crate::packing::{Packing, Sizes};
use crate::ranges;

/// Whether two samples share a slot ([`Packing::is_complex`](crate::packing::Packing::is_complex)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// One sample a slot.
    Never,
    /// Two samples a slot.
    Always,
    /// Two samples a slot if that costs less and the head allows it.
    #[default]
    Auto,
}

/// Where the planner may place bootstraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bootstraps {
    /// Between iterations, of the state alone.
    Weights,
    /// Also inside iterations ([`Head::refresh_points`]), if that costs less or if the levels do not suffice otherwise.
    #[default]
    Auto,
}

/// What to train, on how much data, and how. The same request gives the same plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<H: Head = BuiltIn> {
    /// Number of samples.
    pub samples: usize,
    /// The most samples of each data party, where several train together; their sum is the number of samples, and no block holds those of
    /// two. Empty for one data party.
    pub parts: Vec<usize>,
    /// Number of features, without the constant one.
    pub features: usize,
    /// The head to train.
    pub head: H,
    /// The first-order method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration.
    pub learning_rates: Vec<f64>,
    /// Weight of the L2 penalty `alpha / 2 |w|^2` beside the mean loss.
    pub alpha: f64,
    /// Number of mini-batches; 1 for full batches.
    pub batches: usize,
    /// Whether two samples share a slot.
    pub pairs: Pairs,
    /// Where the planner may place bootstraps.
    pub bootstraps: Bootstraps,
    /// What the plan is chosen by.
    pub aim: Aim,
    /// Largest weight of a sample over the mean of its mini-batch ([`Samples::largest_weight`](crate::samples::Samples::largest_weight));
    /// 1 if all weights are equal. It bounds residuals that are bootstrapped. The job then shows its product with the share of padding in
    /// the blocks, rounded to a power of two.
    pub largest_weight: f64,
    /// Whether the training starts from given weights instead of zero. They are encrypted beside the data.
    pub warm_start: bool,
    /// Whether the training continues from the encrypted head of an earlier one ([`crate::server::warm_start`]). A bootstrap before the
    /// first iteration then gives it levels.
    pub continues: bool,
    /// The packing of that earlier head. Weights then lie in the same vectors.
    pub earlier: Option<Packing>,
    /// Whether to leave levels for scoring encrypted samples with the encrypted head.
    pub scoring: bool,
    /// Largest absolute value of the state (weights and momenta in their units) during the training, from a rehearsal; 1 if nothing is
    /// known. A small state gets a large scale, which keeps the bootstrap's relative error small.
    pub largest_state: f64,
}

impl<H: Head> Request<H> {
    /// Full-batch gradient descent from zero without a penalty, with one learning rate for each iteration.
    pub fn new(head: H, samples: usize, features: usize, learning_rates: Vec<f64>) -> Self {
        Self {
            samples,
            parts: Vec::new(),
            features,
            head,
            optimizer: Optimizer::GradientDescent,
            learning_rates,
            alpha: 0.0,
            batches: 1,
            pairs: Pairs::Auto,
            bootstraps: Bootstraps::Auto,
            aim: Aim::Time,
            largest_weight: 1.0,
            warm_start: false,
            continues: false,
            earlier: None,
            scoring: false,
            largest_state: 1.0,
        }
    }

    /// Random initial weights ([`Head::initial`]) for a head that cannot start from zero; otherwise `None`.
    pub fn initial(&self, random_state: u64) -> Option<Vec<Array1<f64>>> {
        let initial = self.head.initial(self.features + 1, random_state)?;
        Some(initial.into_iter().map(Array1::from_vec).collect())
    }

    /// Whether the training starts from weights other than zero.
    pub(super) fn starts_warm(&self) -> bool {
        self.warm_start || self.continues || self.initial(0).is_some()
    }

    /// Whether the weights of the earlier head, if there is one, lie in the vectors of this packing.
    pub(super) fn holds_earlier_weights(&self, packing: &Packing) -> bool {
        let Some(earlier) = self.earlier else { return true };
        let Sizes { features, separate_intercept, columns, .. } = earlier.sizes();
        let ours = packing.sizes();
        // a vector of intercepts has the length of a row
        let rows = !separate_intercept || ours.columns == columns;
        rows && (ours.features, ours.separate_intercept) == (features, separate_intercept)
    }

    /// Blocks of a batch, for blocks that hold so many samples.
    pub(super) fn blocks(&self, block_samples: usize) -> usize {
        match &self.parts[..] {
            [] => self.samples.div_ceil(self.batches).div_ceil(block_samples),
            parts => parts.iter().map(|samples| samples.div_ceil(block_samples)).sum(),
        }
    }

    /// The values of [`Packing::is_complex`](crate::packing::Packing::is_complex) to try.
    pub(super) fn complex(&self) -> &'static [bool] {
        match self.pairs {
            Pairs::Never => &[false],
            Pairs::Always => &[true],
            Pairs::Auto if self.head.pairs_samples() => &[false, true],
            Pairs::Auto => &[false],
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        self.head.check()?;
        if self.samples == 0 {
            return Err(Error::Data("there are no samples".into()));
        }
        ranges::samples(self.samples)?;
        ranges::features("features", self.features)?;
        ranges::max_iter(Some(self.learning_rates.len()))?;
        let (together, batches) =
            (self.parts.iter().fold(0, |sum: usize, &part| sum.saturating_add(part)), self.batches);
        if !self.parts.is_empty() && (self.parts.contains(&0) || together != self.samples || batches != 1) {
            return Err(Error::Parameter {
                name: "parts",
                got: format!("{:?} of {} samples in {batches} batches", self.parts, self.samples),
                expected: "at least one sample of each party, all of them in one batch".into(),
            });
        }
        if self.pairs == Pairs::Always && !self.head.pairs_samples() {
            return Err(Error::Parameter {
                name: "pairs",
                got: "always".into(),
                expected: "never or auto: the head does not take two samples a slot".into(),
            });
        }
        if !(self.largest_weight.is_finite() && self.largest_weight >= 1.0) {
            return Err(Error::Parameter {
                name: "largest_weight",
                got: self.largest_weight.to_string(),
                expected: "a number of at least 1: no mean exceeds the largest".into(),
            });
        }
        if self.batches == 0 || self.batches > self.samples {
            return Err(Error::Parameter {
                name: "batches",
                got: self.batches.to_string(),
                expected: format!("between 1 and the number of samples, {}", self.samples),
            });
        }
        Ok(())
    }
}
