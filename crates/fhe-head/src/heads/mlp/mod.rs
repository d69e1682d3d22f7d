//! A multi-layer perceptron with one hidden layer.
//!
//! Each hidden unit has one weight vector over the features. The activations of all units lie side by side in one ciphertext, unit `j`
//! in column `j` of each row, so a packing needs as many columns as there are units. The activation is evaluated once for all units.
//! The output weights of a class are one vector whose period is a row.
//!
//! Levels of an iteration, with `a` those of the activation and `d` those of the outputs' residual: 1 (inner products), 1 (mask that
//! puts units side by side), `a`, 1 (outputs), `d`, then backwards 1 (product with output weights times the activation's slope, which
//! are multiplied in advance), 1 (mask that separates units), 1 (product with the samples): `6 + a + d`.
//!
//! Bootstraps are possible at the activation's arguments, which are at most 1 inside its interval, and at the outputs' residuals, whose
//! bound follows from the learning rate and the row weights. With both, an iteration leaves the hidden weights four levels lower, and
//! the longest path between two bootstraps takes `1 + a + d` levels.

mod activate;
mod gradients;
mod output;

pub use output::Output;

use ckks::Scale;
use ckks::threads::try_map;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::functions::Activation;
use crate::heads::columns::for_both_halves;
use crate::heads::head::Head;
use crate::heads::pass::Pass;
use crate::heads::quantities::{Gradient, Unit};
use crate::heads::refreshes::{InColumn, Refreshes};
use crate::heads::weights::{Layer, Penalty, WeightVector, Weights};
use crate::packing::{
    Packing, Rows, add_rotations, backward, finish_backward, forward, join, join_residuals, powers_of_two,
    rotated_weights, spread, sum_columns,
};
use crate::ranges;
use activate::{Activated, activate};
use gradients::Gradients;

/// A hidden layer, followed by a linear head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mlp {
    /// Hidden units: a power of two between 8 and 128.
    pub hidden: usize,
    /// The activation, with the interval of its arguments.
    pub activation: Activation,
    /// The loss.
    pub output: Output,
}

/// Refresh point: the activation's arguments, all units of a block side by side.
const ARGUMENTS: &str = "arguments";
/// Levels from the hidden weights to the arguments: inner products, and the mask that puts units side by side.
const ARGUMENTS_DEPTH: usize = 2;
/// Refresh point: residuals of the outputs, of many blocks side by side.
const RESIDUALS: &str = "residuals";
/// Bound on prediction errors: 1 for exact functions, and polynomials are off by less than 1 on their interval.
const LARGEST_ERROR: f64 = 2.0;

/// Weights by layer: those of the data party, or the vectors of a state.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a, V> {
    /// Weights of the hidden units ([`Layer`]).
    pub hidden: &'a [V],
    /// Output weights of each class.
    pub output: &'a [V],
    /// Intercept of each class.
    pub intercepts: &'a [V],
}

