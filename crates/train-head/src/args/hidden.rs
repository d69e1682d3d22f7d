//! The hidden layer of `--head mlp`. Names are those of scikit-learn's `MLPClassifier`.

use clap::{Args, ValueEnum};
use fhe_head::{ActivationKind, ranges};

use super::HeadKind;
use crate::exit::{Failure, Result};

/// Flags of a hidden layer.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Hidden layer (--head mlp)")]
pub(super) struct HiddenArgs {
    /// Number of hidden units: 8, 16, 32, 64 or 128 [default: chosen from the data]
    #[arg(long, value_name = "UNITS", value_parser = units)]
    hidden_layer_sizes: Option<usize>,
    /// Activation function; gelu and tanh are polynomials of degree 2 and 3 [default: gelu]
    #[arg(long, value_enum)]
    activation: Option<Activation>,
    /// Half-width of the interval on which the activation's polynomial holds
    #[arg(long, value_name = "B")]
    activation_interval: Option<f64>,
}

/// Activation functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Activation {
    /// z^2, exact
    Square,
    /// z Phi(z)
    Gelu,
    /// The hyperbolic tangent
    Tanh,
}

/// A hidden layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HiddenLayer {
    /// Number of units; chosen from the data if `None`.
    pub(crate) units: Option<usize>,
    /// Activation function.
    pub(crate) activation: ActivationKind,
    /// Half-width of the interval of the activation's arguments, if the flag is given.
    pub(crate) interval: Option<f64>,
}

impl HiddenArgs {
    /// The hidden layer; `None` for a head without one.
    ///
    /// # Errors
    /// Flags of a hidden layer for another head; an interval out of range.
    pub(super) fn resolve(&self, head: Option<HeadKind>) -> Result<Option<HiddenLayer>> {
        if head != Some(HeadKind::Mlp) {
            let given = [
                ("--hidden-layer-sizes", self.hidden_layer_sizes.is_some()),
                ("--activation", self.activation.is_some()),
                ("--activation-interval", self.activation_interval.is_some()),
            ];
            return match given.into_iter().find(|(_, given)| *given) {
                Some((flag, _)) => Err(Failure::usage(format!("{flag} requires --head mlp"))),
                None => Ok(None),
            };
        }
        ranges::half_width("activation_interval", self.activation_interval)?;
        Ok(Some(HiddenLayer {
            units: self.hidden_layer_sizes,
            activation: match self.activation {
                Some(Activation::Square) => ActivationKind::Square,
                None | Some(Activation::Gelu) => ActivationKind::Gelu,
                Some(Activation::Tanh) => ActivationKind::Tanh,
            },
            interval: self.activation_interval,
        }))
    }
}

/// The value of `--activation` for a function.
pub(crate) fn activation_name(kind: ActivationKind) -> &'static str {
    match kind {
        ActivationKind::Square => "square",
        ActivationKind::Gelu => "gelu",
        ActivationKind::Tanh => "tanh",
    }
}

fn units(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(units) if ranges::hidden_units(units).is_ok() => Ok(units),
        _ => Err("must be one hidden layer of 8, 16, 32, 64 or 128 units".into()),
    }
}
