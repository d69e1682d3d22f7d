//! A feature map in a file of its own: constants that everybody knows, or what came of sums by consent. JSON, so that people can write it:
//!
//! ```json
//! {"format": "train-head feature map 1", "names": ["age", "pulse"], "mean": [50, 75], "deviation": [20, 15]}
//! ```
//!
//! From each feature its mean is subtracted; then it is divided by its deviation, or the features are multiplied by `matrix`: a row for each
//! feature, a column for each that comes out. With `names`, features are matched by their names, in any order.

use std::path::Path;

use fhe_head::files::{Digest, Tag};
use head_fit::{FeatureMap, LinearMap};
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::embeddings::UsedEncoder;
use super::{Access, read, write_bytes};
use crate::exit::{Failure, Result, encoder_failure};

const FORMAT: &str = "train-head feature map 1";
const HELP: &str =
    "docs/cli.md shows such a file; `joint decrypt` writes one at the end of a session of sums";

/// A file of a feature map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeatureMapFile {
    contents: Contents,
    map: FeatureMap,
    /// What a plan knows it by.
    pub(crate) given: GivenMap,
}

/// What is written. A misspelt field is refused: what it says would be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Name and version of the format.
    format: String,
    /// Names of the features, if they come from a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    /// The encoder, if the samples are texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder: Option<UsedEncoder>,
    /// The sums that it was made of, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sums: Option<OfSums>,
    mean: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deviation: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matrix: Option<Vec<Vec<f64>>>,
}

/// Sums by consent that a map was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfSums {
    /// Digest of the session.
    pub(crate) session: Digest,
    /// Its parties.
    pub(crate) parties: Vec<String>,
    /// How many samples they have together.
    pub(crate) samples: u64,
}

/// The feature map that a plan was made behind, where it was not fitted on the plan's samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GivenMap {
    /// BLAKE3 digest of its file.
    pub(crate) file: Digest,
    /// The session whose sums it was made of, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sums: Option<Digest>,
}

impl GivenMap {
    /// In words, for those who are about to agree.
    pub(crate) fn words(&self) -> String {
        match self.sums {
            Some(session) => format!("of the sums of session {session}; file {}", self.file),
            None => format!("of constants; file {}", self.file),
        }
    }
}

