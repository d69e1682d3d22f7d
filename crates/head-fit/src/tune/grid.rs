//! What is tried for a linear head where an option is open.

use std::ops::RangeInclusive;

use fhe_head::plan::Depth;
use fhe_head::{Error, Link, Optimizer, Result};
use ndarray::Array1;

use super::approximation::{Approximation, Family};
use super::held_out::two_digits;
use super::round::Score;
use super::task::Task;
use crate::classifier::Classifier;
use crate::cleartext::Problem;
use crate::data::Fold;
use crate::features::Preprocessing;
use crate::labels::Targets;

/// Iterations that are tried at most unless asked for more: beyond these, held-out loss hardly falls.
const MOST_ITERATIONS: usize = 16;
/// Ridges of the whitening in units of the mean eigenvalue: from almost full whitening to almost none.
const RIDGES: [f64; 7] = [0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0];
/// Ridges of the whitening within classes.
const RIDGES_WITHIN: [f64; 4] = [0.001, 0.01, 0.1, 1.0];
/// Multiples of the safe step, the inverse of the steepest slope on whitened features ([`Family::safe_step`]): saturated samples and a ridge allow more than one.
const WHITENED_STEPS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
/// Multiples of the safe step where whitening within classes leaves the variance between them, along which samples are soon saturated; and
/// behind a given map, which may be anything.
const WITHIN_STEPS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// Shares of the safe step where features are not whitened. Momentum makes small steps long.
const SHARES: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
/// Half-widths of intervals, ascending.
pub(crate) const HALF_WIDTHS: [f64; 12] = [3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0];

/// Values to try. One value each fixes the method.
pub(super) struct Grid {
    /// The link that all families approximate.
    pub(super) link: Link,
    pub(super) outputs: usize,
    pub(super) optimizers: Vec<Optimizer>,
    /// Families of approximations, each with the most iterations that its depth allows.
    families: Vec<(Family, usize)>,
    pub(super) half_widths: Vec<f64>,
    /// Numbers of iterations that may be chosen.
    pub(super) iterations: RangeInclusive<usize>,
    /// The given learning rate, or `None` for rates by the features.
    rate: Option<f64>,
    /// Weight of the L2 penalty.
    alpha: f64,
}

/// The feature maps to try. Within two classes, features vary as in all but for the one direction that tells the classes apart, whose scale
/// is the learning rate's.
pub(super) fn maps(options: &Classifier, targets: Targets) -> Vec<Preprocessing> {
    let whitened = RIDGES.map(|ridge| Preprocessing::Whiten { ridge, standardize: true });
    let within: &[f64] = if matches!(targets, Targets::Classes(3..)) { &RIDGES_WITHIN } else { &[] };
    match (options.preprocessing, options.n_components) {
        (Some(map), _) => vec![map],
        (None, Some(_)) => whitened.to_vec(),
        (None, None) => {
            let within = within.iter().map(|&ridge| Preprocessing::WhitenWithin { ridge });
            whitened.into_iter().chain(within).chain([Preprocessing::Standardize]).collect()
        }
    }
}

impl Grid {
    /// The grid for families of approximations of one link.
    ///
    /// # Errors
    /// [`Error::NeedsBootstrapping`] on more iterations than the levels hold; [`Error::Parameter`] if not even one fits.
    pub(super) fn new(task: Task<'_, '_>, families: &[Family]) -> Result<Self> {
        let options = task.options;
        let link = families.first().map_or(Link::Logistic, |family| family.link());
        let outputs = task.data.targets().scores(link);
        let least = families.first().map_or(1, |family| family.least_iterations());
        let families = allowed(task, families, MOST_ITERATIONS)?;
        let longest = families.iter().map(|&(_, iterations)| iterations).max().unwrap_or(1);
        Ok(Self {
            link,
            outputs,
            optimizers: match options.optimizer {
                Some(optimizer) => vec![optimizer],
                // momentum hardly ever loses; where trials are cheap, plain descent has its chance too
                None if outputs == 1 => vec![Optimizer::GradientDescent, Optimizer::NesterovSchedule],
                None => vec![Optimizer::NesterovSchedule],
            },
            half_widths: options.interval.map_or(HALF_WIDTHS.to_vec(), |width| vec![width]),
            iterations: match options.max_iter {
                Some(wanted) => wanted..=wanted,
                None => least.min(longest)..=longest,
            },
            rate: options.learning_rate,
            alpha: options.alpha,
            families,
        })
    }

    /// Iterations of the longest training.
    pub(super) fn longest(&self) -> usize {
        *self.iterations.end()
    }

    /// Half-width of the widest interval.
    pub(super) fn widest(&self) -> f64 {
        self.half_widths.iter().copied().fold(0.0, f64::max)
    }

    /// The most iterations that an approximation's depth allows.
    pub(super) fn longest_with(&self, approximation: &Approximation) -> usize {
        let fits = |(family, _): &&(Family, usize)| family.levels() >= approximation.depth();
        self.families.iter().find(fits).map_or(0, |&(_, iterations)| iterations)
    }

