//! A linear head with a loss of the user's own. Its derivative is a polynomial of the score, with coefficients that are linear in the label.

use head_fit::Family;
use head_fit::fhe_head::{Engine, Error, Gradient, Head, Pass, Result, Unit, Weights, ckks::Scale, ranges};
use head_fit::ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

/// Most coefficients: three levels of products.
const MOST: usize = 8;

/// The derivative `sum_k (constant[k] + y by_label[k]) z^k` of the loss of a score `z` and a label `y`, for `z` in `[-half_width, half_width]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolynomialLoss {
    half_width: f64,
    constant: Vec<f64>,
    by_label: Vec<f64>,
}

/// The derivative on intervals of several widths, and the loss itself as a table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossFamily {
    derivatives: Vec<PolynomialLoss>,
    /// Scores in equal steps.
    scores: Vec<f64>,
    /// The loss at these scores: what does not depend on the label, and what it is multiplied by.
    constant: Vec<f64>,
    by_label: Vec<f64>,
}

impl PolynomialLoss {
    /// Coefficient `k` of row weights and of targets, for scores in units of the half-width.
    fn coefficients(&self, k: usize, rate: f64) -> [f64; 2] {
        let at = |all: &[f64]| all.get(k).copied().unwrap_or(0.0);
        // at most seven, by `check`
        let factor = rate * self.half_width.powi(k as i32);
        [factor * at(&self.constant), factor * at(&self.by_label)]
    }

    fn len(&self) -> usize {
        self.constant.len().max(self.by_label.len())
    }
}

/// What a polynomial is computed from: row weights, targets, and the scores.
struct Terms<'a, E: Engine> {
    engine: &'a E,
    loss: &'a PolynomialLoss,
    rate: f64,
    weight: &'a E::Value,
    target: &'a E::Value,
    /// `t`, `t^2`, `t^4`: each a level below the one before.
    powers: Vec<E::Value>,
}

impl<E: Engine> Terms<'_, E> {
    /// The coefficient of the power `k` for each sample, one level below `level` at this scale; `None` if it is zero.
    fn coefficient(&self, k: usize, level: usize, scale: &Scale) -> Result<Option<E::Value>> {
        let mut sum = None;
        for (value, factor) in
            [self.weight, self.target].into_iter().zip(self.loss.coefficients(k, self.rate))
        {
            if factor != 0.0 {
                let term = self.engine.mul_const(&self.engine.drop_to(value, level)?, factor, scale)?;
                sum = match sum {
                    Some(sum) => Some(self.engine.add(&sum, &term)?),
                    None => Some(term),
                };
            }
        }
        Ok(sum)
    }

    /// The `2^depth` terms from the power `k` on, divided by that power, at this scale, `depth` levels below the scores.
    fn terms(&self, k: usize, depth: usize, scale: &Scale) -> Result<Option<E::Value>> {
        let engine = self.engine;
        let Some(power) = depth.checked_sub(1).and_then(|half| self.powers.get(half)) else {
            let level = self.powers.first().map_or(0, |t| engine.level(t));
            return self.coefficient(k, level + 1, scale);
        };
        let level = engine.level(power);
        let at_high = scale.mul(&engine.rescale_factor(level)).div(&engine.scale(power));
        let high = self.terms(k + (1 << (depth - 1)), depth - 1, &at_high)?;
        let low = self.terms(k, depth - 1, scale)?;
        let low = low.map(|low| engine.drop_to(&low, level - 1)).transpose()?;
        let high = high.map(|high| engine.mul(&high, power)).transpose()?;
        Ok(match (low, high) {
            (Some(low), Some(high)) => Some(engine.add(&low, &high)?),
            (low, high) => low.or(high),
        })
    }
}

