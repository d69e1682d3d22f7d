//! Functions of the heads, and the polynomials that replace them under encryption.

mod activation;
mod least_squares;
mod sigmoid;
mod softmax;

pub use activation::{Activation, ActivationKind};
pub use sigmoid::{Degree, Fit, Sigmoid, SigmoidSpec, logistic};
pub use softmax::{Softmax, SoftmaxForm, softmax};

use serde::{Deserialize, Serialize};

/// Whether arithmetic in the clear computes functions or their polynomials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Functions {
    /// The functions themselves.
    Exact,
    /// The polynomials, as under encryption.
    #[default]
    Polynomials,
}
