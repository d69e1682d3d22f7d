//! Bounds on the error that a decryption shows, from the variance that the simulated twin tells.

use fhe_head::ckks::noise;
use fhe_head::{Part, Plan, Scheme, WeightVector};

/// Binary logarithm of the probability that the error of a vector exceeds its bound.
const LOG_FAILURE: f64 = -60.0;

/// A bound on the Euclidean norm of the errors of all numbers that a head shows, at the scale of the state. `variance` is that of a
/// coefficient of its vectors, the mean over all `N` coefficients of each ([`fhe_head::twins::SimulatedHead::variance`]).
///
/// Gradients are summed over the tiles of the slots. That is a trace: it multiplies the coefficients of the subring in which vectors of the
/// period `n` lie by the number of tiles, and removes all others. So the `2 n` coefficients that are shown hold the whole error of a vector,
/// and their variance is `N / 2n` times the mean.
pub(crate) fn error_bound(plan: &Plan, scheme: &Scheme, variance: f64) -> f64 {
    let degree = scheme.parameters().degree() as f64;
    let of = |vector: &WeightVector| {
        let numbers = 2 * vector.period;
        noise::l2_bound(variance * degree / numbers as f64, numbers, LOG_FAILURE).powi(2)
    };
    plan.job.weights().iter().map(of).sum::<f64>().sqrt()
}

/// The share of the bound that a party's samples may use, so that those of all stay within it: the variances of all parts add up. Half
/// of it goes by blocks, whose roundings are the same whatever they hold, half by the weight of the samples.
pub(crate) fn quota(plan: &Plan, part: Part) -> f64 {
    let packing = plan.job.packing();
    let (blocks, weight) =
        (part.count as f64 / packing.blocks() as f64, part.weight / packing.capacity() as f64);
    (0.5 * (blocks + weight)).sqrt()
}