impl Mlp {
    /// Weights by layer, from all in the head's order.
    pub fn layers<'a, V>(&self, weights: &'a [V]) -> Layers<'a, V> {
        let outputs = self.output.outputs();
        let (hidden, rest) = weights.split_at(weights.len().saturating_sub(2 * outputs));
        let (output, intercepts) = rest.split_at(outputs.min(rest.len()));
        Layers { hidden, output, intercepts }
    }

    /// Units of the hidden weights, the output weights and the intercepts ([`WeightVector::unit`]).
    pub fn units(&self) -> [Unit; 3] {
        [Unit::of_half_width(self.activation.half_width()), self.output_unit(), self.output.unit()]
    }

    /// `B2 / a`, with `a` the leading coefficient, by which the engine's activations are divided.
    fn output_unit(&self) -> Unit {
        Unit::of_half_width(self.output.unit().value() / self.activation.leading())
    }

    /// Activations of the samples of each half of a block, with unit `j` in column `j`.
    fn hidden_layer<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        network: &Network<'_, E>,
    ) -> Result<Vec<Activated<E::Value>>> {
        let sums = forward(engine, packing, samples, &network.rotated, |unit| unit)?;
        let refreshed = network.refreshes.scale(engine, ARGUMENTS, 1.0);
        // without a bootstrap, separating the halves doubles the scale
        let doublings = i32::from(packing.is_complex() && refreshed.is_none());
        let columns = try_map(sums.iter().enumerate(), |(unit, z)| {
            let prime = || engine.rescale_factor(engine.level(z).saturating_sub(1));
            let scale = self.argument_scale(&refreshed.clone().unwrap_or_else(prime), &network.weights_scale);
            engine.mul_vec(z, &self.mask(unit, 1.0), &scale.mul_power_of_two(-doublings))
        })?;
        let mut side_by_side =
            columns[1..].iter().try_fold(columns[0].clone(), |sum, z| engine.add(&sum, z))?;
        if let Some(intercepts) = &network.intercepts {
            let level = (engine.level(&side_by_side) + 1).min(engine.level(intercepts));
            let intercepts =
                engine.mul_const(&engine.drop_to(intercepts, level)?, 1.0, &engine.scale(&side_by_side))?;
            side_by_side = engine.add(&side_by_side, &for_both_halves(engine, packing, intercepts)?)?;
        }
        let halves = network.refreshes.halves(engine, packing, ARGUMENTS, side_by_side)?;
        halves.iter().map(|arguments| activate(engine, &self.activation, arguments)).collect()
    }

    /// Scale of the activation's arguments, close to `prime`, at which the logits have about the scale of a prime.
    ///
    /// Samples have a small scale; repeated squaring would move it ever further below a prime's, until nothing is left. Output weights
    /// have a large one; the residual's powers of the logits would double the excess, and the other factors would need a scale below
    /// the noise. Only the scale of a prime survives squaring.
    fn argument_scale(&self, prime: &Scale, weights_scale: &Scale) -> Scale {
        let excess = (weights_scale.log2() - prime.log2()).max(0.0);
        prime.mul_power_of_two(-(excess / f64::from(self.activation.degree())).round() as i32)
    }

    /// Logits divided by their half-width, in column 0. One level below the lower of activations and output weights.
    fn output_layer<E: Engine>(
        &self,
        engine: &E,
        hidden: &E::Value,
        layers: &Layers<'_, E::Value>,
    ) -> Result<Vec<E::Value>> {
        try_map(layers.output.iter().zip(layers.intercepts), |(weights, intercept)| {
            let logit = sum_columns(engine, engine.mul(hidden, weights)?, self.hidden, 0)?;
            // brings the intercept to the logits' exact scale
            engine.add(&logit, &engine.mul_const(intercept, 1.0, &engine.scale(&logit))?)
        })
    }

    /// Residuals of the outputs for half a block, from its activations.
    fn residuals<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        layers: &Layers<'_, E::Value>,
        hidden: &E::Value,
        rows: &Rows<E::Value>,
        rate: f64,
    ) -> Result<Vec<E::Value>> {
        let engine = pass.engine;
        let logits = self.output_layer(engine, hidden, layers)?;
        let refreshed = pass.refreshes.scale(engine, RESIDUALS, LARGEST_ERROR * rate * pass.row_weight);
        let hidden_scale = engine.scale(hidden);
        // products with the activations then have the scale of the state
        let usual = |level: usize| pass.state_scale.mul(&engine.rescale_factor(level)).div(&hidden_scale);
        let scale = |level: usize| refreshed.clone().unwrap_or_else(|| usual(level));
        self.output.residuals(engine, &logits, rows, rate, &scale)
    }

    /// Residuals of the hidden units for half a block, unit `j` in column `j`, from its activations and the outputs' residuals. Adds the
    /// half block's part of the outputs' gradients to `sums`.
    fn half_delta<E: Engine>(
        &self,
        engine: &E,
        layers: &Layers<'_, E::Value>,
        hidden: &Activated<E::Value>,
        errors: &[InColumn<E::Value>],
        sums: &mut Gradients<E>,
    ) -> Result<E::Value> {
        let everywhere = |e: &InColumn<E::Value>| spread(engine, e.value.clone(), self.hidden, e.column);
        let spread_errors = try_map(errors, everywhere)?;
        sums.add_outputs(engine, errors, &spread_errors, &hidden.value)?;
        let through = try_map(layers.output, |weights| engine.mul(weights, &hidden.slope))?;
        let terms: Vec<_> = spread_errors.iter().zip(&through).collect();
        engine.finish(engine.accumulate(None, &terms)?)
    }

    /// `factor` in one column of each row.
    fn mask(&self, column: usize, factor: f64) -> Vec<f64> {
        let mut mask = vec![0.0; self.hidden];
        mask[column] = factor;
        mask
    }
}

