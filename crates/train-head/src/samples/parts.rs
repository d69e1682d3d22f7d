//! The parts of samples that are read together: to train on, to validate with, to test on. They are chosen before columns become
//! features, so that nothing of the other parts is in what is fitted.

use head_fit::Classes;
use ndarray::{Array1, Axis};

use super::matrix::split;
use super::raw::{Content, Raw};
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::input;

/// Rows of each part, in the order in which the parts take them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// To train on.
    pub(crate) training: Vec<usize>,
    /// To validate with, if a share is held out.
    pub(crate) validation: Option<Vec<usize>>,
    /// To test on, if a share is.
    pub(crate) test: Option<Vec<usize>>,
}

/// Shares to hold out, each with the seed of its split.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shares {
    /// Share of all samples to test on.
    pub(crate) test: Option<(f64, u64)>,
    /// Share of the others to validate with.
    pub(crate) validation: Option<(f64, u64)>,
}

impl Raw {
    /// The labels as codes 0, 1, ...
    ///
    /// # Errors
    /// No labels, or an unknown one.
    pub(crate) fn codes(&self, classes: &Classes, what: &str) -> Result<Array1<f64>> {
        let labels =
            self.labels.as_deref().ok_or_else(|| Failure::data(format!("{what}: there are no labels")))?;
        input::encode_labels(classes, labels, what)
    }

    /// Deals the samples to parts, classes in proportion and groups whole.
    ///
    /// # Errors
    /// Labels of no class; a share that leaves a class without samples in one part.
    pub(crate) fn parts(&self, classes: &Classes, shares: Shares) -> Result<Parts> {
        let y = self.codes(classes, "the data")?;
        let (training, test) = match shares.test {
            Some((share, random_state)) => {
                let split = split(&y, self.groups.as_ref(), share, random_state)?;
                (split.train, Some(split.test))
            }
            None => ((0..self.len()).collect(), None),
        };
        let Some((share, random_state)) = shares.validation else {
            return Ok(Parts { training, validation: None, test });
        };
        let groups = self.groups.as_ref().map(|groups| groups.select(&training));
        let inner = split(&y.select(Axis(0), &training), groups.as_ref(), share, random_state)
            .map_err(|error| Failure::usage(format!("--validation-fraction {share}")).because(error))?;
        let rows = |part: &[usize]| part.iter().map(|&at| training[at]).collect();
        Ok(Parts { training: rows(&inner.train), validation: Some(rows(&inner.test)), test })
    }

    /// Warns of columns that tell the label alone: what is known only once the label is, or rows that are numbered by class.
    ///
    /// # Errors
    /// Labels of no class.
    pub(crate) fn warn_of_leaks(
        &self,
        recipe: Option<&tables::Recipe>,
        classes: &Classes,
        console: &Console,
    ) -> Result<()> {
        let (Content::Table(raw), Some(recipe)) = (&self.content, recipe) else { return Ok(()) };
        let codes: Vec<Option<usize>> =
            self.codes(classes, "the data")?.iter().map(|&code| Some(code as usize)).collect();
        for leak in recipe.leaks(&raw.table, &codes) {
            console.warn(leak);
        }
        Ok(())
    }
}
