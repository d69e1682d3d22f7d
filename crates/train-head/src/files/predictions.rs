//! The table of predictions.

use std::path::Path;

use head_fit::Classes;
use head_fit::predictions;
use ndarray::ArrayView2;

use super::{Access, write_with};
use crate::exit::{Failure, Result};
use crate::samples::Carried;

/// Predictions for samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Predictions<'a> {
    /// The labels, in the order of the columns of probabilities.
    pub(crate) classes: &'a Classes,
    /// Position of each sample among those that were read, from 0.
    pub(crate) samples: &'a [usize],
    /// Columns of the data that go through.
    pub(crate) carried: &'a [Carried],
    /// The label of each sample, if there are labels.
    pub(crate) labels: Option<&'a [String]>,
    /// Samples (rows) by classes (columns).
    pub(crate) probabilities: ArrayView2<'a, f64>,
    /// Of two classes, the probability above which the positive one is predicted.
    pub(crate) threshold: f64,
    /// The same from the plain twin.
    pub(crate) plain: Option<ArrayView2<'a, f64>>,
}

impl Predictions<'_> {
    /// Writes a CSV file with a line per sample: its position, the columns that go through, its label, the predicted class, and the probabilities (for two
    /// classes only that of the positive one). The last column is the plain twin's: the probability of the positive class, or
    /// for more than two classes the prediction.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let failed = |error: csv::Error| {
            Failure::unexpected(format!("cannot write {}", path.display())).because(error)
        };
        let names = self.classes.names();
        let binary = names.len() == 2;
        let predicted = self.predicted();
        let predicted_plain = self.plain.as_ref().map(predictions);
        write_with(path, Access::Shared, |file| {
            let mut out = csv::Writer::from_writer(file);
            out.write_record(self.header()).map_err(failed)?;
            for (row, sample) in self.samples.iter().enumerate() {
                let mut fields = vec![sample.to_string()];
                fields.extend(self.carried.iter().map(|column| column.values[row].clone()));
                fields.extend(self.labels.map(|labels| labels[row].clone()));
                fields.push(names[predicted[row]].clone());
                if binary {
                    fields.push(self.probabilities[(row, 1)].to_string());
                    fields.extend(self.plain.map(|plain| plain[(row, 1)].to_string()));
                } else {
                    fields.extend(self.probabilities.row(row).iter().map(f64::to_string));
                    fields.extend(predicted_plain.as_ref().map(|predicted| names[predicted[row]].clone()));
                }
                out.write_record(&fields).map_err(failed)?;
            }
            out.flush().map_err(|error| failed(error.into()))
        })
    }

    /// The predicted class of each sample.
    pub(crate) fn predicted(&self) -> Vec<usize> {
        match self.probabilities.ncols() {
            2 => self.probabilities.column(1).iter().map(|&p| usize::from(p > self.threshold)).collect(),
            _ => predictions(&self.probabilities),
        }
    }

    fn header(&self) -> Vec<String> {
        let names = self.classes.names();
        let mut header = vec!["sample".to_owned()];
        header.extend(self.carried.iter().map(|column| column.name.clone()));
        header.extend(self.labels.map(|_| "label".to_owned()));
        header.push("predicted".into());
        if names.len() == 2 {
            header.push("probability".into());
            header.extend(self.plain.map(|_| "plain_probability".to_owned()));
        } else {
            header.extend(names.iter().map(|name| format!("probability {name}")));
            header.extend(self.plain.map(|_| "plain_predicted".to_owned()));
        }
        header
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    #[test]
    fn one_line_per_sample() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        let read = || std::fs::read_to_string(&path).unwrap();
        let classes = Classes::fit(&["no", "yes, \"sure\""]).unwrap();
        let labels = ["no".to_owned(), "no".into()];
        let (p, plain) = (array![[0.25, 0.75], [0.75, 0.25]], array![[0.5, 0.5], [0.875, 0.125]]);
        let with_labels = Predictions {
            classes: &classes,
            samples: &[3, 9],
            carried: &[],
            labels: Some(&labels),
            probabilities: p.view(),
            threshold: 0.5,
            plain: Some(plain.view()),
        };
        with_labels.write(&path).unwrap();
        let expected = "sample,label,predicted,probability,plain_probability\n\
                        3,no,\"yes, \"\"sure\"\"\",0.75,0.5\n9,no,no,0.25,0.125\n";
        assert_eq!(read(), expected);
        let strict = Predictions { threshold: 0.8, ..with_labels };
        assert_eq!((with_labels.predicted(), strict.predicted()), (vec![1, 0], vec![0, 0]));
        Predictions { samples: &[0, 1], labels: None, plain: None, ..with_labels }.write(&path).unwrap();
        assert!(read().starts_with("sample,predicted,probability\n"));

        let classes = Classes::fit(&["a", "b", "c"]).unwrap();
        let p = array![[0.25, 0.25, 0.5]];
        let three = Predictions {
            classes: &classes,
            samples: &[7],
            carried: &[Carried { name: "id".into(), values: vec!["p9".into()] }],
            labels: None,
            probabilities: p.view(),
            threshold: 0.5,
            plain: Some(p.view()),
        };
        three.write(&path).unwrap();
        let header = "sample,id,predicted,probability a,probability b,probability c,plain_predicted";
        assert_eq!(read(), format!("{header}\n7,p9,c,0.25,0.25,0.5,c\n"));
    }
}
