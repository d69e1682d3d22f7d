//! From samples as they were read to numbers and parts, with what is fitted fitted on the training part alone.

use tables::Recipe;

use super::encoder::LoadedEncoder;
use super::matrix::Matrix;
use super::parts::{Parts, Shares};
use super::raw::Raw;
use crate::console::Console;
use crate::exit::Result;
use crate::targets::Vocabulary;

/// All samples as numbers, and the rows of each part.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// All samples.
    pub(crate) matrix: Matrix,
    /// Which of them are for what.
    pub(crate) parts: Parts,
}

/// Where the recipe of a table comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Columns<'a> {
    /// It is fitted on the training part.
    Fitted,
    /// It is that of an earlier head; `None` if that was trained on an array.
    Known(Option<&'a Recipe>),
}

impl Raw {
    /// Deals the samples to parts, finds out what becomes of the columns of a table, and makes numbers of all. What columns hold is said,
    /// and so is one that tells the label alone.
    ///
    /// # Errors
    /// Labels of no class; a share that leaves a class without samples in one part; columns that cannot be used; those of the encoder.
    pub(crate) fn prepare(
        self,
        vocabulary: &Vocabulary,
        shares: Shares,
        columns: Columns<'_>,
        encoder: Option<&LoadedEncoder>,
        console: &Console,
    ) -> Result<Prepared> {
        let parts = self.parts(vocabulary, shares)?;
        let recipe = match columns {
            Columns::Known(recipe) => recipe.cloned(),
            Columns::Fitted => self.recipe(&parts.training)?,
        };
        if let (Some(recipe), Columns::Fitted) = (&recipe, columns) {
            if !recipe.is_identity() || !recipe.identifiers().is_empty() {
                console.note(recipe.describe().to_string().trim_end());
            }
            self.warn_of_leaks(Some(recipe), vocabulary, console)?;
        }
        let fitted_here = matches!(columns, Columns::Fitted);
        let matrix = self.matrix_by(encoder, recipe.as_ref(), fitted_here, console)?;
        Ok(Prepared { matrix, parts })
    }
}
