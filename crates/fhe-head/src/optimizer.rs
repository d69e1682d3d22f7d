//! First-order methods as linear updates of a state `(p, v)`. Constants multiply the old state alone, so an update takes no level
//! beyond the gradient's.
//!
//! PyTorch's `SGD` with momentum `mu` keeps a buffer `m' = mu m + g` and steps `p' = p - lr d`, where `g` is the
//! gradient at `p`, and `d = m'` for heavy ball, `d = g + mu m'` for Nesterov. Nesterov's `p` is the look-ahead
//! sequence, where HELR (ePrint 2018/254) evaluates the gradient too. With `c = lr` (heavy ball) or
//! `c = lr (1 + mu)` (Nesterov) and the buffer kept as `v = c m`, the constant joins the gradient's own:
//! `p' = p - c g - carry v`, `v' = decay v + c g`.

use crate::error::{Error, Result};
use crate::ranges;
use serde::{Deserialize, Serialize};

/// A first-order method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// `p' = p - lr g`.
    GradientDescent,
    /// Heavy ball with a constant momentum in [0, 1).
    Momentum(f64),
    /// Nesterov's method with a constant momentum in [0, 1).
    Nesterov(f64),
    /// Nesterov's method with the momentum of its convergence proof,
    /// `lambda_0 = 0, lambda' = (1 + sqrt(1 + 4 lambda^2)) / 2, mu = (lambda - 1) / lambda'`, as in HELR.
    NesterovSchedule,
}

/// How the learning rate changes over the iterations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateSchedule {
    /// The same rate in every iteration.
    #[default]
    Constant,
    /// `rate / t^power` in iteration `t = 1, 2, ..`, scikit-learn's `invscaling`.
    InverseScaling(f64),
    /// Half a cosine, from the rate down towards 0.
    Cosine,
    /// These rates, one for each iteration. Further ones are ignored.
    Explicit(Vec<f64>),
}

impl RateSchedule {
    /// Checks the constants.
    ///
    /// # Errors
    /// [`Error::Parameter`] on a negative power or a rate that is not positive.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::InverseScaling(power) => {
                let sound = |power: &f64| power.is_finite() && *power >= 0.0;
                ranges::require("power_t", Some(*power), sound, "a number of at least 0")
            }
            Self::Explicit(rates) => {
                rates.iter().try_for_each(|&rate| ranges::positive("learning_rate_schedule", Some(rate)))
            }
            Self::Constant | Self::Cosine => Ok(()),
        }
    }

    /// The rate of each of `iterations` iterations, from the initial `rate`. Explicit rates do not depend on it.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there are fewer explicit rates than iterations.
    pub fn rates(&self, rate: f64, iterations: usize) -> Result<Vec<f64>> {
        Ok(match self {
            Self::Constant => vec![rate; iterations],
            Self::InverseScaling(power) => (1..=iterations).map(|t| rate / (t as f64).powf(*power)).collect(),
            Self::Cosine => {
                let share = |t: usize| t as f64 / iterations as f64;
                (0..iterations)
                    .map(|t| rate * (1.0 + (std::f64::consts::PI * share(t)).cos()) / 2.0)
                    .collect()
            }
            Self::Explicit(rates) if rates.len() >= iterations => rates[..iterations].to_vec(),
            Self::Explicit(rates) => {
                return Err(Error::Parameter {
                    name: "learning_rate_schedule",
                    got: format!("{} rates", rates.len()),
                    expected: format!("one for each of {iterations} iterations"),
                });
            }
        })
    }
}

/// Constants of the update `p' = p - rate g - carry v`, `v' = decay v + rate g` of one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Factor `c` of the gradient in both updates.
    pub rate: f64,
    /// Factor of `v` in the update of the weights.
    pub carry: f64,
    /// Factor of `v` in its own update.
    pub decay: f64,
}

impl Step {
    /// Weight and momentum after an iteration with this gradient. The trainer computes the same on engine values, with the rate already
    /// in the gradient.
    pub fn update(&self, weight: f64, momentum: f64, gradient: f64) -> (f64, f64) {
        let gradient = self.rate * gradient;
        (weight - self.carry * momentum - gradient, self.decay * momentum + gradient)
    }
}

impl Optimizer {
    /// Checks the momentum.
    ///
    /// # Errors
    /// [`Error::Parameter`] outside [0, 1).
    pub fn check(self) -> Result<Self> {
        match self {
            Self::Momentum(mu) | Self::Nesterov(mu) => {
                let sound = |mu: &f64| (0.0..1.0).contains(mu);
                ranges::require("momentum", Some(mu), sound, "a number of at least 0 and below 1")?;
            }
            Self::GradientDescent | Self::NesterovSchedule => {}
        }
        Ok(self)
    }

