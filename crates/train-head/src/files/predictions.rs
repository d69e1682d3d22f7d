//! `predictions.csv`.

use std::path::Path;

use fhe_head::labels::Classes;
use fhe_head::metrics::predictions;
use ndarray::ArrayView2;

use super::{Access, write_with};
use crate::exit::{Failure, Result};

/// Writes one line a sample: its position among those read (from 0), its label if there are labels, the predicted class, and
/// the probabilities: of the positive one of two classes, else of each class. With `plain`, what the plain twin says too: the
/// probability of the positive class, else its prediction.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn write(
    path: &Path,
    classes: &Classes,
    samples: &[usize],
    labels: Option<&[String]>,
    probabilities: &ArrayView2<'_, f64>,
    plain: Option<&ArrayView2<'_, f64>>,
) -> Result<()> {
    let failed =
        |error: csv::Error| Failure::unexpected(format!("cannot write {}", path.display())).because(error);
    let names = classes.names();
    let binary = names.len() == 2;
    let (predicted, of_plain) = (predictions(probabilities), plain.map(predictions));
    write_with(path, Access::Shared, |file| {
        let mut out = csv::Writer::from_writer(file);
        let mut header = vec!["sample".to_owned()];
        header.extend(labels.map(|_| "label".to_owned()));
        header.push("predicted".into());
        if binary {
            header.push("probability".into());
            header.extend(plain.map(|_| "plain_probability".to_owned()));
        } else {
            header.extend(names.iter().map(|name| format!("probability {name}")));
            header.extend(plain.map(|_| "plain_predicted".to_owned()));
        }
        out.write_record(&header).map_err(failed)?;
        for (row, sample) in samples.iter().enumerate() {
            let mut fields = vec![sample.to_string()];
            fields.extend(labels.map(|labels| labels[row].clone()));
            fields.push(names[predicted[row]].clone());
            if binary {
                fields.push(probabilities[(row, 1)].to_string());
                fields.extend(plain.map(|plain| plain[(row, 1)].to_string()));
            } else {
                fields.extend(probabilities.row(row).iter().map(f64::to_string));
                fields.extend(of_plain.as_ref().map(|predicted| names[predicted[row]].clone()));
            }
            out.write_record(&fields).map_err(failed)?;
        }
        out.flush().map_err(|error| failed(error.into()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    #[test]
    fn a_line_a_sample() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        let read = || std::fs::read_to_string(&path).unwrap();
        let classes = Classes::fit(&["no", "yes, \"sure\""]).unwrap();
        let labels = ["no".to_owned(), "no".into()];
        let (p, plain) = (array![[0.25, 0.75], [0.75, 0.25]], array![[0.5, 0.5], [0.875, 0.125]]);
        write(&path, &classes, &[3, 9], Some(&labels), &p.view(), Some(&plain.view())).unwrap();
        let expected = "sample,label,predicted,probability,plain_probability\n\
                        3,no,\"yes, \"\"sure\"\"\",0.75,0.5\n9,no,no,0.25,0.125\n";
        assert_eq!(read(), expected);
        write(&path, &classes, &[0, 1], None, &p.view(), None).unwrap();
        assert!(read().starts_with("sample,predicted,probability\n"));

        let classes = Classes::fit(&["a", "b", "c"]).unwrap();
        let p = array![[0.25, 0.25, 0.5]];
        write(&path, &classes, &[7], None, &p.view(), Some(&p.view())).unwrap();
        let header = "sample,predicted,probability a,probability b,probability c,plain_predicted";
        assert_eq!(read(), format!("{header}\n7,c,0.25,0.25,0.5,c\n"));
    }
}
