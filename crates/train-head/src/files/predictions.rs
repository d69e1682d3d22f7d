//! The table of predictions.

use std::path::Path;

use head_fit::predictions;
use ndarray::{ArrayView1, ArrayView2};

use super::head::Secrecy;
use super::write_with;
use crate::exit::{Failure, Result};
use crate::samples::Carried;
use crate::targets::{Labels, Vocabulary};

/// Predictions for samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Predictions<'a> {
    /// What is predicted, in the order of the columns of predictions.
    pub(crate) vocabulary: &'a Vocabulary,
    /// Position of each sample among those that were read, from 0.
    pub(crate) samples: &'a [usize],
    /// Columns of the data that go through.
    pub(crate) carried: &'a [Carried],
    /// What each sample has, if there are labels.
    pub(crate) labels: Option<&'a Labels>,
    /// Samples (rows) by probabilities of classes or labels, or by numbers (columns).
    pub(crate) predicted: ArrayView2<'a, f64>,
    /// Of two classes, the probability above which the positive one is predicted; one for each label.
    pub(crate) cuts: &'a [f64],
    /// The same from the plain twin.
    pub(crate) plain: Option<ArrayView2<'a, f64>>,
    /// That of the head.
    pub(crate) secrecy: Secrecy,
}

/// The last column, which says in each row who may see it: rows are copied from one table into another, without what is written around them.
const SECRECY: &str = "secrecy";

/// Significant digits of probabilities: more than the noise of an encrypted training leaves.
const OF_SHARES: usize = 6;
/// Those of predicted numbers, which may be large beside their differences.
const OF_NUMBERS: usize = 9;

/// A number with so many significant digits, without zeros at its end.
fn significant(number: f64, digits: usize) -> String {
    let text = format!("{number:.*e}", digits - 1);
    text.parse::<f64>().map_or(text, |rounded| rounded.to_string())
}

