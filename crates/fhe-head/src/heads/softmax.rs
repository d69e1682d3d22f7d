//! Multinomial logistic regression.

use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::head::Head;
use super::linear::{minus_targets, residuals_at_zero};
use super::pass::Pass;
use super::quantities::{ErrorScale, Gradient, Unit};
use super::weights::Weights;
use crate::engine::{Engine, require_levels};
use crate::error::Result;
use crate::functions::{Softmax, SoftmaxForm, softmax};
use crate::packing::Rows;

/// A softmax over linear logits. The target of class `k` is `y_k - 1/K`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Multinomial {
    /// The approximation of the softmax.
    pub softmax: Softmax,
}

impl Multinomial {
    /// A head with this approximation.
    pub fn new(softmax: Softmax) -> Self {
        Self { softmax }
    }

    /// `rate s (p_k - y_k)` for each class, with `s` the row weights. `logits` is `None` if all are zero.
    ///
    /// In the notation of `functions/softmax.rs`: constants multiply copies of `s` in advance, and the sum of products of each class is
    /// relinearised once.
    ///
    /// # Errors
    /// [`crate::Error::Level`] if too few levels are left.
    pub(super) fn residuals<E: Engine>(
        &self,
        engine: &E,
        logits: Option<&[E::Value]>,
        rows: &Rows<E::Value>,
        rate: f64,
        scale: &ErrorScale<'_>,
    ) -> Result<Vec<E::Value>> {
        let classes = self.softmax.classes();
        let Some(t) = logits else {
            return residuals_at_zero(engine, rows, rate, scale);
        };
        let inputs: Vec<&E::Value> = [&rows.weight].into_iter().chain(&rows.targets).chain(t).collect();
        let exact = |x: &[f64], e: &mut [f64]| {
            let (targets, t) = x[1..].split_at(classes);
            e.copy_from_slice(t);
            e.iter_mut().for_each(|t| *t *= self.softmax.half_width());
            softmax(e);
            for (e, target) in e.iter_mut().zip(targets) {
                // outside column 0 the logits are sums over parts of two rows
                *e = if x[0] == 0.0 { 0.0 } else { rate * (x[0] * (*e - 1.0 / classes as f64) - target) };
            }
        };
        if let Some(exact) = engine.exact(&inputs, classes, &exact) {
            return Ok(exact);
        }
        let (level, depth) = (engine.level(&t[0]), self.softmax.form().levels());
        require_levels("gradient", level, depth)?;
        let out = scale(level - depth);
        let powers = Powers::new(engine, t)?;
        let probabilities = match self.softmax.form() {
            SoftmaxForm::Two => self.two_levels(engine, rows, rate, &powers, &out),
            SoftmaxForm::Three | SoftmaxForm::InARow => self.three_levels(engine, rows, rate, &powers, &out),
        }?;
        minus_targets(engine, &probabilities, rows, rate, &out)
    }

    /// `s t_k (P + c_0/c_1) + (s_a t_k^2 + s_b P)`.
    fn two_levels<E: Engine>(
        &self,
        engine: &E,
        rows: &Rows<E::Value>,
        rate: f64,
        Powers { t, squares, power }: &Powers<'_, E::Value>,
        out: &ckks::Scale,
    ) -> Result<Vec<E::Value>> {
        let ([c0, c1, _], [d0, _]) = (self.softmax.own, self.softmax.square);
        let level = engine.level(&t[0]);
        let shifted = engine.add_const(power, c0 / c1)?;
        // at this scale of their factors, the products with squares come out at scale `out`
        let factor = out.mul(&engine.rescale_factor(level - 1)).div(&engine.scale(power));
        let s =
            self.scaled_weights(engine, rows, level + 1, rate * c1, &over(engine, &factor, level, &t[0]))?;
        let [own, all] = self.square_weights(engine, rows, level, rate * d0, &factor)?;
        try_map(t.iter().zip(squares), |(t, u)| {
            let st = engine.mul(&s, t)?;
            engine.finish(engine.accumulate(None, &[(&st, &shifted), (&own, u), (&all, power)])?)
        })
    }

    /// `s c t_k A + (s_a t_k^2 + s_b P) (P + d_0/d_1)`, where `c A` is the factor of `s t_k`.
    fn three_levels<E: Engine>(
        &self,
        engine: &E,
        rows: &Rows<E::Value>,
        rate: f64,
        powers: &Powers<'_, E::Value>,
        out: &ckks::Scale,
    ) -> Result<Vec<E::Value>> {
        let Powers { t, squares, power } = powers;
        let [d0, d1] = self.softmax.square;
        let level = engine.level(&t[0]);
        let (c, factor_of_t) = self.factor_of_t(engine, powers)?;
        let shifted = engine.add_const(power, d0 / d1)?;

        let product = out.mul(&engine.rescale_factor(level - 2));
        let st_scale = product.div(&engine.scale(&factor_of_t));
        let s =
            self.scaled_weights(engine, rows, level + 1, rate * c, &over(engine, &st_scale, level, &t[0]))?;
        let su_scale = product.div(&engine.scale(&shifted));
        let factor = su_scale.mul(&engine.rescale_factor(level - 1)).div(&engine.scale(power));
        let [own, all] = self.square_weights(engine, rows, level, rate * d1, &factor)?;
        try_map(t.iter().zip(squares), |(t, u)| {
            let st = engine.mul(&s, t)?;
            let su = engine.finish(engine.accumulate(None, &[(&own, u), (&all, power)])?)?;
            engine.finish(engine.accumulate(None, &[(&st, &factor_of_t), (&su, &shifted)])?)
        })
    }

