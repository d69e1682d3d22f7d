//! The parts of samples that are read together: to train on, to validate with, to test on. They are chosen before columns become
//! features, so that nothing of the other parts is in what is fitted.

use ndarray::{Array2, Axis};

use super::matrix::split;
use super::raw::{Content, Raw};
use super::remarks;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::targets::{Choice, Vocabulary};

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
    /// What the labels hold.
    ///
    /// # Errors
    /// As [`Vocabulary::fit`]; no labels.
    pub(crate) fn vocabulary(&self, choice: Choice<'_>) -> Result<Vocabulary> {
        let labels = self.labels.as_ref().ok_or_else(|| Failure::data("the data: there are no labels"))?;
        Vocabulary::fit(labels, choice)
    }

    /// The labels as numbers, samples by columns ([`Vocabulary::encode`]).
    ///
    /// # Errors
    /// No labels, or an unknown one.
    pub(crate) fn encoded(&self, vocabulary: &Vocabulary, what: &str) -> Result<Array2<f64>> {
        let labels =
            self.labels.as_ref().ok_or_else(|| Failure::data(format!("{what}: there are no labels")))?;
        vocabulary.encode(labels, what)
    }

    /// Deals the samples to parts, classes in proportion and groups whole.
    ///
    /// # Errors
    /// Labels of no class; a share that leaves a class without samples in one part.
    pub(crate) fn parts(&self, vocabulary: &Vocabulary, shares: Shares) -> Result<Parts> {
        let y = self.encoded(vocabulary, "the data")?;
        let (training, test) = match shares.test {
            Some((share, random_state)) => {
                let split = split(vocabulary, &y, self.groups.as_ref(), share, random_state)?;
                (split.train, Some(split.test))
            }
            None => ((0..self.len()).collect(), None),
        };
        let Some((share, random_state)) = shares.validation else {
            return Ok(Parts { training, validation: None, test });
        };
        let groups = self.groups.as_ref().map(|groups| groups.select(&training));
        let y = y.select(Axis(0), &training);
        let inner = split(vocabulary, &y, groups.as_ref(), share, random_state)
            .map_err(|error| Failure::usage(format!("--validation-fraction {share}")).because(error))?;
        let rows = |part: &[usize]| part.iter().map(|&at| training[at]).collect();
        Ok(Parts { training: rows(&inner.train), validation: Some(rows(&inner.test)), test })
    }

    /// Warns of columns that tell a label alone: what is known only once the label is, or rows that are numbered by class.
    ///
    /// # Errors
    /// Labels of no class.
    pub(crate) fn warn_of_leaks(
        &self,
        recipe: Option<&tables::Recipe>,
        vocabulary: &Vocabulary,
        console: &Console,
    ) -> Result<()> {
        let (Content::Table(raw), Some(recipe)) = (&self.content, recipe) else { return Ok(()) };
        let y = self.encoded(vocabulary, "the data")?;
        let leaks = |column: usize| {
            let codes: Vec<Option<usize>> =
                y.column(column).iter().map(|&code| Some(code as usize)).collect();
            recipe.leaks(&raw.table, &codes)
        };
        let mut told = Vec::new();
        match vocabulary {
            Vocabulary::Classes(_) => {
                for leak in leaks(0) {
                    console.warn(&leak);
                    told.push(leak);
                }
            }
            Vocabulary::Labels(labels) => {
                for (column, name) in labels.names().iter().enumerate() {
                    for leak in leaks(column) {
                        console.warn(format!("label {name:?}: {leak}"));
                        told.push(leak);
                    }
                }
            }
            Vocabulary::Numbers(_) => {}
        }
        remarks::of_leaks(&told).into_iter().for_each(|remark| console.remark(remark));
        Ok(())
    }
}