impl FeatureMapFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It does not exist, or holds no feature map.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&read(path)?)
            .map_err(|what| Failure::file(format!("{}: {what}", path.display())).help(HELP))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("not a feature map: {error}"))?;
        let found = value.get("format").and_then(Value::as_str).unwrap_or_default();
        if found != FORMAT {
            return Err(format!("format {found:?}; this program reads {FORMAT:?}"));
        }
        let contents: Contents =
            serde_json::from_value(value).map_err(|error| format!("not a feature map: {error}"))?;
        let map = contents.map()?;
        let file = Tag(*blake3::hash(bytes).as_bytes());
        let given = GivenMap { file, sums: contents.sums.as_ref().map(|sums| sums.session) };
        Ok(Self { contents, map, given })
    }

    /// The contents of the file of a map that was made of sums.
    ///
    /// # Errors
    /// None in practice: it can be written as JSON.
    pub(crate) fn of_sums(
        map: &FeatureMap,
        (names, encoder): (Option<&[String]>, Option<&UsedEncoder>),
        sums: OfSums,
    ) -> Result<Vec<u8>> {
        let (deviation, matrix) = match map.linear() {
            LinearMap::Diagonal(scale) => (Some(scale.iter().map(|scale| 1.0 / scale).collect()), None),
            LinearMap::Dense(matrix) => {
                (None, Some(matrix.rows().into_iter().map(|row| row.to_vec()).collect()))
            }
        };
        let contents = Contents {
            format: FORMAT.into(),
            names: names.map(<[String]>::to_vec),
            encoder: encoder.cloned().map(UsedEncoder::for_others),
            sums: Some(sums),
            mean: map.mean().to_vec(),
            deviation,
            matrix,
        };
        let mut text = serde_json::to_vec(&contents)
            .map_err(|error| Failure::unexpected("cannot write a feature map as JSON").because(error))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Writes such contents for the owner alone: they hold statistics of samples.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<()> {
        write_bytes(path, Access::Private, contents)
    }

    /// The map for features of these names, from samples by this encoder.
    ///
    /// # Errors
    /// Other features, by name; another number of them; another encoder.
    pub(crate) fn of_features(
        &self,
        features: usize,
        names: Option<&[String]>,
        encoder: Option<&UsedEncoder>,
    ) -> Result<FeatureMap> {
        if self.map.inputs() != features {
            let known = self.map.inputs();
            return Err(Failure::data(format!(
                "the feature map is for {known} features, the data have {features}{}",
                named(names)
            )));
        }
        if let (Some(expected), Some(found)) = (&self.contents.encoder, encoder) {
            expected.info.expect_same(&found.info).map_err(encoder_failure)?;
        }
        let (Some(known), Some(names)) = (&self.contents.names, names) else { return Ok(self.map.clone()) };
        let places: std::collections::HashMap<&str, usize> =
            known.iter().enumerate().map(|(place, name)| (&**name, place)).collect();
        let place = |name: &String| {
            places.get(&**name).copied().ok_or_else(|| {
                Failure::data(format!("the feature map has no feature {name:?}{}", self::named(Some(names))))
            })
        };
        let order = names.iter().map(place).collect::<Result<Vec<_>>>()?;
        let linear = match self.map.linear() {
            LinearMap::Diagonal(scale) => LinearMap::Diagonal(scale.select(Axis(0), &order)),
            LinearMap::Dense(matrix) => LinearMap::Dense(matrix.select(Axis(0), &order)),
        };
        Ok(FeatureMap::from_arrays(self.map.mean().select(Axis(0), &order), linear)?)
    }

    /// What it is, without its numbers, for `inspect`.
    pub(crate) fn summary(&self) -> Value {
        let Contents { names, encoder, sums, .. } = &self.contents;
        json!({
            "inputs": self.map.inputs(), "outputs": self.map.outputs(), "names": names, "encoder": encoder, "sums": sums,
            "digest": self.given.file,
        })
    }
}

/// The names of the data's features, where there are few enough to show.
fn named(names: Option<&[String]>) -> String {
    const FEW: usize = 40;
    match names {
        Some(names) if names.len() <= FEW => format!(": {}", names.join(", ")),
        _ => String::new(),
    }
}