    /// `c` and `A`, two levels below the logits: `c_2` and `P^2 + c_1/c_2 P + c_0/c_2`, or for classes in a row `c_1` and
    /// `P + e/c_1 Q + c_0/c_1`.
    fn factor_of_t<E: Engine>(
        &self,
        engine: &E,
        Powers { t, squares, power }: &Powers<'_, E::Value>,
    ) -> Result<(f64, E::Value)> {
        let [c0, c1, c2] = self.softmax.own;
        if self.softmax.form() == SoftmaxForm::InARow {
            let level = engine.level(&t[0]);
            // constants multiply copies of the logits in advance, at the scale at which the products come out at that of `P`
            let scale =
                engine.scale(power).mul(&engine.rescale_factor(level - 1)).div(&engine.scale(&squares[0]));
            let scaled = try_map(*t, |t| engine.mul_const(t, self.softmax.skew / c1, &scale))?;
            let terms: Vec<_> = scaled.iter().zip(squares).collect();
            let skew = engine.finish(engine.accumulate(None, &terms)?)?;
            return Ok((c1, engine.add_const(&engine.add(power, &skew)?, c0 / c1)?));
        }
        let fourth = engine.mul(power, power)?;
        let linear = engine.mul_const(power, c1 / c2, &engine.scale(&fourth))?;
        Ok((c2, engine.add_const(&engine.add(&fourth, &linear)?, c0 / c2)?))
    }

    /// The factors of `t_k^2` and of `P` in `factor s (t_k^2 - P/K)`, one level below `level`.
    fn square_weights<E: Engine>(
        &self,
        engine: &E,
        rows: &Rows<E::Value>,
        level: usize,
        factor: f64,
        scale: &ckks::Scale,
    ) -> Result<[E::Value; 2]> {
        let all = -factor / self.softmax.classes() as f64;
        Ok([
            self.scaled_weights(engine, rows, level, factor, scale)?,
            self.scaled_weights(engine, rows, level, all, scale)?,
        ])
    }

    /// `factor s`, one level below `level`.
    fn scaled_weights<E: Engine>(
        &self,
        engine: &E,
        rows: &Rows<E::Value>,
        level: usize,
        factor: f64,
        scale: &ckks::Scale,
    ) -> Result<E::Value> {
        engine.mul_const(&engine.drop_to(&rows.weight, level)?, factor, scale)
    }
}

/// `t_k`, their squares, and the sum `P` of these.
struct Powers<'a, V> {
    t: &'a [V],
    squares: Vec<V>,
    power: V,
}

impl<'a, V: Clone + Send + Sync> Powers<'a, V> {
    fn new<E: Engine<Value = V>>(engine: &E, t: &'a [V]) -> Result<Self> {
        let squares = try_map(t, |t| engine.mul(t, t))?;
        let power = squares[1..].iter().try_fold(squares[0].clone(), |sum, u| engine.add(&sum, u))?;
        Ok(Self { t, squares, power })
    }
}

/// The scale at which a product with `partner` at `level` rescales to `scale`.
fn over<E: Engine>(engine: &E, scale: &ckks::Scale, level: usize, partner: &E::Value) -> ckks::Scale {
    scale.mul(&engine.rescale_factor(level)).div(&engine.scale(partner))
}

impl Head for Multinomial {
    fn pairs_samples(&self) -> bool {
        true
    }

    fn weights(&self) -> Vec<Weights> {
        vec![Weights::layer("coef", self.softmax.classes(), self.score_unit())]
    }

    fn targets(&self) -> usize {
        self.softmax.classes()
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        for (k, target) in targets.iter_mut().enumerate() {
            *target = f64::from(u8::from(labels[0] == k as f64)) - 1.0 / self.softmax.classes() as f64;
        }
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        pass.linear_gradient(weights, |logits, rows| {
            pass.residuals(self.score_unit(), |rate, scale| {
                self.residuals(pass.engine, logits, rows, rate, scale)
            })
        })
    }

    fn scores(&self) -> usize {
        self.softmax.classes()
    }

    fn score_unit(&self) -> Unit {
        Unit::of_half_width(self.softmax.half_width())
    }
}
