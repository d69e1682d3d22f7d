//! The samples of a run: to train on and to test on, read and checked before any text is embedded.

use fhe_head::labels::{Classes, stratified_split};

use super::warm_start;
use crate::args::{Encoder, HoldOut, Source};
use crate::console::Console;
use crate::exit::{Result, training_failure};
use crate::files::head::Description;
use crate::input;
use crate::samples::{self, LoadedEncoder, Matrix, Raw};

/// The samples of a run.
pub(super) struct Data {
    pub(super) training: Matrix,
    pub(super) test: Matrix,
    /// Where each test sample stands in the file that it comes from.
    pub(super) test_rows: Vec<usize>,
    pub(super) classes: Classes,
}

impl Data {
    /// Takes a stratified share of the training samples away, to validate with.
    ///
    /// # Errors
    /// A share that leaves a class out of one part.
    pub(super) fn hold_out(&mut self, share: Option<f64>, random_state: u64) -> Result<Option<Matrix>> {
        let Some(share) = share else { return Ok(None) };
        let [training, validation] = self.training.hold_out(&self.classes, share, random_state)?;
        self.training = training;
        Ok(Some(validation))
    }

    /// Reads everything and checks it before any text is embedded.
    pub(super) fn read(
        (source, weights): (&Source, Option<&str>),
        hold_out: &HoldOut,
        (positive, start): (Option<&str>, Option<&Description>),
        encoder: Option<Encoder>,
        console: &Console,
    ) -> Result<Self> {
        let wanted = start.and_then(|head| head.feature_names.as_deref());
        let training = samples::read_weighted(source, true, wanted, weights)?;
        let classes = match start {
            Some(head) => head.classes.clone(),
            None => input::fit_classes(training.labels().unwrap_or_default(), positive)?,
        };
        let test = match hold_out {
            HoldOut::Source(test) => {
                let wanted = match &training {
                    Raw::Features(features, _) => features.names.clone(),
                    Raw::Texts(_) => None,
                };
                let raw = samples::read(test, true, wanted.as_deref())?;
                let what = test.path().display().to_string();
                input::encode_labels(&classes, raw.labels().unwrap_or_default(), &what)?;
                Some(raw)
            }
            HoldOut::Share { .. } => None,
        };
        let encoder = encoder.map(|encoder| LoadedEncoder::load(encoder, console)).transpose()?;
        let training = training.embed(encoder.as_ref(), console)?;
        if let Some(head) = start {
            warm_start::expect_features(head, &training)?;
        }
        let test = test.map(|raw| raw.embed(encoder.as_ref(), console)).transpose()?;
        match (test, hold_out) {
            (Some(test), _) => {
                let test_rows = (0..test.x.nrows()).collect();
                Ok(Self { training, test, test_rows, classes })
            }
            (None, HoldOut::Share { test_size, random_state }) => {
                let y = training.encode_labels(&classes, "the data")?;
                let split = stratified_split(&y, *test_size, *random_state).map_err(training_failure)?;
                let (train, test) = (training.select(&split.train), training.select(&split.test));
                Ok(Self { training: train, test, test_rows: split.test, classes })
            }
            (None, HoldOut::Source(_)) => unreachable!("a file to test on was read"),
        }
    }
}
