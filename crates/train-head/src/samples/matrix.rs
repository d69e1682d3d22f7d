//! Samples as numbers.

use head_fit::{ClassWeight, Data, Split, split_of_targets};
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder as _};
use tables::Recipe;

use super::attributes::{Carried, Groups};
use super::rows::{AnyRows, Rows};
use crate::exit::{Failure, Result};
use crate::files::embeddings::UsedEncoder;
use crate::input::SampleWeights;
use crate::targets::{Labels, Vocabulary};

/// Samples as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Matrix<X = Array2<f64>> {
    /// Samples by features.
    pub(crate) x: X,
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

impl<X: Rows> Matrix<X> {
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
            None => Array1::ones(self.x.dim().0),
        }
    }

    /// What each sample counts: its weight, times that of its class.
    ///
    /// # Errors
    /// As [`Matrix::data`].
    pub(crate) fn counts(
        &self,
        y: &Array2<f64>,
        vocabulary: &Vocabulary,
        class_weight: ClassWeight,
    ) -> Result<Array1<f64>> {
        // features have no say in it, and may not be there
        let none = ArrayView2::from_shape((y.nrows(), 1).strides((0, 0)), &[0.0])
            .map_err(|error| Failure::unexpected("no view of the labels").because(error))?;
        Ok(self.data_with(&none, y, vocabulary)?.sample_weights(class_weight)?)
    }

    fn data_with<'a>(
        &'a self,
        x: &ArrayView2<'a, f64>,
        y: &'a Array2<f64>,
        vocabulary: &Vocabulary,
    ) -> Result<Data<'a>> {
        let mut data = vocabulary.data(*x, y)?;
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
            x: self.x.selected(rows),
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

impl Matrix {
    /// The samples to fit on, with their encoded labels.
    ///
    /// # Errors
    /// No features; sample weights that are negative or all zero; one group.
    pub(crate) fn data<'a>(&'a self, y: &'a Array2<f64>, vocabulary: &Vocabulary) -> Result<Data<'a>> {
        self.data_with(&self.x.view(), y, vocabulary)
    }

    /// The same samples where others may have their features in a file.
    pub(super) fn here(self) -> Matrix<AnyRows> {
        let Self { x, labels, label_columns, weights, groups, carried, names, recipe, encoder, long } = self;
        let x = AnyRows::Here(x);
        Matrix { x, labels, label_columns, weights, groups, carried, names, recipe, encoder, long }
    }
}
