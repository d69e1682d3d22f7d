//! Whether there are samples enough.

use fhe_head::{Error, Result};

use super::labelled::Data;
use crate::labels::Targets;

impl Data<'_> {
    /// Refuses data with too few samples of a class, too few with or without a label, or too few of positive weight.
    pub(crate) fn expect_members(&self, least: usize) -> Result<()> {
        match self.targets {
            Targets::Classes(classes) => self.expect_members_of(classes, least),
            Targets::Labels(labels) => (0..labels).try_for_each(|label| self.expect_label(label, least)),
            Targets::Numbers(_) => match self.weights.iter().filter(|weight| **weight > 0.0).count() {
                count if count < least => Err(Error::Data(format!(
                    "{count} samples with a weight above 0: a regression needs at least {least}"
                ))),
                _ => Ok(()),
            },
        }
    }

    fn expect_label(&self, label: usize, least: usize) -> Result<()> {
        let with = |value: f64| {
            let counted = self.y.column(label).into_iter().zip(&self.weights);
            counted.filter(|(y, weight)| **y == value && **weight > 0.0).count()
        };
        let [without, with] = [0.0, 1.0].map(with);
        if without.min(with) >= least {
            return Ok(());
        }
        Err(Error::Data(format!(
            "label {label}: {with} training samples that count have it and {without} do not; training needs at least {least} of each, or leave the label out"
        )))
    }

    fn expect_members_of(&self, classes: usize, least: usize) -> Result<()> {
        let (mut counts, mut effective) = (vec![0usize; classes], vec![0usize; classes]);
        for (&label, &weight) in self.class_indices().iter().zip(&self.weights) {
            counts[label as usize] += 1;
            effective[label as usize] += usize::from(weight > 0.0);
        }
        let Some(class) = effective.iter().position(|&count| count < least) else { return Ok(()) };
        let weighted = |fewer: bool| if fewer { " with a weight above 0" } else { "" };
        if let [negatives, positives] = effective[..] {
            let weighted = weighted(negatives + positives < self.len());
            return Err(Error::Data(format!(
                "{negatives} samples of one class and {positives} of the other{weighted}: training needs at least {least} of each"
            )));
        }
        let weighted = weighted(effective[class] < counts[class]);
        Err(Error::Data(format!(
            "class {class} has {} training samples{weighted}: it needs at least {least}; merge it with another or leave it out",
            effective[class]
        )))
    }
}
