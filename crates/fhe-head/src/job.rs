//! The public description of a training run, which travels with the ciphertexts.

use ckks::Parameters;

use crate::error::{Error, Result};
use crate::heads::{self, BuiltIn, Head, RefreshedPoint, Refreshes, WeightVector};
use crate::optimizer::{Optimizer, Step};
use crate::packing::{BlockLayout, Deal, Packing, Tile, messages};
use crate::ranges;
use crate::scheme::RefreshedMessage;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// Everything that the compute party needs besides parameters and keys. Nothing in it is secret: sizes are padded, so it does not
/// tell the counts of samples and features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "JobSpec<H>", into = "JobSpec<H>", bound = "H: Head")]
pub struct Job<H: Head = BuiltIn>(JobSpec<H>);

/// Largest [`JobSpec::log_row_weight`]: all weight of 2^40 rows on one of them.
pub(crate) const MOST_ROW_WEIGHT: i32 = 40;

/// The fields of a [`Job`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "H: Head")]
pub struct JobSpec<H: Head = BuiltIn> {
    /// The head to train.
    pub head: H,
    /// How the samples lie in slots.
    pub packing: Packing,
    /// The first-order method.
    pub optimizer: Optimizer,
    /// Learning rate of each iteration. Its length is the number of iterations.
    pub learning_rates: Vec<f64>,
    /// Weight of the L2 penalty `alpha / 2 |w|^2` beside the mean loss (scikit-learn's `alpha`; `1 / (C n)`).
    pub alpha: f64,
    /// Iterations, counted from 0, before which the state is refreshed, in increasing order. The number of iterations stands for a
    /// refresh of the result. 0 occurs only in a training that continues from an earlier head.
    pub refresh_before: Vec<usize>,
    /// Level to which a refreshed state is lowered if the bootstrap leaves more.
    pub refreshed_level: usize,
    /// Length of the messages in which vectors of the state share a bootstrap, in units of the longest vector: a power of two. With 1,
    /// each vector has a bootstrap of its own.
    pub merged_tiles: usize,
    /// Points of the head at which every iteration refreshes values ([`crate::heads::Refreshes`]).
    #[serde(default)]
    pub refreshed_points: Vec<RefreshedPoint>,
    /// Binary logarithm of a bound on the row weights, whose mean is 1. It bounds residuals that are refreshed.
    #[serde(default)]
    pub log_row_weight: i32,
    /// Level at which the first iteration starts.
    pub entry_level: usize,
    /// Level at which samples are scored with the encrypted head; `None` if the plan leaves no levels for scoring.
    pub score_level: Option<usize>,
    /// Iterations between two snapshots of the weights.
    pub snapshot_every: usize,
    /// Level of the snapshots.
    pub snapshot_level: usize,
    /// Binary logarithm of the scale of the weights until the first refresh.
    pub state_scale: i32,
    /// Binary logarithm of the scale to which weights are lowered for a pass over the samples; `None` if they keep their own. A state at a
    /// larger scale than the pass keeps more bits of small steps; lowering takes one level in an iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_scale: Option<i32>,
    /// Binary logarithm of the scale at which samples are encrypted.
    pub data_scale: i32,
    /// Binary logarithm of the scale at which row weights and targets are encrypted.
    pub row_scale: i32,
}

impl<H: Head> Job<H> {
    /// Checks the fields and makes a job of them.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a field is out of range.
    pub fn new(spec: JobSpec<H>) -> Result<Self> {
        Self::check(&spec, ranges::MOST_LEVEL)?;
        Ok(Self(spec))
    }

