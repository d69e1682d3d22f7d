//! Trainings that go on with further samples, batch by batch.

use fhe_head::{Error, Result};

use crate::classifier::Classifier;
use crate::data::Data;
use crate::features::Preprocessing;
use crate::model::Model;
use crate::training::Training;
use crate::tune::HALF_WIDTHS;

impl Training {
    /// The training on the next batch of samples, from `start`: a model of the batches before. Feature map, method and parameter set stay
    /// those of the first batch, and so does the interval, unless logits have outgrown it: then the next wider one is taken.
    ///
    /// The temperature must be 1 from the first batch on: it divides the logits of each model.
    ///
    /// # Errors
    /// [`Error::Parameter`] at another temperature; [`Error::Shape`] on other features; [`Error::OutsideInterval`] if the logits leave
    /// every interval.
    pub fn next_batch(&self, data: &Data<'_>, start: &Model) -> Result<Self> {
        if self.options.temperature != Some(1.0) {
            let got = self.options.temperature.map_or_else(|| "none".into(), |t| t.to_string());
            return Err(Error::Parameter {
                name: "temperature",
                got,
                expected: "1 for a training in batches".into(),
            });
        }
        let data = data.clone().behind(&self.map)?;
        let options = Classifier {
            preprocessing: Some(Preprocessing::Given),
            n_components: None,
            ..self.options.clone()
        };
        let mut outcome = options.prepare_on(&self.scheme, &data, Some(start));
        for width in HALF_WIDTHS.into_iter().filter(|width| Some(*width) > options.interval) {
            let Err(Error::OutsideInterval { .. }) = outcome else { break };
            let wider = Classifier { interval: Some(width), ..options.clone() };
            outcome = wider.prepare_on(&self.scheme, &data, Some(start));
        }
        outcome
    }
}
