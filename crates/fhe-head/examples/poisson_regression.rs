//! A head of one's own: Poisson regression of counts, the mean of which is `e^z` with `z = w . x + b`. A head says what its weights and
//! targets are and how the gradient follows from packed samples; the three twins, keys, refreshes and files follow.
//! `cargo run --release -p fhe-head --example poisson_regression`

use std::sync::Arc;

use fhe_head::ckks::SecretKey;
use fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys_in_memory};
use fhe_head::twins::{train_plain, train_simulated};
use fhe_head::{Engine, Gradient, Head, Pass, Plan, Request, Samples, Scheme, Unit, Weights, ranges, server};
use ndarray::{Array1, Array2, s};
use serde::{Deserialize, Serialize};

/// Poisson regression. Under encryption `(((z + 2)^2 + 4) / 8)^2` stands for `e^z`: the square of the Taylor polynomial of `e^(z/2)`,
/// positive everywhere and within 10 % of `e^z` on [-1.5, 1.5].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Poisson {
    /// Bound on `z`.
    pub(crate) half_width: f64,
}

impl Head for Poisson {
    fn check(&self) -> fhe_head::Result<()> {
        ranges::half_width("half_width", Some(self.half_width))
    }

    fn weights(&self) -> Vec<Weights> {
        vec![Weights::layer("coef", 1, self.score_unit())]
    }

    /// Only `linear_gradient` and the scores of the trait touch the samples, and both can handle two in a slot.
    fn pairs_samples(&self) -> bool {
        true
    }

    fn targets(&self) -> usize {
        1
    }

    fn target(&self, labels: &[f64], targets: &mut [f64]) {
        targets[0] = labels[0];
    }

    fn gradient<E: Engine>(
        &self,
        pass: &Pass<'_, E>,
        weights: Option<&[E::Value]>,
    ) -> fhe_head::Result<Vec<Gradient<E::Value>>> {
        let (engine, width) = (pass.engine, self.half_width);
        pass.linear_gradient(weights, |logits, rows| {
            // rate s (e^z - y), at the scale that `scale` gives for its level. The row weights are s, the target is s y
            pass.residuals(self.score_unit(), |rate, scale| {
                let (weight, target) = (&rows.weight, &rows.targets[0]);
                let Some([t]) = logits else {
                    // all z are 0 and all means 1
                    let out = scale(engine.level(target) - 1);
                    let difference = engine.sub(weight, target)?;
                    return Ok(vec![engine.mul_const(&difference, rate, &out)?]);
                };
                // the plain twin computes the function itself; outside column 0 the weight is zero, and t is no logit
                let exact = |x: &[f64], e: &mut [f64]| {
                    let mean = if x[0] == 0.0 { 0.0 } else { (width * x[2]).exp() };
                    e[0] = rate * (x[0] * mean - x[1]);
                };
                if let Some(exact) = engine.exact(&[weight, target, t], 1, &exact) {
                    return Ok(exact);
                }
                // with u = (t + 2/B)^2 + 4/B^2 the mean is (B^2 u / 8)^2. The constants multiply the row weights in advance, at the
                // scale at which the product (s' u) u comes out as it must: three levels in all
                let level = engine.level(t);
                let out = scale(level - 3);
                let shifted = engine.add_const(t, 2.0 / width)?;
                let u = engine.add_const(&engine.mul(&shifted, &shifted)?, (2.0 / width).powi(2))?;
                let su = out.mul(&engine.rescale_factor(level - 2)).div(&engine.scale(&u));
                let s = su.mul(&engine.rescale_factor(level - 1)).div(&engine.scale(&u));
                let factor = rate * width.powi(4) / 64.0;
                let s = engine.mul_const(&engine.drop_to(weight, level)?, factor, &s)?;
                let means = engine.mul(&engine.mul(&s, &u)?, &u)?;
                let target = engine.drop_to(target, level - 2)?;
                Ok(vec![engine.sub(&means, &engine.mul_const(&target, rate, &out)?)?])
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

/// A trained head: weights of the features, of padding, then the intercept.
#[derive(Debug)]
pub(crate) struct Trained {
    /// With exact arithmetic and the exact exponential.
    pub(crate) plain: Vec<Array1<f64>>,
    /// With what ciphertexts compute, in floating point.
    pub(crate) simulated: Vec<Array1<f64>>,
    /// Under encryption.
    pub(crate) encrypted: Vec<Array1<f64>>,
}

/// Trains the three twins on the same samples.
pub(crate) fn train(scheme: &Scheme, x: &Array2<f64>, counts: &Array1<f64>) -> fhe_head::Result<Trained> {
    let head = Poisson { half_width: 4.0 };
    let samples = Samples::new(&x.view(), &counts.view(), &Array1::ones(counts.len()).view())?;
    let plan = Plan::new(scheme, &Request::new(head, x.nrows(), x.ncols(), vec![0.6, 0.6, 0.6]))?;

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

/// Mean Poisson deviance of predicted means.
pub(crate) fn deviance(counts: &Array1<f64>, means: &Array1<f64>) -> f64 {
    let one = |(y, m): (&f64, &f64)| 2.0 * (m - y + if *y > 0.0 { y * (y / m).ln() } else { 0.0 });
    counts.iter().zip(means).map(one).sum::<f64>() / counts.len() as f64
}

/// The means that a head predicts for samples.
pub(crate) fn means(head: &[Array1<f64>], x: &Array2<f64>) -> Array1<f64> {
    let weights = &head[0];
    (x.dot(&weights.slice(s![..x.ncols()])) + weights[weights.len() - 1]).mapv(f64::exp)
}

/// Samples of six features with counts that two of them tell of.
pub(crate) fn data(samples: usize) -> (Array2<f64>, Array1<f64>) {
    let x =
        Array2::from_shape_fn((samples, 6), |(i, j)| ((i * (j + 5) * 41 + 13 * j) % 89) as f64 / 44.0 - 1.0);
    // the count below which a Poisson variable stays with probability `p`
    let quantile = |mean: f64, p: f64| {
        let (mut k, mut mass) = (0.0, (-mean).exp());
        let mut below = mass;
        while below < p && k < 50.0 {
            k += 1.0;
            mass *= mean / k;
            below += mass;
        }
        k
    };
    let count = |i: usize| {
        quantile((0.2 + 0.9 * x[(i, 0)] - 0.6 * x[(i, 1)]).exp(), ((i * 57 + 11) % 101) as f64 / 101.0)
    };
    let counts = (0..samples).map(count).collect();
    (x, counts)
}

#[allow(dead_code, reason = "a test takes the rest of this file as a module")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (x, counts) = data(500);
    let trained = train(&Scheme::by_name("n15-l18")?, &x, &counts)?;
    let constant = Array1::from_elem(counts.len(), counts.mean().unwrap_or(1.0));
    println!("mean deviance of the mean alone: {:.3}", deviance(&counts, &constant));
    for (name, head) in
        [("plain", &trained.plain), ("simulated", &trained.simulated), ("encrypted", &trained.encrypted)]
    {
        println!("{name:>10}: {:.3}, {:.3}", deviance(&counts, &means(head, &x)), head[0]);
    }
    Ok(())
}
