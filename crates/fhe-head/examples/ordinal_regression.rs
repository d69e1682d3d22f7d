//! A head of one's own: ordinal regression, for labels that are grades.
//!
//! `P(y > k) = sigma(w x + b_k)`: one weight vector for all grades, and a threshold for each step between two. The head says which
//! vectors it has, what is encrypted of a label, and what the gradient is; plain, simulated and encrypted training, levels,
//! keys, refreshes and files follow. `cargo run --release -p fhe-head --example ordinal_regression`

use std::sync::Arc;

use fhe_head::ckks::SecretKey;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::heads::{Layer, linear_scores};
use fhe_head::twins::{train_plain, train_simulated};
use fhe_head::{
    Degree, Engine, Fit, Gradient, Head, Packing, Pass, Plan, Request, Residual, Samples, Scheme, Sigmoid,
    Unit, Weights, server,
};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// Proportional odds for grades `0 .. steps`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ordinal {
    /// Steps between neighbouring grades.
    pub(crate) steps: usize,
    /// The approximation of the logistic function.
    pub(crate) sigmoid: Sigmoid,
}

impl Head for Ordinal {
    fn weights(&self) -> Vec<Weights> {
        let unit = self.score_unit();
        let threshold = |k| Weights::intercept(format!("threshold[{k}]"), unit);
        [Weights::layer("coef", 1, unit)].into_iter().chain((0..self.steps).map(threshold)).collect()
    }

    /// Only `linear_gradient` and `linear_scores` touch the samples, and both can handle two in a slot.
    fn pairs_samples(&self) -> bool {
        true
    }

    fn targets(&self) -> usize {
        self.steps
    }

    fn target(&self, grade: f64, targets: &mut [f64]) {
        for (k, target) in targets.iter_mut().enumerate() {
            *target = if grade > k as f64 { 0.5 } else { -0.5 };
        }
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> fhe_head::Result<Vec<Gradient<E::Value>>> {
        let engine = pass.engine;
        let coef_vectors = Layer::vector_counts(pass.packing, 1).iter().sum();
        let (coef, thresholds) = weights.map(|weights| weights.split_at(coef_vectors)).unzip();
        // residuals of each step, summed over the blocks: the thresholds' gradients come from them
        let mut steps: Vec<Option<Residual<E::Value>>> = vec![None; self.steps];
        let mut gradient = pass.linear_gradient(coef, |logits, rows| {
            let mut total = None;
            for (k, step) in steps.iter_mut().enumerate() {
                let logit = logits.zip(thresholds).map(|(logits, thresholds)| {
                    let scale = engine.scale(&logits[0]);
                    engine.add(&logits[0], &engine.mul_const(&thresholds[k], 1.0, &scale)?)
                });
                let residual = pass.logistic_residual(&self.sigmoid, logit.transpose()?.as_ref(), rows, k)?;
                *step = Some(sum(engine, step.as_ref(), &residual)?);
                total = Some(sum(engine, total.as_ref(), &residual)?);
            }
            Ok(total.into_iter().collect())
        })?;
        for residuals in steps.iter().flatten() {
            gradient.push(pass.sum_over_samples(residuals)?);
        }
        Ok(gradient)
    }

    fn scores(&self) -> usize {
        1
    }

    fn score<E: Engine>(
        &self,
        engine: &E,
        packing: &Packing,
        samples: &[E::Value],
        weights: &[E::Value],
    ) -> fhe_head::Result<Vec<E::Value>> {
        let coef = &weights[..Layer::vector_counts(packing, 1).iter().sum()];
        linear_scores(engine, packing, samples, coef)
    }

    fn score_unit(&self) -> Unit {
        Unit::of_half_width(self.sigmoid.half_width())
    }
}

fn sum<E: Engine>(
    engine: &E,
    sum: Option<&Residual<E::Value>>,
    residual: &Residual<E::Value>,
) -> fhe_head::Result<Residual<E::Value>> {
    sum.map_or_else(|| Ok(residual.clone()), |sum| sum.plus(engine, residual))
}

/// A trained head: weights of the features and the constant one, then one threshold for each step.
#[derive(Debug)]
pub(crate) struct Trained {
    /// With exact arithmetic and the exact logistic function.
    pub(crate) plain: Vec<Array1<f64>>,
    /// With what ciphertexts compute, in floating point.
    pub(crate) simulated: Vec<Array1<f64>>,
    /// Under encryption.
    pub(crate) encrypted: Vec<Array1<f64>>,
}

/// Trains the three twins on the same samples.
pub(crate) fn train(scheme: &Scheme, x: &Array2<f64>, grades: &Array1<f64>) -> fhe_head::Result<Trained> {
    let steps = grades.fold(0.0, |max: f64, grade| max.max(*grade)) as usize;
    let head = Ordinal { steps, sigmoid: Sigmoid::new(Degree::Three, 6.0, Fit::LeastSquares)? };
    let samples = Samples::new(&x.view(), &grades.view(), &Array1::ones(grades.len()).view())?;
    let plan = Plan::new(scheme, &Request::new(head, x.nrows(), x.ncols(), vec![1.0, 1.0, 1.0]))?;

    let secret = SecretKey::generate(scheme.parameters())?;
    let keys = Arc::new(evaluation_keys_in_memory(&secret, &plan.keys)?);
    let blocks = DataEncryptor::new(&secret, &plan, &samples).blocks()?;
    let encrypted = server::train(keys, &plan.job, &blocks)?;
    Ok(Trained {
        plain: train_plain(&plan, &samples, None)?,
        simulated: train_simulated(&plan, scheme, &samples, None)?.weights,
        encrypted: decrypt_head(&secret, &plan.job, &encrypted)?,
    })
}

/// The grade that a head gives a sample: the steps that are more likely taken than not.
pub(crate) fn grade(head: &[Array1<f64>], x: &ArrayView1<'_, f64>) -> usize {
    let weights = &head[0];
    let linear = x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + weights[weights.len() - 1];
    head[1..].iter().filter(|threshold| linear + threshold[0] > 0.0).count()
}

/// Samples of six features with grades 0 to 3.
pub(crate) fn data(samples: usize) -> (Array2<f64>, Array1<f64>) {
    let x =
        Array2::from_shape_fn((samples, 6), |(i, j)| ((i * (j + 5) * 41 + 13 * j) % 89) as f64 / 44.0 - 1.0);
    let severity = |row: ArrayView1<'_, f64>| row[0] + row[1] - 0.5 * row[2];
    let step = |s: f64| [-0.7, 0.0, 0.7].iter().filter(|&&threshold| s > threshold).count() as f64;
    let grades = x.rows().into_iter().map(|row| step(severity(row))).collect();
    (x, grades)
}

#[allow(dead_code, reason = "a test takes the rest of this file as a module")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, grades) = data(500);
    let trained = train(&Scheme::by_name("n15-l18")?, &x, &grades)?;
    for (name, head) in
        [("plain", &trained.plain), ("simulated", &trained.simulated), ("encrypted", &trained.encrypted)]
    {
        let right = x.rows().into_iter().zip(&grades).filter(|(x, y)| grade(head, x) as f64 == **y).count();
        let thresholds: Vec<String> = head[1..].iter().map(|b| format!("{:.3}", b[0])).collect();
        println!("{name:>10}: {right} of {} grades right, thresholds {}", x.nrows(), thresholds.join(" "));
    }
    Ok(())
}
