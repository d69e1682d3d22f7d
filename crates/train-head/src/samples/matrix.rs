//! Samples as numbers.

use head_fit::{Data, Split, split_of_targets};
use ndarray::{Array1, Array2, Axis};
use tables::Recipe;

use super::attributes::{Carried, Groups};
use crate::exit::{Failure, Result};
use crate::files::embeddings::UsedEncoder;
use crate::input::SampleWeights;
use crate::targets::{Labels, Vocabulary};

/// Samples as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    /// Samples by features.
    pub(crate) x: Array2<f64>,
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
    /// Names of the features, if they come from a table.
    pub(crate) names: Option<Vec<String>>,
    /// How the columns of the table became features.
    pub(crate) recipe: Option<Recipe>,
    /// The encoder, if the samples are texts.
    pub(crate) encoder: Option<UsedEncoder>,
    /// Whether each sample is a text with more tokens than the encoder embeds at once, if texts were embedded.
    pub(crate) long: Option<Vec<bool>>,
}

/// Splits off a share of samples, classes and labels in proportion and groups whole. `y` are encoded labels.
///
/// # Errors
/// A share that leaves a class or a label without samples in one part.
pub(crate) fn split(
    vocabulary: &Vocabulary,
    y: &Array2<f64>,
    groups: Option<&Groups>,
    share: f64,
    random_state: u64,
) -> Result<Split> {
    vocabulary.expect_two_of_each(y)?;
    let groups = groups.map(|groups| &groups.of[..]);
    Ok(split_of_targets(vocabulary.targets(), &y.view(), groups, share, random_state)?)
}

impl Matrix {
    /// The labels as numbers, samples by columns ([`Vocabulary::encode`]). `what` names the data in messages.
    ///
    /// # Errors
    /// No labels, or an unknown one.
    pub(crate) fn encode_labels(&self, vocabulary: &Vocabulary, what: &str) -> Result<Array2<f64>> {
        let labels =
            self.labels.as_ref().ok_or_else(|| Failure::data(format!("{what}: there are no labels")))?;
        vocabulary.encode(labels, what)
    }

    /// The weight of each sample; 1 if there are no weights.
    pub(crate) fn sample_weight(&self) -> Array1<f64> {
        match &self.weights {
            Some(weights) => weights.values.iter().copied().collect(),
            None => Array1::ones(self.x.nrows()),
        }
    }

    /// The samples to fit on, with their encoded labels.
    ///
    /// # Errors
    /// No features; sample weights that are negative or all zero; one group.
    pub(crate) fn data<'a>(&'a self, y: &'a Array2<f64>, vocabulary: &Vocabulary) -> Result<Data<'a>> {
        let mut data = vocabulary.data(self.x.view(), y)?;
        if self.weights.is_some() {
            data = data.weighted(self.sample_weight().view())?;
        }
        if let Some(groups) = &self.groups {
            data = data.grouped(&groups.of)?;
        }
        Ok(data)
    }

    /// The samples in these rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        let weights = self.weights.as_ref().map(|weights| SampleWeights {
            values: rows.iter().map(|&row| weights.values[row]).collect(),
            column: weights.column.clone(),
        });
        let carried = self.carried.iter().map(|column| Carried {
            name: column.name.clone(),
            values: rows.iter().map(|&row| column.values[row].clone()).collect(),
        });
        Self {
            x: self.x.select(Axis(0), rows),
            labels,
            label_columns: self.label_columns.clone(),
            weights,
            groups: self.groups.as_ref().map(|groups| groups.select(rows)),
            carried: carried.collect(),
            names: self.names.clone(),
            recipe: self.recipe.clone(),
            encoder: self.encoder.clone(),
            long: self.long.as_ref().map(|long| rows.iter().map(|&row| long[row]).collect()),
        }
    }

    /// Number of texts with more tokens than the encoder embeds at once, if texts were embedded.
    pub(crate) fn long_texts(&self) -> Option<usize> {
        self.long.as_ref().map(|long| long.iter().filter(|&&long| long).count())
    }
}