/// What all blocks share in the hidden layer.
struct Network<'a, E: Engine> {
    /// Weights of the hidden units, rotated.
    rotated: Vec<Vec<E::Value>>,
    /// Separate intercepts of the hidden units, side by side: there is one column for each.
    intercepts: Option<E::Value>,
    /// Scale of the output weights.
    weights_scale: Scale,
    /// The bootstraps inside the iteration.
    refreshes: Refreshes<'a>,
}

impl<'a, E: Engine> Network<'a, E> {
    fn new(
        engine: &E,
        packing: &Packing,
        layers: &Layers<'_, E::Value>,
        refreshes: Refreshes<'a>,
    ) -> Result<Self> {
        let lowered = |weights| refreshes.entering(engine, ARGUMENTS, weights, ARGUMENTS_DEPTH);
        let hidden = layers.hidden.iter().map(lowered).collect::<Result<Vec<_>>>()?;
        let (features, intercepts) = Layer::split(packing, &hidden);
        let rotated = rotated_weights(engine, packing, features)?;
        let intercepts = intercepts.first().cloned();
        Ok(Self { rotated, intercepts, weights_scale: engine.scale(&layers.output[0]), refreshes })
    }
}

impl Head for Mlp {
    fn check(&self) -> Result<()> {
        self.output.check()?;
        ranges::hidden_units(self.hidden)
    }

    fn accepts(&self, packing: &Packing) -> bool {
        packing.columns() == self.hidden
    }

    fn pairs_samples(&self) -> bool {
        true
    }

    fn weights(&self) -> Vec<Weights> {
        let [hidden_unit, output_unit, intercept_unit] = self.units();
        let output = |k| WeightVector {
            name: format!("output[{k}]"),
            period: self.hidden,
            unit: output_unit,
            penalty: Penalty::All,
        };
        let outputs = self.output.outputs();
        let intercept = |k| Weights::intercept(format!("intercept[{k}]"), intercept_unit);
        let after = (0..outputs).map(output).map(Weights::Vector).chain((0..outputs).map(intercept));
        [Weights::layer("hidden", self.hidden, hidden_unit)].into_iter().chain(after).collect()
    }

    fn initial(&self, features: usize, random_state: u64) -> Option<Vec<Vec<f64>>> {
        let mut rng = ChaCha20Rng::seed_from_u64(random_state);
        // LeCun et al. 1998 for inputs of variance 1, limited to half of the vector's unit
        let [hidden_unit, output_unit, _] = self.units();
        let mut uniform = |inputs: usize, unit: Unit| {
            let limit = (3.0 / inputs as f64).sqrt().min(0.5 * unit.value().abs());
            limit * (2.0 * (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 1.0)
        };
        let hidden: Vec<Vec<f64>> = (0..self.hidden)
            .map(|_| (0..features).map(|_| uniform(features, hidden_unit)).collect())
            .collect();
        let outputs = self.output.outputs();
        let output =
            (0..outputs).map(|_| (0..self.hidden).map(|_| uniform(self.hidden, output_unit)).collect());
        Some(hidden.into_iter().chain(output).chain((0..outputs).map(|_| vec![0.0])).collect())
    }

    fn refresh_points(&self) -> &'static [&'static str] {
        &[ARGUMENTS, RESIDUALS]
    }

    fn blocks_at_once(&self, packing: &Packing, refreshes: Refreshes<'_>) -> usize {
        let rows = refreshes.rows_together(packing, RESIDUALS);
        (rows / (packing.halves() * self.output.outputs())).max(1)
    }

