//! A plan from the shape of the data alone.

use fhe_head::{Plan, Scheme, ranges};
use head_fit::Targets;

use super::options::classifier;
use crate::args::{HeadKind, Hyper};
use crate::exit::Result;
use crate::preset::preset;

/// The shape of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Number of samples.
    pub(crate) samples: usize,
    /// Number of features.
    pub(crate) features: usize,
    /// Number of classes; with `--head ridge` one number is predicted.
    pub(crate) classes: usize,
}

/// A plan for data of a shape. What would be chosen from the data gets a usual value.
///
/// # Errors
/// Flags out of range for the shape; parameters that are refused.
pub(crate) fn plan(shape: Shape, hyper: &Hyper) -> Result<(Scheme, Plan)> {
    let Shape { samples, features, classes } = shape;
    ranges::samples(samples)?;
    ranges::features("dimension", features)?;
    ranges::outputs("classes", classes, 1)?;
    let targets = match hyper.flags.head {
        Some(HeadKind::Ridge) => Targets::Numbers(1),
        _ => Targets::Classes(classes),
    };
    let asked = classifier(hyper, samples, targets, || format!("--classes says {classes}"))?;
    // an unknown preset is refused with advice
    hyper.flags.preset.as_deref().map(preset).transpose()?;
    let presets = hyper.flags.preset.as_deref().map(|name| [name]);
    Ok(asked.plan_for_shape(samples, features, targets, presets.as_ref().map(|names| &names[..]))?)
}
