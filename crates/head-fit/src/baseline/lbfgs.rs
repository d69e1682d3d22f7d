//! Limited-memory BFGS (Nocedal and Wright, *Numerical Optimization*, algorithm 7.5) for smooth convex functions.

use std::collections::VecDeque;

use ndarray::{Array2, Zip};

const MEMORY: usize = 10;
const MOST_ITERATIONS: usize = 300;
/// Largest entry of the gradient at which the search ends.
const TOLERANCE: f64 = 1e-6;

/// A minimum of `function`, which gives value and gradient, from `x` on.
pub(super) fn minimize(
    mut x: Array2<f64>,
    function: impl Fn(&Array2<f64>) -> (f64, Array2<f64>),
) -> Array2<f64> {
    let (mut value, mut gradient) = function(&x);
    // differences of points and of gradients
    let mut pairs: VecDeque<(Array2<f64>, Array2<f64>)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..MOST_ITERATIONS {
        if gradient.iter().all(|g| g.abs() <= TOLERANCE) {
            break;
        }
        let direction = direction(&pairs, &gradient);
        let slope = dot(&direction, &gradient);
        let mut length =
            if pairs.is_empty() { gradient.iter().fold(1.0, |l: f64, g| l.min(1.0 / g.abs())) } else { 1.0 };
        let next = loop {
            let point = &x - &(&direction * length);
            let (next, slopes) = function(&point);
            if next <= value - 1e-4 * length * slope {
                break Some((point, next, slopes));
            }
            length /= 2.0;
            if length < 1e-12 {
                break None;
            }
        };
        let Some((point, next, slopes)) = next else { break };
        let (step, change) = (&point - &x, &slopes - &gradient);
        if dot(&step, &change) > 1e-14 * dot(&change, &change) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((step, change));
        }
        (x, value, gradient) = (point, next, slopes);
    }
    x
}

/// The inverse Hessian of the pairs times the gradient, in two loops.
fn direction(pairs: &VecDeque<(Array2<f64>, Array2<f64>)>, gradient: &Array2<f64>) -> Array2<f64> {
    let mut q = gradient.clone();
    let mut shares = Vec::with_capacity(pairs.len());
    for (step, change) in pairs.iter().rev() {
        let share = dot(step, &q) / dot(step, change);
        q.scaled_add(-share, change);
        shares.push(share);
    }
    if let Some((step, change)) = pairs.back() {
        q *= dot(step, change) / dot(change, change);
    }
    for ((step, change), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = dot(change, &q) / dot(step, change);
        q.scaled_add(share - back, step);
    }
    q
}

fn dot(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    Zip::from(a).and(b).fold(0.0, |sum, a, b| sum + a * b)
}
