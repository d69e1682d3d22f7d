//! Names of labels of which a sample may have any number.

use fhe_head::{Error, Result};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// The labels of a problem in which a sample has any number of them, ordered by code points. A label's column is its place here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelNames {
    names: Vec<String>,
}

impl LabelNames {
    /// Finds the labels of all samples.
    ///
    /// # Errors
    /// [`Error::Data`] if there is none, or one is empty.
    pub fn fit<S: AsRef<str>>(sets: &[Vec<S>]) -> Result<Self> {
        let mut names: Vec<&str> = sets.iter().flatten().map(|label| label.as_ref().trim()).collect();
        names.sort_unstable();
        names.dedup();
        match names.first() {
            None => Err(Error::Data("no sample has a label".into())),
            Some(&"") => Err(Error::Data("some labels are empty".into())),
            Some(_) => Ok(Self { names: names.into_iter().map(str::to_owned).collect() }),
        }
    }

    /// The labels, in the order of their columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of labels.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// A row of zeros and ones for each sample.
    ///
    /// # Errors
    /// [`Error::Data`] on a label that is none of these.
    pub fn encode<S: AsRef<str>>(&self, sets: &[Vec<S>]) -> Result<Array2<f64>> {
        let mut y = Array2::zeros((sets.len(), self.count()));
        for (i, set) in sets.iter().enumerate() {
            for label in set {
                let label = label.as_ref().trim();
                let known = self.names.binary_search_by(|name| name.as_str().cmp(label));
                let column = known.map_err(|_| {
                    Error::Data(format!("label {label:?} of sample {i} occurs in no training sample"))
                })?;
                y[(i, column)] = 1.0;
            }
        }
        Ok(y)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    #[test]
    fn sets_become_rows_of_zeros_and_ones() {
        let sets = [vec!["pain", " fever"], vec![], vec!["fever"]];
        let names = LabelNames::fit(&sets).unwrap();
        assert_eq!(names.names(), ["fever", "pain"]);
        assert_eq!(names.encode(&sets).unwrap(), array![[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]);
        assert!(names.encode(&[vec!["cough"]]).unwrap_err().to_string().contains("\"cough\" of sample 0"));
        assert!(LabelNames::fit(&[Vec::<&str>::new()]).is_err());
        assert!(LabelNames::fit(&[vec![" "]]).is_err());
    }
}
