//! From logits to probabilities.

use fhe_head::Link;
use fhe_head::functions::{logistic, softmax};
use ndarray::{Array1, Array2};

/// Probabilities from logits, samples (rows) by outputs. Those of classes have sum 1; where a single output tells two classes apart, only
/// that of the second is given. Each label has a probability of its own. Numbers stay as they are.
pub fn probabilities(logits: Array2<f64>, link: Link) -> Array2<f64> {
    match link {
        Link::Identity => logits,
        Link::MultiLabel => logits.mapv_into(logistic),
        Link::Logistic if logits.ncols() == 1 => logits.mapv_into(logistic),
        Link::Logistic | Link::Softmax | Link::Cumulative => {
            let classes = link.classes(logits.ncols()).unwrap_or_default();
            let mut all = Array2::zeros((logits.nrows(), classes));
            for (mut row, z) in all.outer_iter_mut().zip(logits.outer_iter()) {
                row.assign(&Array1::from_vec(class_probabilities(link, &mut z.to_vec())));
            }
            all
        }
    }
}

/// Probabilities of all classes of a sample, with sum 1, from its logits. There are several, or the classes have an order.
pub(crate) fn class_probabilities(link: Link, z: &mut [f64]) -> Vec<f64> {
    if link == Link::Softmax {
        softmax(z);
        return z.to_vec();
    }
    z.iter_mut().for_each(|z| *z = logistic(*z));
    let mut p = match link {
        Link::Cumulative => {
            let above = |k: usize| if k == 0 { 1.0 } else { z.get(k - 1).copied().unwrap_or(0.0) };
            // nothing keeps thresholds in order: of two that are not, the class between has none of the samples
            (0..=z.len()).map(|k| (above(k) - above(k + 1)).max(0.0)).collect()
        }
        _ => z.to_vec(),
    };
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p
}
