//! Trainings that go on with further samples, batch by batch.

use fhe_head::{Error, Result};

use crate::calibrator::Calibrator;
use crate::classifier::Classifier;
use crate::data::Data;
use crate::features::Preprocessing;
use crate::model::Model;
use crate::training::Training;
use crate::tune::HALF_WIDTHS;

/// The interval of a hidden layer's activation, as refusals name it.
const ACTIVATION: &str = "activation_interval";
/// A learning rate that drives logits out of their interval is halved at most so often before the interval is widened.
const HALVINGS: i32 = 2;

impl Training {
    /// The training on the next batch of samples, from `start`: a model of the batches before. Feature map, method and parameter set stay
    /// those of the first batch. So does the interval, unless logits have outgrown it: then the next wider one is taken.
    ///
    /// A learning rate of a `k`-th of the first in batch `k` lets all batches count alike in the end. It is halved if it would drive logits
    /// out of the interval. Nothing may be calibrated from the first batch on: the next one starts from the model.
    ///
    /// # Errors
    /// [`Error::Parameter`] with a calibrator; [`Error::Shape`] on other features; [`Error::OutsideInterval`] if the logits leave
    /// every interval.
    pub fn next_batch(&self, data: &Data<'_>, start: &Model, learning_rate: f64) -> Result<Self> {
        if !self.options.calibrator.as_ref().is_some_and(Calibrator::changes_nothing) {
            let got = self.options.calibrator.as_ref().map_or_else(
                || "one that is to be chosen".to_owned(),
                |one| format!("{} with {} shifts", one.temperature, one.shifts.len()),
            );
            let expected = "1, without shifts, for a training in batches".into();
            return Err(Error::Parameter { name: "temperature", got, expected });
        }
        let data = data.clone().behind(&self.map)?;
        let options = Classifier {
            preprocessing: Some(Preprocessing::Given),
            n_components: None,
            ..self.options.clone()
        };
        let wider = HALF_WIDTHS.into_iter().filter(|width| Some(*width) > options.interval);
        let mut refusal = None;
        for interval in options.interval.into_iter().chain(wider) {
            for halvings in 0..=HALVINGS {
                let learning_rate = Some(learning_rate * 0.5_f64.powi(halvings));
                let interval = Some(interval);
                let options = Classifier { interval, learning_rate, ..options.clone() };
                match options.prepare_on(&self.scheme, &data, Some(start)) {
                    // of a hidden layer the interval of the activation is part of the model
                    Err(
                        error @ (Error::OutsideInterval { .. } | Error::Parameter { name: ACTIVATION, .. }),
                    ) => {
                        refusal = Some(error);
                    }
                    training => return training,
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Data("there is no interval to try".into())))
    }
}