    /// Whether the state has a second vector `v`.
    pub fn has_momentum(self) -> bool {
        self != Self::GradientDescent
    }

    /// Whether the gradient is taken at a look-ahead point.
    fn is_nesterov(self) -> bool {
        matches!(self, Self::Nesterov(_) | Self::NesterovSchedule)
    }

    /// Momentum `mu` of each of `iterations` iterations.
    pub fn momenta(self, iterations: usize) -> Vec<f64> {
        match self {
            Self::GradientDescent => vec![0.0; iterations],
            Self::Momentum(mu) | Self::Nesterov(mu) => vec![mu; iterations],
            Self::NesterovSchedule => {
                let next = |lambda: &f64| Some((1.0 + f64::sqrt(1.0 + 4.0 * lambda * lambda)) / 2.0);
                let lambdas: Vec<f64> = std::iter::successors(Some(1.0), next).take(iterations + 1).collect();
                lambdas.windows(2).map(|w| (w[0] - 1.0) / w[1]).collect()
            }
        }
    }

    /// Constants of all iterations, one learning rate each.
    pub fn steps(self, rates: &[f64]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(rates.len());
        for (&lr, mu) in rates.iter().zip(self.momenta(rates.len())) {
            let nesterov = self.is_nesterov();
            let rate = if nesterov { lr * (1.0 + mu) } else { lr };
            let last = steps.last().map_or(rate, |step| step.rate);
            steps.push(Step {
                rate,
                carry: lr * mu * if nesterov { mu } else { 1.0 } / last,
                decay: mu * rate / last,
            });
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms on a quadratic, with rates that change.
    #[test]
    fn the_state_update_is_the_one_of_pytorch() {
        let gradient = |p: f64| 3.0 * (p - 0.7);
        let rates: Vec<f64> = (0..20).map(|t| 0.1 / (1.0 + 0.1 * f64::from(t))).collect();
        for (optimizer, mu, nesterov) in [
            (Optimizer::GradientDescent, 0.0, false),
            (Optimizer::Momentum(0.8), 0.8, false),
            (Optimizer::Nesterov(0.6), 0.6, true),
        ] {
            let (mut p, mut v) = (0.0, 0.0);
            let (mut expected, mut buffer) = (0.0, 0.0);
            for (step, lr) in optimizer.steps(&rates).iter().zip(&rates) {
                (p, v) = step.update(p, v, gradient(p));
                buffer = mu * buffer + gradient(expected);
                let direction = if nesterov { gradient(expected) + mu * buffer } else { buffer };
                expected -= lr * direction;
                assert!((p - expected).abs() < 1e-12, "{optimizer:?}");
            }
        }
    }

    #[test]
    fn the_schedule_of_nesterov_starts_at_zero_and_tends_to_one() {
        let steps = Optimizer::NesterovSchedule.steps(&[1.0; 50]);
        assert!((steps[0].rate - 1.0).abs() < 1e-15);
        assert!(steps.windows(2).all(|w| w[1].rate > w[0].rate) && steps[49].rate < 2.0);
    }

    #[test]
    fn schedules_of_rates() {
        let rates = |schedule: RateSchedule| schedule.rates(2.0, 4).unwrap_or_default();
        assert_eq!(rates(RateSchedule::Constant), [2.0; 4]);
        assert_eq!(rates(RateSchedule::InverseScaling(1.0)), [2.0, 1.0, 2.0 / 3.0, 0.5]);
        let cosine = rates(RateSchedule::Cosine);
        assert!((cosine[0] - 2.0).abs() < 1e-12 && (cosine[2] - 1.0).abs() < 1e-12 && cosine[3] > 0.0);
        assert_eq!(rates(RateSchedule::Explicit(vec![3.0, 2.0, 1.0, 1.0, 9.0])), [3.0, 2.0, 1.0, 1.0]);
        assert!(RateSchedule::Explicit(vec![1.0]).rates(2.0, 2).is_err());
        assert!(RateSchedule::InverseScaling(-1.0).check().is_err());
    }

    #[test]
    fn momentum_of_one_is_refused() {
        assert!(Optimizer::Nesterov(1.0).check().is_err());
        assert!(Optimizer::Momentum(f64::NAN).check().is_err());
        assert!(Optimizer::Nesterov(0.9).check().is_ok());
    }
}
