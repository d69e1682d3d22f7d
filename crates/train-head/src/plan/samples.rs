//! From the features and labels of a table to the numbers that are encrypted, by the plan.

use fhe_head::Samples;
use head_fit::{Classifier, shuffled, shuffled_order};
use ndarray::{Array1, Array2};

use super::PlanFile;
use super::column_source::ColumnSource;
use super::mapped::{Mapped, MappedSamples};
use crate::exit::{Failure, Result, encoder_failure};
use crate::samples::{Matrix, Rows, split};

impl PlanFile {
    /// Splits samples into those to train on and those that the plan holds out for validation, if any.
    ///
    /// # Errors
    /// An unknown label; too few samples.
    pub(crate) fn hold_out<X: Rows>(&self, matrix: Matrix<X>) -> Result<(Matrix<X>, Option<Matrix<X>>)> {
        let Some(share) = self.contents.validation_fraction else { return Ok((matrix, None)) };
        let y = matrix.encode_labels(self.vocabulary(), "the data")?;
        let split = split(self.vocabulary(), &y, matrix.groups.as_ref(), share, self.options().random_state)
            .map_err(|error| Failure::usage(format!("--validation-fraction {share}")).because(error))?;
        Ok((matrix.select(&split.train), Some(matrix.select(&split.test))))
    }

    /// Maps features to the space that is encrypted: samples (rows) by features (columns), without the constant feature.
    ///
    /// # Errors
    /// Another number of features or another encoder than the plan's.
    pub(crate) fn features(&self, matrix: &Matrix) -> Result<Array2<f64>> {
        self.expect_features(matrix)?;
        Ok(self.map().apply(&matrix.x.view())?)
    }

    /// As [`Self::features`], mapped when they are encrypted.
    ///
    /// # Errors
    /// As [`Self::features`].
    pub(crate) fn features_to_encrypt<'a, X: Rows>(&self, matrix: &'a Matrix<X>) -> Result<Mapped<'a, X>> {
        self.expect_features(matrix)?;
        Ok(Mapped::new(&matrix.x, self.map().clone()))
    }

    /// Refuses another number of features or another encoder than the plan's.
    ///
    /// # Errors
    /// There is such a difference.
    pub(crate) fn expect_features<X: Rows>(&self, matrix: &Matrix<X>) -> Result<()> {
        let (_, columns) = matrix.x.dim();
        if columns != self.map().inputs() {
            return Err(Failure::data(format!(
                "the plan is for samples of {} features, the data have {columns}",
                self.map().inputs(),
            )));
        }
        if let (Some(expected), Some(found)) = (&self.contents.encoder, &matrix.encoder) {
            expected.info.expect_same(&found.info).map_err(encoder_failure)?;
        }
        Ok(())
    }

    /// Samples to train on, in the space that is encrypted.
    ///
    /// # Errors
    /// Data that the plan was not made from: of another shape, other classes, another encoder, other numbers.
    pub(crate) fn samples(&self, matrix: &Matrix) -> Result<Samples> {
        let y = self.expect_data(matrix)?;
        let samples = self.weighted(matrix, &y, self.options())?;
        Ok(shuffled(samples, self.job().packing().batches(), self.options().random_state))
    }

    /// As [`Self::samples`], mapped when they are encrypted.
    ///
    /// # Errors
    /// As [`Self::samples`].
    pub(crate) fn samples_to_encrypt<'a, X: Rows>(
        &self,
        matrix: &'a Matrix<X>,
    ) -> Result<MappedSamples<'a, X>> {
        let y = self.expect_data(matrix)?;
        let (weight, y) = self.weights_and_labels(matrix, &y, self.options())?;
        let order = shuffled_order(y.nrows(), self.job().packing().batches(), self.options().random_state);
        Ok(MappedSamples::new((&matrix.x, self.map().clone()), y, weight, order))
    }

    /// The encoded labels of the very data that the plan was made from.
    fn expect_data<X: Rows>(&self, matrix: &Matrix<X>) -> Result<Array2<f64>> {
        let (rows, columns) = matrix.x.dim();
        if rows != self.plan().samples || columns != self.map().inputs() {
            return Err(Failure::data(format!(
                "the plan is for {} samples of {} features, the data are {rows} of {columns}",
                self.plan().samples,
                self.map().inputs()
            ))
            .help("`train-head estimate` makes a plan for these data"));
        }
        let y = matrix.encode_labels(self.vocabulary(), "the data to encrypt")?;
        let counts = self.vocabulary().counts(&y.view());
        if let Some(absent) = counts.iter().position(|count| *count == 0) {
            let name = &self.vocabulary().names()[absent];
            return Err(Failure::data(format!("the data to encrypt hold no sample of class {name:?}"))
                .help("`train-head estimate` makes a plan for the classes in these data"));
        }
        self.expect_weights(matrix)?;
        self.expect_features(matrix)?;
        // the last check, since it cannot say what differs
        self.expect_training(matrix, &y)?;
        Ok(y)
    }

    /// Samples in the space that is encrypted, weighted as `options` say and in the order of their mini-batches.
    ///
    /// # Errors
    /// Data of other features, other classes or another encoder than the plan's.
    pub(crate) fn mapped(&self, matrix: &Matrix, options: &Classifier) -> Result<Samples> {
        let y = matrix.encode_labels(self.vocabulary(), "the training data")?;
        let samples = self.weighted(matrix, &y, options)?;
        Ok(shuffled(samples, options.batches(matrix.x.nrows())?, options.random_state))
    }

    fn weighted(&self, matrix: &Matrix, y: &Array2<f64>, options: &Classifier) -> Result<Samples> {
        let (weight, y) = self.weights_and_labels(matrix, y, options)?;
        let x = self.features(matrix)?;
        Ok(Samples::with_labels(&x.view(), &y.view(), &weight.view())?)
    }

    /// The weight of each sample, and the labels in the units of the training.
    fn weights_and_labels<X: Rows>(
        &self,
        matrix: &Matrix<X>,
        y: &Array2<f64>,
        options: &Classifier,
    ) -> Result<(Array1<f64>, Array2<f64>)> {
        let weight = matrix.counts(y, self.vocabulary(), options.class_weight)?;
        let y = match &options.target_units {
            Some(units) => (y - &units.mean) / &units.deviation,
            None => y.clone(),
        };
        Ok((weight, y))
    }

    /// Start weights that travel encrypted with the data: those of an earlier head, or random ones for a head that cannot start
    /// from zero. `None` starts from zero or from an encrypted head.
    pub(crate) fn start(&self) -> Option<&[Array1<f64>]> {
        self.arrays.start.as_deref()
    }

    /// The column of sample weights, if the plan was made with one.
    pub(crate) fn weight_column(&self) -> Option<&str> {
        self.contents.sample_weight.as_ref().and_then(ColumnSource::column)
    }

    /// The column of groups, if the plan was made with one.
    pub(crate) fn group_column(&self) -> Option<&str> {
        self.contents.groups.as_ref().and_then(ColumnSource::column)
    }

    /// Refuses data with sample weights if the plan was made without them, and the reverse.
    fn expect_weights<X>(&self, matrix: &Matrix<X>) -> Result<()> {
        if super::weights_of(matrix) != self.contents.sample_weight {
            let (plan, data) = match self.contents.sample_weight {
                Some(_) => ("with sample weights", "no"),
                None => ("without sample weights", "some"),
            };
            return Err(Failure::data(format!(
                "the plan was made {plan}, the data have {data} such weights"
            ))
            .help("`train-head estimate` makes a plan for these data"));
        }
        Ok(())
    }
}
