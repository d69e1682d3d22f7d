//! What is tried: maps, methods, rates, polynomials and their intervals.

use std::ops::RangeInclusive;

use ndarray::Array1;

use super::validate::{Fold, Score};
use crate::dense::{self, Method};
use crate::error::Result;
use crate::features::Preprocessing;
use crate::optimizer::{Optimizer, RateSchedule};
use crate::sigmoid::{Degree, Fit, Sigmoid};

/// Values to try. One value each fixes the method.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Feature maps.
    pub preprocessing: Vec<Preprocessing>,
    /// First-order methods.
    pub optimizers: Vec<Optimizer>,
    /// Constant learning rates.
    pub learning_rates: LearningRates,
    /// Degrees of the polynomial, each with the most iterations that its depth allows.
    pub degrees: Vec<(Degree, usize)>,
    /// Half-widths of the polynomial's interval, ascending: the smallest that holds the logits is taken.
    pub half_widths: Vec<f64>,
    /// Numbers of iterations that may be chosen.
    pub iterations: RangeInclusive<usize>,
    /// How rates change over the iterations.
    pub schedule: RateSchedule,
    /// Weight of the L2 penalty.
    pub alpha: f64,
}

/// Learning rates to try.
#[derive(Clone, Debug, PartialEq)]
pub enum LearningRates {
    /// These.
    Given(Vec<f64>),
    /// These where features are whitened. Else the largest eigenvalue of their second moments bounds the step: shares
    /// of four over this eigenvalue, the inverse of the steepest slope of the gradient.
    Scaled {
        /// Rates for whitened features.
        whitened: Vec<f64>,
        /// Shares for others.
        shares: Vec<f64>,
    },
}

impl LearningRates {
    /// The rates for one map, whose largest second moment is taken from the first fold.
    pub(super) fn of(&self, preprocessing: Preprocessing, folds: &[Fold]) -> Vec<f64> {
        match (self, preprocessing, folds.first()) {
            (Self::Given(rates), ..) => rates.clone(),
            (Self::Scaled { whitened, .. }, Preprocessing::Whiten { .. }, _)
            | (Self::Scaled { whitened, .. }, _, None) => whitened.clone(),
            (Self::Scaled { shares, .. }, _, Some(fold)) => {
                let safe = 4.0 / largest_moment(&fold.train.problem());
                shares.iter().map(|share| two_digits(share * safe)).collect()
            }
        }
    }
}

/// Two significant digits: the job is public, and shall tell no more of the data than it must.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// Largest eigenvalue of the weighted second moments of the features, by power iteration.
fn largest_moment(problem: &dense::Problem<'_>) -> f64 {
    const STEPS: usize = 50;
    let share = &problem.sample_weight / problem.sample_weight.sum();
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

impl Grid {
    pub(super) fn most_iterations(&self) -> usize {
        self.degrees.iter().map(|&(_, iterations)| iterations).max().unwrap_or(0)
    }

    pub(super) fn iterations_of(&self, degree: Degree) -> usize {
        self.degrees
            .iter()
            .filter(|(d, _)| *d == degree)
            .map(|&(_, iterations)| iterations)
            .max()
            .unwrap_or(0)
    }

    /// The iterations that may be chosen, with their scores.
    pub(super) fn wanted<'a>(&self, scores: &'a [Score]) -> impl Iterator<Item = (usize, &'a Score)> {
        let allowed = self.iterations.clone();
        (1..).zip(scores).filter(move |(iterations, _)| allowed.contains(iterations))
    }

    pub(super) fn method<'a>(
        &self,
        optimizer: Optimizer,
        learning_rate: f64,
        sigmoid: Option<&'a Sigmoid>,
        iterations: usize,
    ) -> Result<Method<'a>> {
        let learning_rates = self.schedule.rates(learning_rate, iterations)?;
        Ok(Method { optimizer, learning_rates, alpha: self.alpha, sigmoid })
    }

    /// Polynomials to try for a training whose exact trajectory is known: for each number of iterations, the smallest
    /// interval that holds the logits and the next wider one, as the polynomial's trajectory differs a little.
    pub(super) fn sigmoids(&self, exact: &[Score]) -> Result<Vec<Sigmoid>> {
        let mut specs: Vec<(Degree, f64, Fit)> = Vec::new();
        for (iterations, _) in self.wanted(exact) {
            let most = |f: fn(&Score) -> f64| exact[..iterations].iter().map(f).fold(0.0, f64::max);
            let (largest, rms) = (most(|score| score.largest_logit), most(|score| score.rms_logit));
            for &half_width in self.half_widths.iter().filter(|&&width| width >= largest).take(2) {
                for &(degree, _) in self.degrees.iter().filter(|(_, most)| *most >= iterations) {
                    specs.push((degree, half_width, Fit::LeastSquares));
                    for share in [0.75, 1.25] {
                        // coarse, so that the public job tells little about the data
                        let std = (share * rms * 2.0).round() / 2.0;
                        if std >= 0.5 && std < half_width {
                            specs.push((degree, half_width, Fit::Concentrated { std }));
                        }
                    }
                }
            }
        }
        let mut distinct: Vec<(Degree, f64, Fit)> = Vec::new();
        for spec in specs {
            if !distinct.contains(&spec) {
                distinct.push(spec);
            }
        }
        distinct.into_iter().map(|(degree, half_width, fit)| Sigmoid::new(degree, half_width, fit)).collect()
    }
}
