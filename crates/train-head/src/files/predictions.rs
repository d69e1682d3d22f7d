//! `predictions.csv`.

use std::path::Path;

use fhe_head::labels::Classes;

use super::{Access, write_with};
use crate::exit::{Failure, Result};

/// One column of numbers beside the prediction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probabilities<'a> {
    /// The column's name.
    pub(crate) name: &'a str,
    /// One each.
    pub(crate) values: &'a [f64],
}

/// Writes one line a sample: its position among those read (from 0), its label if there are labels, the class that the
/// first probabilities predict, and all probabilities of the positive class.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn write(
    path: &Path,
    classes: &Classes,
    samples: &[usize],
    labels: Option<&[String]>,
    probabilities: &[Probabilities<'_>],
) -> Result<()> {
    let failed =
        |error: csv::Error| Failure::unexpected(format!("cannot write {}", path.display())).because(error);
    write_with(path, Access::Shared, |file| {
        let mut out = csv::Writer::from_writer(file);
        let mut header = vec!["sample"];
        header.extend(labels.map(|_| "label"));
        header.push("predicted");
        header.extend(probabilities.iter().map(|column| column.name));
        out.write_record(&header).map_err(failed)?;
        for (row, sample) in samples.iter().enumerate() {
            let mut fields = vec![sample.to_string()];
            fields.extend(labels.map(|labels| labels[row].clone()));
            let positive = probabilities.first().is_some_and(|column| column.values[row] > 0.5);
            fields.push(if positive { classes.positive.clone() } else { classes.negative.clone() });
            fields.extend(probabilities.iter().map(|column| column.values[row].to_string()));
            out.write_record(&fields).map_err(failed)?;
        }
        out.flush().map_err(|error| failed(error.into()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_a_sample() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        let classes = Classes { negative: "no".into(), positive: "yes, \"sure\"".into() };
        let labels = ["no".to_owned(), "no".into()];
        let columns = [
            Probabilities { name: "probability", values: &[0.75, 0.25] },
            Probabilities { name: "plain_probability", values: &[0.5, 0.125] },
        ];
        write(&path, &classes, &[3, 9], Some(&labels), &columns).unwrap();
        let expected = "sample,label,predicted,probability,plain_probability\n\
                        3,no,\"yes, \"\"sure\"\"\",0.75,0.5\n9,no,no,0.25,0.125\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        write(&path, &classes, &[0], None, &columns[..1]).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("sample,predicted,probability\n"));
    }
}
