//! Samples as they were read: texts are not embedded, and columns are not numbers yet.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, Axis};
use tables::{Overrides, Recipe, Table, numbers_of};

use super::attributes::{Carried, Groups};
use super::encoder::{Embedded, LoadedEncoder, embed};
use super::matrix::Matrix;
use super::remarks;
use super::rows::AnyRows;
use crate::console::Console;
use crate::exit::{Failure, Result};
use crate::files::embeddings::UsedEncoder;
use crate::input::{SampleWeights, StoredArray, table_failure};
use crate::targets::Labels;

/// Samples as they were read.
#[derive(Debug)]
pub(crate) struct Raw {
    /// What the head is to learn from.
    pub(crate) content: Content,
    /// What each sample has to learn, if there are labels.
    pub(crate) labels: Option<Labels>,
    /// The columns that they come from, if they come from the table itself.
    pub(crate) label_columns: Vec<String>,
    /// One weight per sample, if they do not all count the same.
    pub(crate) weights: Option<SampleWeights>,
    /// The group of each sample, if samples belong together.
    pub(crate) groups: Option<Groups>,
    /// Columns that go through to the predictions.
    pub(crate) carried: Vec<Carried>,
}

/// What a head learns from.
#[derive(Debug)]
pub(crate) enum Content {
    /// Texts that need an encoder.
    Texts(Vec<String>),
    /// Columns of any kind.
    Table(Box<RawTable>),
    /// Numbers without names, and the encoder that made them if the file says.
    Numbers {
        /// Samples by features.
        x: Array2<f64>,
        /// The encoder.
        encoder: Option<Box<UsedEncoder>>,
    },
    /// The same in their file, of which some rows are read at a time.
    Stored {
        /// Samples by features.
        array: Arc<StoredArray>,
        /// The encoder.
        encoder: Option<Box<UsedEncoder>>,
    },
}

/// A table with features.
#[derive(Debug)]
pub(crate) struct RawTable {
    /// All columns.
    pub(crate) table: Table,
    /// Columns that are no features: labels, weights, groups, those that go through.
    pub(crate) exclude: Vec<String>,
    /// What the user says about the others.
    pub(crate) overrides: Overrides,
}

impl Raw {
    /// Samples without labels, weights and groups.
    pub(super) fn of(content: Content) -> Self {
        Self {
            content,
            labels: None,
            label_columns: Vec::new(),
            weights: None,
            groups: None,
            carried: Vec::new(),
        }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        match &self.content {
            Content::Texts(texts) => texts.len(),
            Content::Table(raw) => raw.table.rows(),
            Content::Numbers { x, .. } => x.nrows(),
            Content::Stored { array, .. } => array.dim().0,
        }
    }

    /// Refuses a number of labels or weights that differs from the number of samples, and samples without labels if labels are needed.
    pub(super) fn expect_one_each(&self, path: &Path, labelled: bool) -> Result<()> {
        let samples = self.len();
        let refuse = |count: usize, what: &str| {
            Err(Failure::data(format!("{}: {samples} samples, but {count} {what}", path.display())))
        };
        match (&self.labels, &self.weights) {
            (Some(labels), _) if labels.len() != samples => refuse(labels.len(), "labels"),
            (_, Some(weights)) if weights.values.len() != samples => {
                refuse(weights.values.len(), "sample weights")
            }
            (None, _) if labelled => {
                Err(Failure::data(format!("{}: the samples have no labels", path.display()))
                    .help("name a file with labels by --labels"))
            }
            _ => Ok(()),
        }
    }

    /// How the columns of a table become features, from these rows; `None` for texts and arrays.
    ///
    /// # Errors
    /// All columns that cannot be used as they are, in one message.
    pub(crate) fn recipe(&self, rows: &[usize]) -> Result<Option<Recipe>> {
        let Content::Table(raw) = &self.content else { return Ok(None) };
        let exclude: Vec<&str> = raw.exclude.iter().map(String::as_str).collect();
        let (whole, refused) = Recipe::looked_at(&raw.table, Some(rows), &exclude, &raw.overrides);
        Recipe::fit(&raw.table, Some(rows), &exclude, &raw.overrides).map(Some).map_err(|error| {
            let failure = table_failure(error);
            // with all columns in view, one look is enough to mend the flags
            if refused.0.is_empty() {
                failure
            } else {
                failure.help(format!("what the columns hold:\n{}", whole.describe()))
            }
        })
    }