impl Predictions<'_> {
    /// Writes a CSV file with a line per sample: its position, the columns that go through, its label, and what is predicted.
    ///
    /// - Classes: the predicted class, and the probabilities (of two classes that of the positive one). The last column is the plain
    ///   twin's: the probability of the positive class, or for more than two classes the prediction.
    /// - Labels: the predicted labels with `;` between them, the probability of each, and the plain twin's predicted labels.
    /// - Numbers: each number, and each of the plain twin.
    ///
    /// Numbers have as many digits as matter: probabilities six, numbers nine.
    ///
    /// The file is as private as the head, and each line ends with `private` or `published`.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let failed = |error: csv::Error| {
            Failure::unexpected(format!("cannot write {}", path.display())).because(error)
        };
        write_with(path, self.secrecy.access(), |file| {
            let mut out = csv::Writer::from_writer(file);
            out.write_record(self.header()).map_err(failed)?;
            for (row, sample) in self.samples.iter().enumerate() {
                let mut fields = vec![sample.to_string()];
                fields.extend(self.carried.iter().map(|column| column.values[row].clone()));
                fields.extend(self.label_cells(row));
                fields.extend(self.cells(row));
                fields.push(self.secrecy.word().to_owned());
                out.write_record(&fields).map_err(failed)?;
            }
            out.flush().map_err(|error| failed(error.into()))
        })
    }

    /// How many samples each class or label is predicted for; nothing for numbers.
    pub(crate) fn counts(&self) -> Vec<usize> {
        if matches!(self.vocabulary, Vocabulary::Numbers(_)) {
            return Vec::new();
        }
        let mut counts = vec![0; self.vocabulary.names().len()];
        for row in self.predicted.rows() {
            self.called(&row).into_iter().for_each(|place| counts[place] += 1);
        }
        counts
    }

    /// The class, or the labels, that are predicted from these probabilities.
    fn called(&self, p: &ArrayView1<'_, f64>) -> Vec<usize> {
        let above = |place: usize| p[place] > self.cuts.get(place).copied().unwrap_or(0.5);
        match self.vocabulary {
            Vocabulary::Classes(classes) if classes.count() == 2 => {
                vec![usize::from(p[1] > self.cuts.first().copied().unwrap_or(0.5))]
            }
            Vocabulary::Classes(_) => predictions(&p.insert_axis(ndarray::Axis(0))),
            Vocabulary::Labels(_) => (0..p.len()).filter(|&place| above(place)).collect(),
            Vocabulary::Numbers(_) => Vec::new(),
        }
    }

    fn called_names(&self, p: &ArrayView1<'_, f64>) -> String {
        let names = self.vocabulary.names();
        self.called(p).into_iter().map(|place| names[place].as_str()).collect::<Vec<_>>().join(";")
    }

    fn cells(&self, row: usize) -> Vec<String> {
        let (p, plain) = (self.predicted.row(row), self.plain.as_ref().map(|plain| plain.row(row)));
        let texts = |numbers: &ArrayView1<'_, f64>| {
            let digits =
                if matches!(self.vocabulary, Vocabulary::Numbers(_)) { OF_NUMBERS } else { OF_SHARES };
            numbers.iter().map(|&number| significant(number, digits)).collect::<Vec<_>>()
        };
        match self.vocabulary {
            Vocabulary::Classes(classes) if classes.count() == 2 => {
                let mut cells = vec![self.called_names(&p), significant(p[1], OF_SHARES)];
                cells.extend(plain.map(|plain| significant(plain[1], OF_SHARES)));
                cells
            }
            Vocabulary::Classes(_) | Vocabulary::Labels(_) => {
                let mut cells = vec![self.called_names(&p)];
                cells.extend(texts(&p));
                // of classes the most probable one, of labels those above their thresholds
                cells.extend(plain.map(|plain| self.called_names(&plain)));
                cells
            }
            Vocabulary::Numbers(_) => {
                let mut cells = texts(&p);
                cells.extend(plain.iter().flat_map(texts));
                cells
            }
        }
    }

    fn label_cells(&self, row: usize) -> Vec<String> {
        match self.labels {
            None => Vec::new(),
            Some(Labels::Classes(labels)) => vec![labels[row].clone()],
            Some(Labels::Sets { sets, .. }) => vec![sets[row].join(";")],
            Some(Labels::Numbers { values, .. }) => values.row(row).iter().map(f64::to_string).collect(),
        }
    }

    fn header(&self) -> Vec<String> {
        let names = self.vocabulary.names();
        let mut header = vec!["sample".to_owned()];
        let ours = |name: &str| {
            matches!(name, "sample" | "label" | "labels" | "probability" | SECRECY)
                || ["predicted", "probability ", "plain_"].iter().any(|start| name.starts_with(start))
        };
        header.extend(self.carried.iter().map(|column| match ours(&column.name) {
            // two columns of one name would make a table that nobody can read
            true => format!("{} (data)", column.name),
            false => column.name.clone(),
        }));
        let of_numbers =
            |before: &str| names.iter().map(|name| format!("{before}{name}")).collect::<Vec<_>>();
        match (self.labels, self.vocabulary) {
            (None, _) => {}
            (Some(Labels::Numbers { .. }), Vocabulary::Numbers(_)) => header.extend(of_numbers("")),
            (Some(Labels::Sets { .. }), _) => header.push("labels".into()),
            (Some(_), _) => header.push("label".into()),
        }
        match self.vocabulary {
            Vocabulary::Numbers(_) => {
                header.extend(of_numbers("predicted "));
                header.extend(self.plain.iter().flat_map(|_| of_numbers("plain_predicted ")));
            }
            Vocabulary::Classes(classes) if classes.count() == 2 => {
                header.extend(["predicted".to_owned(), "probability".into()]);
                header.extend(self.plain.map(|_| "plain_probability".to_owned()));
            }
            Vocabulary::Classes(_) | Vocabulary::Labels(_) => {
                header.push("predicted".into());
                header.extend(of_numbers("probability "));
                header.extend(self.plain.map(|_| "plain_predicted".to_owned()));
            }
        }
        header.push(SECRECY.to_owned());
        header
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::targets::Choice;
    use ndarray::array;

    fn classes(names: &[&str]) -> Vocabulary {
        let labels = Labels::Classes(names.iter().map(|&name| name.to_owned()).collect());
        Vocabulary::fit(&labels, Choice::default()).unwrap()
    }

    fn written(predictions: &Predictions<'_>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        predictions.write(&path).unwrap();
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let shown = [0.123_456_789, 1.0 / 3.0, 0.5, 1e-9, 1.0].map(|share| significant(share, OF_SHARES));
        assert_eq!(shown, ["0.123457", "0.333333", "0.5", "0.000000001", "1"]);
        assert_eq!(significant(123_456.789_01, OF_NUMBERS), "123456.789");
    }

    #[test]
    fn one_line_per_sample() {
        let vocabulary = classes(&["no", "yes, \"sure\""]);
        let labels = Labels::Classes(vec!["no".into(), "no".into()]);
        let (p, plain) = (array![[0.25, 0.75], [0.75, 0.25]], array![[0.5, 0.5], [0.875, 0.125]]);
        let with_labels = Predictions {
            vocabulary: &vocabulary,
            samples: &[3, 9],
            carried: &[],
            labels: Some(&labels),
            predicted: p.view(),
            cuts: &[0.5],
            plain: Some(plain.view()),
            secrecy: Secrecy::Private,
        };
        let expected = "sample,label,predicted,probability,plain_probability,secrecy\n\
                        3,no,\"yes, \"\"sure\"\"\",0.75,0.5,private\n9,no,no,0.25,0.125,private\n";
        assert_eq!(written(&with_labels), expected);
        let strict = Predictions { cuts: &[0.8], ..with_labels };
        assert_eq!((with_labels.counts(), strict.counts()), (vec![1, 1], vec![2, 0]));
        let bare = Predictions {
            samples: &[0, 1],
            labels: None,
            plain: None,
            secrecy: Secrecy::Published,
            ..with_labels
        };
        let expected = "sample,predicted,probability,secrecy\n0,\"yes, \"\"sure\"\"\",0.75,published\n";
        assert!(written(&bare).starts_with(expected));

        let vocabulary = classes(&["a", "b", "c"]);
        let p = array![[0.25, 0.25, 0.5]];
        let three = Predictions {
            vocabulary: &vocabulary,
            samples: &[7],
            carried: &[
                Carried { name: "id".into(), values: vec!["p9".into()] },
                Carried { name: "secrecy".into(), values: vec!["low".into()] },
            ],
            labels: None,
            predicted: p.view(),
            cuts: &[0.5],
            plain: Some(p.view()),
            secrecy: Secrecy::Private,
        };
        let header = "sample,id,secrecy (data),predicted,probability a,probability b,probability c,plain_predicted,secrecy";
        assert_eq!(written(&three), format!("{header}\n7,p9,low,c,0.25,0.25,0.5,c,private\n"));
    }

    #[test]
    fn labels_and_numbers_have_a_column_each() {
        let labels = Labels::Sets { sets: vec![vec!["a".into(), "b".into()]], columns: vec![] };
        let vocabulary = Vocabulary::fit(&labels, Choice::default()).unwrap();
        let p = array![[0.75, 0.25]];
        let sets = Predictions {
            vocabulary: &vocabulary,
            samples: &[0],
            carried: &[],
            labels: Some(&labels),
            predicted: p.view(),
            cuts: &[0.5, 0.2],
            plain: Some(p.view()),
            secrecy: Secrecy::Private,
        };
        let header = "sample,labels,predicted,probability a,probability b,plain_predicted,secrecy";
        assert_eq!(written(&sets), format!("{header}\n0,a;b,a;b,0.75,0.25,a;b,private\n"));
        let labels =
            Labels::Numbers { names: vec!["los".into(), "cost".into()], values: array![[3.0, 250.5]] };
        let vocabulary = Vocabulary::fit(&labels, Choice::default()).unwrap();
        let numbers = Predictions { vocabulary: &vocabulary, labels: Some(&labels), plain: None, ..sets };
        let header = "sample,los,cost,predicted los,predicted cost,secrecy";
        assert_eq!(written(&numbers), format!("{header}\n0,3,250.5,0.75,0.25,private\n"));
    }
}
