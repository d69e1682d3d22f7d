//! Heads: their trait ([`Head`]), the building blocks that they share ([`Pass`]), and those that come with the crate.

mod built_in;
mod columns;
mod head;
mod linear;
mod linear_gradient;
mod link;
mod logistic;
mod logistic_residual;
mod mlp;
mod ordinal;
mod pass;
mod quantities;
mod refreshes;
mod ridge;
mod softmax;
mod weights;

pub use built_in::BuiltIn;
pub use head::Head;
pub use linear::linear_scores;
pub use link::Link;
pub use logistic::Logistic;
pub use mlp::{Layers, Mlp, Output};
pub use ordinal::Ordinal;
pub use pass::Pass;
pub use quantities::{Gradient, Residual, Unit};
pub use refreshes::{InColumn, RefreshedPoint, Refreshes};
pub use ridge::Ridge;
pub use softmax::Multinomial;
pub use weights::{Layer, Penalty, WeightVector, Weights};
pub(crate) use weights::{from_vectors, to_vectors, vectors};