    fn targets(&self) -> usize {
        self.output.outputs()
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        match &self.output {
            Output::Logistic(head) => head.target(labels, targets),
            Output::Softmax(head) => head.target(labels, targets),
        }
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> Result<Vec<Gradient<E::Value>>> {
        let Some(weights) = weights else {
            return Err(Error::Data("a hidden layer cannot start from zero: give initial weights".into()));
        };
        let (engine, packing) = (pass.engine, pass.packing);
        let (layers, outputs) = (self.layers(weights), self.output.outputs());
        let network = Network::new(engine, packing, &layers, pass.refreshes)?;
        // dL/dp2 = (a / B2) sum e a h and dL/dp1 = (1 / B1) sum e w2 a h' / B1 x, with w2 = B2 p2 / a. The residual carries the first
        // factor; the mask converts it to the second one, and a constant to that of the intercepts
        let (leading, b1, b2) =
            (self.activation.leading(), self.activation.half_width(), self.output.unit().value());
        let rate = pass.rate * leading * leading / b2;
        let to_hidden = (b2 / (leading * b1)).powi(2);
        let to_intercept = 1.0 / (leading * leading);

        // as many blocks at a time as can share the bootstrap of their residuals
        let together = self.blocks_at_once(packing, pass.refreshes);
        let sums = pass.sum_over_blocks(together, Gradients::default(), |sums, blocks| {
            let mut hidden = Vec::with_capacity(blocks.len() * packing.halves());
            for block in blocks {
                hidden.extend(self.hidden_layer(engine, packing, &block.samples, &network)?);
            }
            let halves = hidden.iter().zip(blocks.iter().flat_map(|block| &block.rows));
            let residuals =
                halves.map(|(hidden, rows)| self.residuals(pass, &layers, &hidden.value, rows, rate));
            let residuals = residuals.collect::<Result<Vec<_>>>()?.concat();
            let errors = pass.refreshes.rows(engine, packing, RESIDUALS, residuals)?;
            let mut halves = hidden.iter().zip(errors.chunks(outputs));
            for block in blocks {
                let halves = halves.by_ref().take(packing.halves());
                let deltas = halves.map(|(hidden, errors)| {
                    Ok(vec![self.half_delta(engine, &layers, hidden, errors, sums)?])
                });
                let deltas = deltas.collect::<Result<Vec<_>>>()?;
                if network.intercepts.is_some() {
                    sums.add_hidden_intercepts(engine, deltas.iter().flatten())?;
                }
                let delta = &join_residuals(engine, deltas)?[0];
                let unit_scale = pass.error_scale(engine.level(delta).saturating_sub(1));
                let of_unit = |unit| engine.mul_vec(delta, &self.mask(unit, to_hidden), &unit_scale);
                let deltas = try_map(0..self.hidden, of_unit)?;
                let before = std::mem::take(&mut sums.hidden);
                sums.hidden = backward(engine, packing, before, &block.samples, &deltas, |unit| unit)?;
            }
            Ok(())
        })?;
        let sums = Gradients::<E>::of(sums, outputs);

        let hidden = finish_backward(engine, packing, sums.hidden)?;
        let mut gradient: Vec<_> = hidden.into_iter().map(Gradient).collect();
        gradient.extend(pass.column_sums(&sums.hidden_intercepts, to_hidden)?);
        let output: Result<Vec<_>> = try_map(sums.output, |sum| {
            let rows = powers_of_two(self.hidden, packing.slots());
            // refreshed residuals have a scale of their own
            let sum = engine.mul_const(&engine.finish(sum)?, 1.0, &pass.state_scale)?;
            Ok(Gradient(add_rotations(engine, sum, rows)?))
        });
        gradient.extend(output?);
        gradient.extend(try_map(sums.intercepts, |sum| pass.scaled_sum_over_samples(&sum, to_intercept))?);
        Ok(gradient)
    }

    fn scores(&self) -> usize {
        self.output.outputs()
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> Result<Vec<E::Value>> {
        let layers = self.layers(weights);
        let network = Network::new(engine, packing, &layers, Refreshes::NONE)?;
        let halves = self.hidden_layer(engine, packing, samples, &network)?;
        let logits = |hidden: &Activated<E::Value>| self.output_layer(engine, &hidden.value, &layers);
        join(engine, halves.iter().map(logits).collect::<Result<_>>()?)
    }

    fn score_unit(&self) -> Unit {
        self.output.unit()
    }
}
