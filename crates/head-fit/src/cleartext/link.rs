//! What makes predictions of logits, with the polynomial that stands for it or exact, and what the loss compares them with.

use fhe_head::functions::{logistic, softmax};
use fhe_head::{Link, Sigmoid, Softmax};
use ndarray::ArrayView1;

/// A link, with the polynomial that stands for its function.
#[derive(Clone, Copy)]
pub(crate) struct LinkFunction<'a> {
    pub(crate) link: Link,
    polynomial: Polynomial<'a>,
}

#[derive(Clone, Copy)]
enum Polynomial<'a> {
    /// The function itself.
    None,
    Sigmoid(&'a Sigmoid),
    Softmax(&'a Softmax),
}

impl<'a> LinkFunction<'a> {
    /// Without a polynomial.
    pub(crate) fn exact(link: Link) -> LinkFunction<'static> {
        LinkFunction { link, polynomial: Polynomial::None }
    }

    /// A link whose function is the logistic one.
    pub(crate) fn with_sigmoid(link: Link, sigmoid: &'a Sigmoid) -> Self {
        Self { link, polynomial: Polynomial::Sigmoid(sigmoid) }
    }

    /// The softmax.
    pub(crate) fn with_softmax(softmax: &'a Softmax) -> Self {
        Self { link: Link::Softmax, polynomial: Polynomial::Softmax(softmax) }
    }

    /// Turns logits, in place, into what the loss compares with labels: probabilities (of steps, where classes have an order) or numbers.
    pub(crate) fn apply(self, logits: &mut [f64]) {
        match (self.polynomial, self.link) {
            (_, Link::Identity) => {}
            (Polynomial::Sigmoid(sigmoid), _) => {
                logits.iter_mut().for_each(|z| *z = 0.5 + sigmoid.centred(*z / sigmoid.half_width()));
            }
            (Polynomial::Softmax(approximation), _) => approximation.apply(logits),
            (Polynomial::None, Link::Softmax) => softmax(logits),
            (Polynomial::None, Link::Logistic | Link::MultiLabel | Link::Cumulative) => {
                logits.iter_mut().for_each(|z| *z = logistic(*z));
            }
        }
    }

    /// Subtracts from the predictions of a sample what its labels say.
    pub(crate) fn subtract(self, predictions: &mut [f64], labels: &ArrayView1<'_, f64>) {
        match (self.link, predictions) {
            (Link::Logistic, [only]) => *only -= f64::from(u8::from(labels[0] == 1.0)),
            (Link::Logistic | Link::Softmax, all) => all[labels[0] as usize] -= 1.0,
            (Link::MultiLabel | Link::Identity, all) => {
                all.iter_mut().zip(labels).for_each(|(p, label)| *p -= label);
            }
            (Link::Cumulative, steps) => {
                // the class is above as many steps as its index says
                let above = labels[0] as usize;
                steps[..above].iter_mut().for_each(|p| *p -= 1.0);
            }
        }
    }

    /// Combines the gradients of outputs that share the weights of the features ([`fhe_head::Ordinal`]): each gets the sum of all, and the
    /// intercepts get a common part.
    pub(crate) fn tie(self, gradient: &mut ndarray::Array2<f64>) {
        if self.link != Link::Cumulative {
            return;
        }
        let constant = gradient.nrows() - 1;
        for (j, mut row) in gradient.rows_mut().into_iter().enumerate() {
            let sum = row.sum();
            row.mapv_inplace(|own| if j == constant { own + sum } else { sum });
        }
    }
}

/// The logistic loss `ln(1 + e^-margin)`. The margin is the logit, negated for a negative label.
pub(crate) fn logistic_loss(margin: f64) -> f64 {
    (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
}