impl Head for PolynomialLoss {
    fn check(&self) -> Result<()> {
        ranges::half_width("interval", Some(self.half_width))?;
        let finite = self.constant.iter().chain(&self.by_label).all(|c| c.is_finite());
        let moves = self.constant.iter().chain(&self.by_label).any(|c| *c != 0.0);
        if finite && moves && self.len() <= MOST {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "derivative",
            got: format!("{:?} and {:?} for the label", self.constant, self.by_label),
            expected: format!("at most {MOST} finite coefficients that are not all zero"),
        })
    }

    fn weights(&self) -> Vec<Weights> {
        vec![Weights::layer("coef", 1, self.score_unit())]
    }

    /// Samples are touched by `linear_gradient` and the scores of the trait alone, and both can handle two in a slot.
    fn pairs_samples(&self) -> bool {
        true
    }

    fn targets(&self) -> usize {
        1
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        targets.copy_from_slice(labels);
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        pass.linear_gradient(weights, |logits, rows| {
            pass.residuals(self.score_unit(), |rate, scale| {
                let engine = pass.engine;
                let weight = &rows.weight;
                let target =
                    rows.targets.first().ok_or(Error::Shape { what: "targets", expected: 1, got: 0 })?;
                let mut terms = Terms { engine, loss: self, rate, weight, target, powers: Vec::new() };
                // while all scores are zero, what is constant in them is left
                let top = engine.level(weight).min(engine.level(target));
                let Some([t]) = logits else {
                    let out = scale(top - 1);
                    let sum = terms.coefficient(0, top, &out)?;
                    return Ok(vec![match sum {
                        Some(sum) => sum,
                        None => engine.mul_const(target, 0.0, &out)?,
                    }]);
                };
                let depth = self.len().next_power_of_two().trailing_zeros() as usize;
                let mut power = t.clone();
                for k in 0..depth {
                    if k > 0 {
                        power = engine.mul(&power, &power)?;
                    }
                    terms.powers.push(power.clone());
                }
                let level = engine.level(t);
                let out = scale(level - depth);
                let sum = match depth {
                    0 => terms.coefficient(0, level + 1, &out)?,
                    _ => terms.terms(0, depth, &out)?,
                };
                sum.map(|sum| vec![sum]).ok_or(Error::Shape { what: "coefficients", expected: 1, got: 0 })
            })
        })
    }

    fn scores(&self) -> usize {
        1
    }

    fn score_unit(&self) -> Unit {
        Unit::of_half_width(self.half_width)
    }
}

impl LossFamily {
    /// A family from JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn from_json(text: &str) -> std::result::Result<Self, String> {
        let family: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let points = family.scores.len();
        let rises = family.scores.windows(2).all(|pair| pair[0] < pair[1]);
        if points < 2 || family.constant.len() != points || family.by_label.len() != points || !rises {
            return Err(
                "the table of the loss has another number of scores and losses, or scores that fall".into()
            );
        }
        for derivative in &family.derivatives {
            derivative.check().map_err(|error| error.to_string())?;
        }
        Ok(family)
    }
}

impl Family for LossFamily {
    type Head = PolynomialLoss;

    fn head(&self, half_width: f64) -> Result<PolynomialLoss> {
        let found = self.derivatives.iter().find(|derivative| derivative.half_width == half_width);
        found.cloned().ok_or_else(|| Error::Parameter {
            name: "interval",
            got: half_width.to_string(),
            expected: "one that the derivative was fitted on".into(),
        })
    }

    /// The loss by its table, in a straight line between two scores of it and beyond its ends.
    fn loss(&self, scores: ArrayView1<'_, f64>, _: &[Array1<f64>], label: f64) -> f64 {
        let Some(&z) = scores.first() else { return 0.0 };
        let after = self.scores.partition_point(|score| *score < z).clamp(1, self.scores.len() - 1);
        let (left, right) = (self.scores[after - 1], self.scores[after]);
        let share = (z - left) / (right - left);
        let at = |all: &[f64]| all[after - 1] + share * (all[after] - all[after - 1]);
        at(&self.constant) + label * at(&self.by_label)
    }
}