    /// Refuses a job that asks for slots or levels that a parameter set does not have.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn expect_within(&self, parameters: &Parameters) -> Result<()> {
        let slots = parameters.slots();
        ranges::require("slots", Some(self.packing().slots()), |&got| got == slots, &slots.to_string())?;
        Self::check(&self.0, parameters.max_level())
    }

    fn check(spec: &JobSpec<H>, most_level: usize) -> Result<()> {
        let refuse = |name, got: String, expected: &str| {
            Err(Error::Parameter { name, got, expected: expected.into() })
        };
        spec.head.check()?;
        spec.optimizer.check()?;
        if !spec.head.accepts(&spec.packing) {
            let expected = "a packing that the head can work on";
            return refuse("packing", format!("{:?}", spec.packing.sizes()), expected);
        }
        if spec.packing.is_complex() && !spec.head.pairs_samples() {
            return refuse("packing", "two samples a slot".into(), "one: the head does not take pairs");
        }
        ranges::max_iter(Some(spec.learning_rates.len()))?;
        spec.learning_rates.iter().try_for_each(|&rate| ranges::learning_rate(Some(rate)))?;
        ranges::alpha(Some(spec.alpha))?;
        let increasing = spec.refresh_before.windows(2).all(|w| w[0] < w[1]);
        let within = spec.refresh_before.iter().all(|&t| t <= spec.learning_rates.len());
        if !(increasing && within) {
            return refuse(
                "refresh_before",
                format!("{:?}", spec.refresh_before),
                "increasing iterations of the training",
            );
        }
        let levels = [
            ("entry_level", Some(spec.entry_level)),
            ("refreshed_level", Some(spec.refreshed_level)),
            ("score_level", spec.score_level),
            ("snapshot_level", Some(spec.snapshot_level)),
        ];
        let levels = levels.into_iter().filter_map(|(name, level)| Some((name, level?)));
        let placed = spec.refreshed_points.iter().map(|point| ("refreshed_points", point.level));
        levels.chain(placed).try_for_each(|(name, level)| ranges::level(name, level, most_level))?;
        let tiles = spec.merged_tiles;
        let vectors = heads::vectors(&spec.head.weights(), &spec.packing);
        let longest = vectors.iter().map(|vector| vector.period).max().unwrap_or(1);
        let fits = |length| length <= spec.packing.slots();
        if !tiles.is_power_of_two() || !tiles.checked_mul(longest).is_some_and(fits) {
            return refuse(
                "merged_tiles",
                tiles.to_string(),
                "a power of two, as many as slots hold at most",
            );
        }
        let (placed, known) = (&spec.refreshed_points, spec.head.refresh_points());
        let once = |(i, point): (usize, &RefreshedPoint)| {
            known.contains(&&*point.name) && placed[..i].iter().all(|other| other.name != point.name)
        };
        if !placed.iter().enumerate().all(once) {
            let names: Vec<_> = placed.iter().map(|point| &point.name).collect();
            return refuse(
                "refreshed_points",
                format!("{names:?}"),
                &format!("some of {known:?}, each once"),
            );
        }
        if !(0..=MOST_ROW_WEIGHT).contains(&spec.log_row_weight) {
            let expected = format!("a power of two between 1 and 2^{MOST_ROW_WEIGHT}");
            return refuse("log_row_weight", spec.log_row_weight.to_string(), &expected);
        }
        if spec.snapshot_every == 0 {
            return refuse("snapshot_every", "0".into(), "at least one iteration");
        }
        let scales = [
            ("state_scale", Some(spec.state_scale)),
            ("pass_scale", spec.pass_scale),
            ("data_scale", Some(spec.data_scale)),
            ("row_scale", Some(spec.row_scale)),
        ];
        for (name, scale) in scales.into_iter().filter_map(|(name, scale)| Some((name, scale?))) {
            if !(10..=80).contains(&scale) {
                return refuse(name, scale.to_string(), "a power of two between 2^10 and 2^80");
            }
        }
        Ok(())
    }

    /// The fields.
    pub fn spec(&self) -> &JobSpec<H> {
        &self.0
    }

    /// The head to train.
    pub fn head(&self) -> &H {
        &self.0.head
    }

    /// How the samples lie in slots.
    pub fn packing(&self) -> &Packing {
        &self.0.packing
    }

    /// The vectors of the state, in order.
    pub fn weights(&self) -> Vec<WeightVector> {
        heads::vectors(&self.0.head.weights(), &self.0.packing)
    }

    /// One period of each vector of the state, from weights as the data party has them: for each output of a layer the weights of the
    /// features, then the intercept; any other vector as it is. Missing features have weight zero.
    ///
    /// # Errors
    /// [`Error::Shape`] on another number of vectors, or of weights in one.
    pub fn to_vectors(&self, weights: &[Array1<f64>]) -> Result<Vec<Array1<f64>>> {
        heads::to_vectors(&self.0.head.weights(), &self.0.packing, weights)
    }

    /// Weights as the data party has them, with those of the padding, from one period of each vector of the state.
    pub fn from_vectors(&self, vectors: &[Array1<f64>]) -> Vec<Array1<f64>> {
        heads::from_vectors(&self.0.head.weights(), &self.0.packing, vectors)
    }

    /// The messages that are bootstrapped in place of the vectors of the state.
    pub fn messages(&self) -> Vec<Vec<Tile>> {
        messages(&self.periods(), self.0.merged_tiles)
    }

    /// Length of a bootstrapped message of the state.
    pub fn message_length(&self) -> usize {
        self.0.merged_tiles * self.periods().into_iter().max().unwrap_or(1)
    }

    fn periods(&self) -> Vec<usize> {
        self.weights().into_iter().map(|vector| vector.period).collect()
    }

    /// The layout of its blocks.
    pub fn layout(&self) -> BlockLayout {
        BlockLayout::new(&self.0.packing, self.0.head.targets())
    }

    /// Number of blocks that are in memory at once in a pass, at least.
    pub fn blocks_at_once(&self) -> usize {
        let (packing, refreshes) = (self.packing(), Refreshes::new(&self.0.refreshed_points));
        self.head().blocks_at_once(packing, refreshes).min(packing.blocks_per_batch())
    }

    /// How the blocks of a batch are dealt to processes that train together.
    pub fn deal(&self) -> Deal {
        Deal { length: self.packing().blocks_per_batch(), together: self.blocks_at_once() }
    }

    /// The shape of the message that all its bootstraps refresh; `None` if the job has no bootstrap.
    pub fn refreshed_message(&self) -> Option<RefreshedMessage> {
        /// The shortest period that the bootstrap takes. A message of a shorter period has this one too.
        const SHORTEST_LOG_PERIOD: usize = 4;
        let (spec, packing) = (&self.0, &self.0.packing);
        let momentum = spec.optimizer.has_momentum();
        if !spec.refreshed_points.is_empty() {
            let log_period = packing.slots().ilog2() as usize;
            return Some(RefreshedMessage { log_period, pair: momentum || packing.is_complex() });
        }
        let log_period = (self.message_length().ilog2() as usize).max(SHORTEST_LOG_PERIOD);
        (!spec.refresh_before.is_empty()).then_some(RefreshedMessage { log_period, pair: momentum })
    }

    /// Number of iterations.
    pub fn iterations(&self) -> usize {
        self.0.learning_rates.len()
    }

    /// Constants of the update in each iteration.
    pub fn steps(&self) -> Vec<Step> {
        self.0.optimizer.steps(&self.0.learning_rates)
    }

    /// Whether the training continues from the encrypted head of an earlier one ([`crate::server::warm_start`]).
    pub fn continues(&self) -> bool {
        self.refreshes_before(0)
    }

    /// Whether the state is refreshed before iteration `t`.
    pub fn refreshes_before(&self, t: usize) -> bool {
        self.0.refresh_before.binary_search(&t).is_ok()
    }
}

impl<H: Head> TryFrom<JobSpec<H>> for Job<H> {
    type Error = Error;

    fn try_from(spec: JobSpec<H>) -> Result<Self> {
        Self::new(spec)
    }
}

impl<H: Head> From<Job<H>> for JobSpec<H> {
    fn from(job: Job<H>) -> Self {
        job.0
    }
}
