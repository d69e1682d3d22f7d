//! The hidden layer that is trained.

use fhe_head::ActivationKind;

/// A hidden layer.
#[derive(Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) hidden: usize,
    pub(crate) activation: ActivationKind,
    pub(crate) activation_interval: Option<f64>,
}