    /// Learning rates for one map. Where features are not whitened, the largest eigenvalue of their second moments in a fold bounds the
    /// step: the rates are shares of the inverse of the gradient's steepest slope. A penalty makes every slope steeper by its weight.
    pub(super) fn rates(&self, preprocessing: Preprocessing, fold: Option<&Fold>) -> Vec<f64> {
        if let Some(rate) = self.rate {
            return vec![rate];
        }
        let safe = self.families.first().map_or(1.0, |(family, _)| family.safe_step(self.outputs));
        // whitened features have a steepest slope of one
        let scaled = |steps: [f64; 4], fold: &Fold| {
            let steepest = largest_moment(&Problem::new(&fold.train, 1));
            steps.map(|step| step * safe / steepest)
        };
        let steps = match (preprocessing, fold) {
            (Preprocessing::Whiten { .. }, _) | (_, None) => WHITENED_STEPS.map(|step| step * safe),
            (Preprocessing::WhitenWithin { .. } | Preprocessing::Given, Some(fold)) => {
                scaled(WITHIN_STEPS, fold)
            }
            (Preprocessing::Center | Preprocessing::Standardize, Some(fold)) => scaled(SHARES, fold),
        };
        steps.map(|step| two_digits(step / (1.0 + self.alpha * step))).to_vec()
    }

    /// The iterations that may be chosen, with their scores.
    pub(super) fn wanted<'a>(
        &self,
        scores: &'a [Score],
    ) -> impl Iterator<Item = (usize, &'a Score)> + use<'a> {
        let allowed = self.iterations.clone();
        (1..).zip(scores).filter(move |(iterations, _)| allowed.contains(iterations))
    }

    /// Approximations to try for a training whose exact trajectory is known: for each of these numbers of iterations, the smallest
    /// interval that holds the logits and the next wider one, since the polynomial's trajectory differs a little.
    pub(super) fn approximations(&self, exact: &[Score], iterations: &[usize]) -> Result<Vec<Approximation>> {
        let mut distinct: Vec<Approximation> = Vec::new();
        for &iterations in iterations {
            let most = |f: fn(&Score) -> f64| exact[..iterations].iter().map(f).fold(0.0, f64::max);
            let (largest, rms) = (most(|score| score.largest_logit), most(|score| score.rms_logit));
            for &half_width in self.half_widths.iter().filter(|&&width| width >= largest).take(2) {
                for &(family, _) in self.families.iter().filter(|(_, most)| *most >= iterations) {
                    for approximation in family.on_interval(half_width, rms)? {
                        if !distinct.contains(&approximation) {
                            distinct.push(approximation);
                        }
                    }
                }
            }
        }
        Ok(distinct)
    }

    /// The plainest approximation on an interval.
    pub(super) fn plainest(&self, half_width: f64) -> Result<Option<Approximation>> {
        self.families.first().map(|(family, _)| Approximation::plain(*family, half_width)).transpose()
    }
}

/// The families that fit into the levels, each with the most iterations.
fn allowed(task: Task<'_, '_>, families: &[Family], most: usize) -> Result<Vec<(Family, usize)>> {
    let (options, parameters) = (task.options, task.scheme.parameters());
    let scoring = usize::from(options.scoring);
    let levels = parameters.max_level().saturating_sub(scoring);
    let mut allowed = Vec::new();
    let mut refusal = None;
    for &family in families {
        let depth = Depth::linear(family.levels()).starting(task.start.is_some());
        let fit = match task.scheme.contract() {
            Some(_) => usize::MAX,
            None => depth.iterations_in(levels),
        };
        match options.max_iter {
            Some(wanted) if wanted > fit => {
                refusal = Some(Error::NeedsBootstrapping {
                    preset: parameters.name().to_owned(),
                    iterations: wanted,
                    needed: depth.of(wanted) + scoring,
                    levels: parameters.max_level(),
                    fit,
                });
            }
            Some(wanted) => allowed.push((family, wanted)),
            None if fit == 0 => {}
            None => allowed.push((family, fit.min(most))),
        }
    }
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    Err(refusal.unwrap_or_else(|| Error::Parameter {
        name: "preset",
        got: parameters.name().to_owned(),
        expected: "a parameter set with at least two levels".into(),
    }))
}

/// Largest eigenvalue of the weighted second moments of the features, by power iteration.
fn largest_moment(problem: &Problem<'_>) -> f64 {
    const STEPS: usize = 50;
    let share = &problem.weights / problem.weights.sum();
    let columns = problem.x.ncols();
    let mut direction = Array1::from_elem(columns, (columns as f64).sqrt().recip());
    let mut moment = 0.0;
    for _ in 0..STEPS {
        let image = problem.x.t().dot(&(problem.x.dot(&direction) * &share));
        moment = image.dot(&image).sqrt();
        if moment == 0.0 {
            return 1.0;
        }
        direction = image / moment;
    }
    moment
}