    /// The samples as numbers: texts embedded with `encoder`, columns by `recipe`. A table without a recipe must hold plain numbers.
    ///
    /// # Errors
    /// Texts without an encoder; cells that cannot be read as in training; those of the encoder.
    pub(crate) fn matrix(
        self,
        encoder: Option<&LoadedEncoder>,
        recipe: Option<&Recipe>,
        console: &Console,
    ) -> Result<Matrix> {
        self.matrix_by(encoder, recipe, false, console)
    }

    /// The samples as numbers, which stay in their file if they were read so ([`Wanted::stored`](super::Wanted)). Texts have no numbers here.
    ///
    /// # Errors
    /// As [`Self::matrix`].
    pub(crate) fn rows(self, recipe: Option<&Recipe>, console: &Console) -> Result<Matrix<AnyRows>> {
        let Self { content, labels, label_columns, weights, groups, carried } = self;
        match content {
            Content::Stored { array, encoder } => Ok(Matrix {
                x: AnyRows::Stored { array, places: None },
                labels,
                label_columns,
                weights,
                groups,
                carried,
                names: None,
                recipe: recipe.cloned(),
                encoder: encoder.map(|encoder| *encoder),
                long: None,
            }),
            content => {
                let raw = Self { content, labels, label_columns, weights, groups, carried };
                Ok(raw.matrix(None, recipe, console)?.here())
            }
        }
    }

    /// As [`Self::matrix`]; `fitted_here` if the recipe was fitted on these very samples.
    ///
    /// # Errors
    /// As [`Self::matrix`].
    pub(super) fn matrix_by(
        self,
        encoder: Option<&LoadedEncoder>,
        recipe: Option<&Recipe>,
        fitted_here: bool,
        console: &Console,
    ) -> Result<Matrix> {
        let Self { content, labels, label_columns, weights, groups, carried } = self;
        let (mut names, mut used, mut long) = (None, None, None);
        let x = match content {
            Content::Numbers { x, encoder } => {
                used = encoder.map(|encoder| *encoder);
                x
            }
            Content::Stored { array, encoder } => {
                used = encoder.map(|encoder| *encoder);
                array.rows(&(0..array.dim().0).collect::<Vec<_>>())?
            }
            Content::Texts(texts) => {
                let encoder = encoder.ok_or_else(|| Failure::unexpected("texts without an encoder"))?;
                let embedded: Embedded = embed(encoder, &texts, console)?;
                used = Some(encoder.used());
                long = Some(embedded.long);
                embedded.x.mapv(f64::from)
            }
            Content::Table(raw) => match recipe {
                Some(recipe) => {
                    let mut applied = recipe.apply(&raw.table).map_err(table_failure)?;
                    if fitted_here {
                        // the gaps of the table that the recipe was fitted on were shown
                        applied.columns.iter_mut().for_each(|column| column.imputed = 0);
                    }
                    for note in applied.notes() {
                        console.note(format!("{}: {note}", raw.table.input()));
                    }
                    remarks::of_cells(&applied).into_iter().for_each(|remark| console.remark(remark));
                    names = Some(recipe.feature_names());
                    applied.x
                }
                None => plain_numbers(&raw)?,
            },
        };
        Ok(Matrix {
            x,
            labels,
            label_columns,
            weights,
            groups,
            carried,
            names,
            recipe: recipe.cloned(),
            encoder: used,
            long,
        })
    }
}

/// The features of a table for a head that was trained on an array: every column but those that are no features, in their order.
fn plain_numbers(raw: &RawTable) -> Result<Array2<f64>> {
    let named = |name: &&String| {
        !raw.exclude.contains(name) && !raw.overrides.drop.contains(name) && !name.is_empty()
    };
    let names: Vec<&String> = raw.table.names().iter().filter(named).collect();
    let mut x = Array2::zeros((raw.table.rows(), names.len()));
    for (name, mut column) in names.into_iter().zip(x.axis_iter_mut(Axis(1))) {
        let numbers = numbers_of(&raw.table, name).map_err(table_failure)?;
        column.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
    }
    Ok(x)
}