impl Contents {
    fn map(&self) -> Result<FeatureMap, String> {
        let inputs = self.mean.len();
        if inputs == 0 {
            return Err("a map of no features".into());
        }
        if let Some(names) = &self.names {
            let mut sorted: Vec<&String> = names.iter().collect();
            sorted.sort_unstable();
            sorted.dedup();
            if names.len() != inputs || sorted.len() != inputs {
                return Err(format!("{} names, some perhaps twice, of {inputs} features", names.len()));
            }
        }
        let linear = match (&self.deviation, &self.matrix) {
            (Some(deviation), None) => {
                if let Some(wrong) = deviation.iter().find(|one| !(**one > 0.0 && (1.0 / **one).is_finite()))
                {
                    return Err(format!(
                        "a deviation of {wrong}: features are divided by it, so it is positive"
                    ));
                }
                LinearMap::Diagonal(deviation.iter().map(|deviation| 1.0 / deviation).collect())
            }
            (None, Some(rows)) => {
                let outputs = rows.first().map_or(0, Vec::len);
                if outputs == 0 || rows.iter().any(|row| row.len() != outputs) {
                    return Err("rows of `matrix` that are empty, or not of one length".into());
                }
                let numbers: Vec<f64> = rows.iter().flatten().copied().collect();
                let matrix = Array2::from_shape_vec((rows.len(), outputs), numbers);
                LinearMap::Dense(matrix.map_err(|error| error.to_string())?)
            }
            _ => return Err("one of `deviation` and `matrix` is needed".into()),
        };
        FeatureMap::from_arrays(Array1::from_vec(self.mean.clone()), linear)
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn parse(text: &str) -> Result<FeatureMapFile, String> {
        FeatureMapFile::parse(text.replace("FORMAT", FORMAT).as_bytes())
    }

    #[test]
    fn constants_are_matched_by_name() {
        let text = r#"{"format": "FORMAT", "names": ["a", "b"], "mean": [1, 2], "deviation": [2, 4]}"#;
        let file = parse(text).unwrap();
        let names = ["b", "a"].map(String::from);
        let map = file.of_features(2, Some(&names), None).unwrap();
        assert_eq!(map.apply(&array![[6.0, 5.0]].view()).unwrap(), array![[1.0, 2.0]]);
        // an array has no names: the order counts
        let map = file.of_features(2, None, None).unwrap();
        assert_eq!(map.apply(&array![[5.0, 6.0]].view()).unwrap(), array![[2.0, 1.0]]);
        let refused = |features, names: &[String]| {
            file.of_features(features, Some(names), None).unwrap_err().to_string()
        };
        assert!(
            refused(3, &["a", "b", "c"].map(String::from))
                .contains("for 2 features, the data have 3: a, b, c")
        );
        assert!(refused(2, &["a", "c"].map(String::from)).contains("no feature \"c\""));
    }

    #[test]
    fn what_sums_give_is_read_again() {
        let sums = OfSums { session: Tag([7; 32]), parties: vec!["north".into()], samples: 12 };
        for linear in [
            LinearMap::Dense(array![[0.1, 1.0 / 3.0, 2.0], [1e-9, 2.0, -7.0]]),
            LinearMap::Diagonal(array![0.5, 0.25]),
        ] {
            let map = FeatureMap::from_arrays(array![1.0, 0.3], linear).unwrap();
            let bytes = FeatureMapFile::of_sums(&map, (None, None), sums.clone()).unwrap();
            let read = FeatureMapFile::parse(&bytes).unwrap();
            assert_eq!(read.of_features(2, None, None).unwrap(), map);
            assert_eq!(read.given.sums, Some(Tag([7; 32])));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let mean = r#""format": "FORMAT", "mean": [1, 2]"#;
        for (fields, why) in [
            (r#""format": "train-head plan 1", "mean": []"#.to_owned(), "this program reads"),
            (r#""format": "FORMAT", "mean": [], "deviation": []"#.to_owned(), "no features"),
            (mean.to_owned(), "one of"),
            (format!(r#"{mean}, "deviation": [1, 1], "matrix": [[1], [1]]"#), "one of"),
            (format!(r#"{mean}, "deviation": [1, 0]"#), "positive"),
            (format!(r#"{mean}, "deviation": [1, 1e-320]"#), "positive"),
            (format!(r#"{mean}, "deviation": [1]"#), "inputs"),
            (format!(r#"{mean}, "matrix": [[1], [1, 2]]"#), "not of one length"),
            (format!(r#"{mean}, "matrix": [[], []]"#), "empty"),
            (format!(r#"{mean}, "matrix": [[1]]"#), "inputs"),
            (format!(r#"{mean}, "scale": [1, 1]"#), "scale"),
            (format!(r#"{mean}, "deviation": [1, 1], "names": ["a"]"#), "names"),
            (format!(r#"{mean}, "deviation": [1, 1], "names": ["a", "a"]"#), "twice"),
        ] {
            let refused = parse(&format!("{{{fields}}}")).unwrap_err();
            assert!(refused.contains(why), "{fields}: {refused}");
        }
        assert!(parse("[1").is_err());
    }
}
