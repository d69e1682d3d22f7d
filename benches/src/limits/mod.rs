//! The limits of this machine: a cost model of the training's parts, and the rates at which the machine can do that work.

mod calibration;
mod model;

pub(crate) use calibration::Calibration;
pub(crate) use model::{Model, Work};
