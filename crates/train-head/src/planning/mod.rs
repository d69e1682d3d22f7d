//! From flags and data to a plan.
//!
//! - this file: a training that is ready to be encrypted;
//! - [`options`]: flags as options of the library;
//! - [`balance`]: whether there are samples enough of each class or label;
//! - [`order`]: whether somebody gave the order of the classes;
//! - [`shape`]: a plan from the shape of the data;
//! - [`warm_start`]: a training that starts from an earlier head;
//! - [`cross_validation`]: the chosen method on held-out samples, in simulation;
//! - [`flags`]: options as flags of a job file;
//! - [`describe`]: what a plan says.

pub(crate) mod balance;
pub(crate) mod cross_validation;
pub(crate) mod describe;
pub(crate) mod flags;
mod options;
mod order;
pub(crate) mod shape;
pub(crate) mod warm_start;

use fhe_head::Samples;
use head_fit::{Classifier, Training};
use ndarray::{Array1, Array2};

use crate::args::Hyper;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::Secrecy;
use crate::interrupt;
use crate::memory;
use crate::plan::{Kept, PlanFile, Rehearsal};
use crate::preset::preset;
use crate::samples::Matrix;
use crate::targets::Vocabulary;

/// A training that is ready to be encrypted.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What the flags ask for; `None` in it was chosen from the data.
    pub(crate) asked: Classifier,
    /// Parameter set, samples, method and plan.
    pub(crate) training: Training,
    /// What the data party keeps of it.
    pub(crate) file: PlanFile,
}

impl Planned {
    /// Chooses what the flags leave open, and plans. `y` are the encoded labels.
    ///
    /// # Errors
    /// Data that cannot be trained on; parameters that are refused.
    pub(crate) fn new(
        matrix: &Matrix,
        y: &Array2<f64>,
        vocabulary: &Vocabulary,
        hyper: &Hyper,
        console: &Console,
    ) -> Result<Self> {
        let (samples, features) = matrix.x.dim();
        let found = || format!("the labels have {}: {}", vocabulary.names().len(), vocabulary.described());
        let asked = options::classifier(hyper, matrix.x.nrows(), vocabulary.targets(), found)?;
        let needed = memory::to_plan(&asked, vocabulary.targets(), [samples, features]);
        memory::expect("the choice of a method", needed)?;
        let least = asked.least_members(vocabulary.targets());
        balance::expect_members(vocabulary, y, &matrix.sample_weight(), least)?;
        balance::note(vocabulary, y, &asked, console);
        order::warn(vocabulary, hyper, console);
        let phase = console.phase("plan", 1);
        let (data, start) = (matrix.data(y, vocabulary)?, hyper.warm_start.as_ref());
        let given = hyper.feature_map.as_ref();
        let data = match given {
            None => data,
            Some(given) => {
                let (names, encoder) = (matrix.names.as_deref(), matrix.encoder.as_ref());
                data.behind(&given.of_features(features, names, encoder)?)?
            }
        };
        let training = match &hyper.flags.preset {
            Some(name) => asked.prepare_on(&preset(name)?, &data, start)?,
            None => asked.prepare(&data, start)?,
        };
        let file = PlanFile::new(&training, vocabulary, matrix, y)?;
        let file = match given {
            None => file,
            Some(given) => file.behind(given.given.clone()),
        };
        phase.done();
        Ok(Self { asked, training, file })
    }

    /// Whether the training is expected to fall short of logistic regression in the clear, and what may help.
    pub(crate) fn shortfall(&self) -> Option<String> {
        let expected = self.training.expected.as_ref()?;
        describe::shortfall(expected, &self.asked, self.file.plan())
    }

    /// Keeps the samples that were held out for validation, rehearses the training, and keeps its twins. A training that does not get
    /// through its rehearsal is planned all the same; its head cannot be checked. `from` is the head that it starts from.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn rehearsed(
        mut self,
        (share, validation): (Option<f64>, Option<&Matrix>),
        from: Option<Secrecy>,
        console: &Console,
    ) -> Result<(Self, Option<Rehearsal>)> {
        self.file = self.file.with_validation(share, validation)?;
        let start = self.training.start.as_deref();
        let rehearsal = rehearse(&self.file, &self.training.samples, [start; 2], console)?;
        if let Some(rehearsal) = &rehearsal {
            let exact = from != Some(Secrecy::Private);
            let kept = Kept { each: share.is_some(), exact, tolerance: 0.0 };
            self.file = self.file.with_twins(rehearsal, kept)?;
        }
        Ok((self, rehearsal))
    }
}

/// Trains the twins of a plan in the clear. `start` are the exact and the polynomial weights to start from, if not from zero.
///
/// # Errors
/// The plan names no preset; the user pressed ^C.
pub(crate) fn rehearse(
    file: &PlanFile,
    samples: &Samples,
    start: [Option<&[Array1<f64>]>; 2],
    console: &Console,
) -> Result<Option<Rehearsal>> {
    let phase = console.phase("rehearse", 1);
    let rehearsal = Rehearsal::new(file.plan(), &file.scheme()?, samples, start);
    interrupt::check()?;
    phase.done();
    Ok(rehearsal
        .map_err(|error| {
            console.warn(format!("the training did not get through its rehearsal in the clear: {error}"));
        })
        .ok())
}
