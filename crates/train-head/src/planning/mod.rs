//! From flags and data to a plan.
//!
//! - this file: a training that is ready to be encrypted;
//! - [`options`]: flags as options of the library;
//! - [`presets`]: the parameter sets to try;
//! - [`shape`]: a plan from the shape of the data;
//! - [`warm_start`]: a training that starts from an earlier head;
//! - [`cross_validation`]: the chosen method on held-out samples, in simulation;
//! - [`chosen`]: the chosen method as flags;
//! - [`describe`], [`memory`]: what a plan says and needs.

pub(crate) mod chosen;
pub(crate) mod cross_validation;
pub(crate) mod describe;
pub(crate) mod memory;
mod options;
mod presets;
pub(crate) mod shape;
pub(crate) mod warm_start;

use fhe_head::ckks::Parameters;
use fhe_head::estimator::PreparedHead;
use fhe_head::labels::Classes;
use ndarray::Array1;

use crate::args::Hyper;
use crate::console::Console;
use crate::exit::Result;
use crate::plan::{PlanFile, Settings};
use crate::samples::Matrix;
use options::Options;

/// A training that is ready to be encrypted.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The parameter set.
    pub(crate) parameters: Parameters,
    /// Samples, method and plan.
    pub(crate) prepared: PreparedHead,
    /// What the data party keeps of it.
    pub(crate) file: PlanFile,
}

impl Planned {
    /// Chooses what the flags leave open, and plans. `y` are the codes of the labels.
    ///
    /// # Errors
    /// Data that cannot be trained on; parameters that are refused.
    pub(crate) fn new(
        training: &Matrix,
        y: &Array1<f64>,
        classes: &Classes,
        hyper: &Hyper,
        console: &Console,
    ) -> Result<Self> {
        let phase = console.phase("plan", 1);
        let planned = Self::quietly(training, y, classes, hyper)?;
        phase.done();
        Ok(planned)
    }

    /// As [`Self::new`], but shows no phase.
    ///
    /// # Errors
    /// As [`Self::new`].
    fn quietly(training: &Matrix, y: &Array1<f64>, classes: &Classes, hyper: &Hyper) -> Result<Self> {
        let options = Options::new(hyper, training.x.nrows(), classes)?;
        let (parameters, prepared) = presets::first_that_fits(hyper.preset.as_deref(), |parameters| {
            options.prepare(training, y, classes, parameters)
        })?;
        let file = PlanFile::new(&prepared, settings(hyper), classes, training);
        Ok(Self { parameters, prepared, file })
    }
}

/// The flags that the plan file keeps.
fn settings(hyper: &Hyper) -> Settings {
    Settings { class_weight: hyper.class_weight, random_state: hyper.random_state }
}
