//! Classification heads: their trait ([`Head`]), the building blocks that they share ([`Pass`]), and those that come with the crate.

mod built_in;
mod columns;
mod head;
mod linear;
mod linear_gradient;
mod logistic;
mod logistic_residual;
mod mlp;
mod pass;
mod quantities;
mod refreshes;
mod softmax;
mod weights;

pub use built_in::BuiltIn;
pub use head::Head;
pub use linear::linear_scores;
pub use logistic::Logistic;
pub use mlp::{Layers, Mlp, Output};
pub use pass::Pass;
pub use quantities::{Gradient, Residual, Unit};
pub use refreshes::{InColumn, RefreshedPoint, Refreshes};
pub use softmax::Multinomial;
pub use weights::{Layer, Penalty, WeightVector, Weights};
pub(crate) use weights::{from_vectors, to_vectors, vectors};
