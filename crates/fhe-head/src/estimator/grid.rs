//! What cross-validation tries where an option is open.

use ckks::Parameters;

use super::LogisticRegression;
use crate::engine::trace::RefreshContract;
use crate::error::{Error, Result};
use crate::features::Preprocessing;
use crate::optimizer::Optimizer;
use crate::plan::Depth;
use crate::sigmoid::Degree;
use crate::tune::{Grid, LearningRates};

/// Iterations that are tried at most unless asked for more: beyond these, held-out loss hardly falls.
const MOST_ITERATIONS: usize = 8;
/// One iteration from zero weights never evaluates the logistic function: that is linear discriminant analysis, not
/// logistic regression.
const LEAST_ITERATIONS: usize = 2;
/// Ridges of the whitening in units of the mean eigenvalue: from almost full whitening to almost none.
const RIDGES: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// Four is the inverse of the logistic function's steepest slope, the safe step on whitened features; saturated
/// samples and a ridge allow more.
const LEARNING_RATES: [f64; 6] = [2.0, 4.0, 6.0, 8.0, 12.0, 16.0];
/// Shares of the safe step where features are not whitened. Momentum makes small steps long.
const SHARES: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0];
/// Half-widths of intervals.
const HALF_WIDTHS: [f64; 11] = [3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 32.0];

/// What cross-validation tries for these options.
///
/// # Errors
/// More iterations than the levels hold, or no iteration at all.
pub(super) fn of(
    options: &LogisticRegression,
    parameters: &Parameters,
    contract: Option<&RefreshContract>,
) -> Result<Grid> {
    let degrees = match options.sigmoid_degree {
        Some(degree) => vec![degree],
        None => Degree::ALL.to_vec(),
    };
    let scoring = usize::from(options.scoring);
    let levels = parameters.max_level().saturating_sub(scoring);
    let depth = |degree: Degree| Depth::linear(degree.depth()).starting(options.warm_start.is_some());
    let mut allowed = Vec::new();
    let mut refusal = None;
    for degree in degrees {
        let fit = match contract {
            Some(_) => usize::MAX,
            None => depth(degree).iterations_in(levels),
        };
        match options.max_iter {
            Some(wanted) if wanted > fit => {
                refusal = Some(Error::NeedsBootstrapping {
                    preset: parameters.name().to_owned(),
                    iterations: wanted,
                    needed: depth(degree).of(wanted) + scoring,
                    levels: parameters.max_level(),
                    fit,
                });
            }
            Some(wanted) => allowed.push((degree, wanted)),
            None if fit == 0 => {}
            None => allowed.push((degree, fit.min(MOST_ITERATIONS))),
        }
    }
    if allowed.is_empty() {
        return Err(refusal.unwrap_or_else(|| Error::Parameter {
            name: "preset",
            got: parameters.name().to_owned(),
            expected: "a parameter set with at least two levels".into(),
        }));
    }
    let most = allowed.iter().map(|&(_, iterations)| iterations).max().unwrap_or(1);
    let one_or = |given: Option<f64>, all: &[f64]| given.map_or(all.to_vec(), |value| vec![value]);
    Ok(Grid {
        preprocessing: match options.preprocessing {
            Some(preprocessing) => vec![preprocessing],
            None => RIDGES.map(|ridge| Preprocessing::Whiten { ridge, standardize: true }).to_vec(),
        },
        optimizers: match options.optimizer {
            Some(optimizer) => vec![optimizer],
            None => vec![Optimizer::GradientDescent, Optimizer::NesterovSchedule],
        },
        learning_rates: match options.learning_rate {
            Some(rate) => LearningRates::Given(vec![rate]),
            None => LearningRates::Scaled { whitened: LEARNING_RATES.to_vec(), shares: SHARES.to_vec() },
        },
        degrees: allowed,
        half_widths: one_or(options.sigmoid_interval, &HALF_WIDTHS),
        iterations: match options.max_iter {
            Some(wanted) => wanted..=wanted,
            None => LEAST_ITERATIONS.min(most)..=most,
        },
        schedule: options.schedule.clone(),
        alpha: options.alpha,
    })
}
