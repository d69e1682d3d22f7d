//! Flags of the files that samples come from.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::source::{Columns, HoldOut, Source};
use crate::exit::{Failure, Result};
use crate::input::Format;

/// Flags of texts.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Data")]
struct TextArgs {
    /// Table with texts (.csv, .tsv, .jsonl, .parquet, .xlsx, also .gz; - for standard input)
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Column with the texts [default: `text`, or the only one beside the labels]
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,
}

/// Flags of features.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Data")]
struct FeatureArgs {
    /// Features: a table (.csv, .tsv, .jsonl, .parquet, .xlsx, also .gz; - for standard input), a NumPy array (.npy), or
    /// embeddings by `embed` (.safetensors)
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Labels for a file of features without labels (.npy, or a table)
    #[arg(long, value_name = "FILE", requires = "features")]
    labels: Option<PathBuf>,
    /// Columns of the table that are no features; may be repeated
    #[arg(long = "drop", visible_alias = "ignore-column", value_name = "NAMES")]
    dropped: Vec<String>,
}

/// Flags of texts and features.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Data")]
struct ColumnArgs {
    /// Column with the labels [default: `label`, `labels`, `target`, `class` or `y`]. Several columns of 0 and 1 are labels of
    /// which a sample may have any number, several of numbers are predicted by --head ridge; may be repeated
    #[arg(long = "label-column", value_name = "NAMES")]
    label_columns: Vec<String>,
    /// What divides the labels of a sample in one cell, if it may have any number of them [default: found out]
    #[arg(long, value_enum, value_name = "SIGN")]
    label_separator: Option<LabelSeparator>,
    /// Columns that name the samples, such as a patient's number: no features, but part of the table of predictions; may be
    /// repeated
    #[arg(long = "id-column", value_name = "NAMES")]
    ids: Vec<String>,
    /// Other columns that go through to the table of predictions, and are no features; may be repeated
    #[arg(long = "keep-columns", value_name = "NAMES")]
    kept: Vec<String>,
    /// Format of the tables [default: from their names]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Sheet of an Excel workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

/// What divides labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LabelSeparator {
    /// `fever;cough`
    #[value(name = ";", alias = "semicolon")]
    Semicolon,
    /// `fever|cough`
    #[value(name = "|", alias = "bar")]
    Bar,
    /// `["fever", "cough"]`
    Json,
}

impl From<LabelSeparator> for tables::Separator {
    fn from(separator: LabelSeparator) -> Self {
        match separator {
            LabelSeparator::Semicolon => Self::Semicolon,
            LabelSeparator::Bar => Self::Bar,
            LabelSeparator::Json => Self::Json,
        }
    }
}

/// Flags of samples: texts or features.
#[derive(Args, Debug, Default)]
pub(crate) struct DataArgs {
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    features: FeatureArgs,
    #[command(flatten)]
    columns: ColumnArgs,
}

/// Flags of samples that are texts.
#[derive(Args, Debug, Default)]
pub(crate) struct TextDataArgs {
    #[command(flatten)]
    texts: TextArgs,
    #[command(flatten)]
    columns: ColumnArgs,
}

/// Flags of samples that are numbers.
#[derive(Args, Debug, Default)]
pub(crate) struct FeatureDataArgs {
    #[command(flatten)]
    features: FeatureArgs,
    #[command(flatten)]
    columns: ColumnArgs,
}

/// Flags of weights and groups of samples.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Data")]
pub(crate) struct WeightArgs {
    /// Column with non-negative sample weights (scikit-learn's sample_weight), which is not a feature: of the table of texts
    /// or features, or of the table of labels. Embeddings by `embed` include their weights
    #[arg(long, value_name = "NAME")]
    sample_weight: Option<String>,
    /// Column that says which samples belong together, such as those of a patient: a group stays on one side of every split
    /// and fold. It is not a feature
    #[arg(long, value_name = "NAME")]
    group_column: Option<String>,
}

impl WeightArgs {
    /// The column, if the flag is given.
    pub(crate) fn column(&self) -> Option<&str> {
        self.sample_weight.as_deref()
    }

    /// The column of groups, if the flag is given.
    pub(crate) fn groups(&self) -> Option<&str> {
        self.group_column.as_deref()
    }
}

/// Flags of samples to test on.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Data")]
pub(crate) struct TestArgs {
    /// Table with texts to test on
    #[arg(long, value_name = "FILE", requires = "input", conflicts_with = "test_size")]
    test_input: Option<PathBuf>,
    /// Features to test on
    #[arg(long, value_name = "FILE", requires = "features", conflicts_with = "test_size")]
    test_features: Option<PathBuf>,
    /// Labels for features to test on without labels
    #[arg(long, value_name = "FILE", requires = "test_features")]
    test_labels: Option<PathBuf>,
    /// Stratified share of the samples to test on, if there is no file to test on [default: 0.25]
    #[arg(long, value_name = "SHARE")]
    test_size: Option<f64>,
}

impl DataArgs {
    /// The files that the flags name.
    pub(crate) fn files(&self) -> [Option<&Path>; 3] {
        let [features, labels] = self.features.files();
        [self.texts.input.as_deref(), features, labels]
    }

    /// The source that the flags name.
    ///
    /// # Errors
    /// No source, or both kinds.
    pub(crate) fn resolve(&self) -> Result<Source> {
        resolve(&self.texts, &self.features, &self.columns)
    }
}

fn resolve(texts: &TextArgs, features: &FeatureArgs, columns: &ColumnArgs) -> Result<Source> {
    let columns = columns.resolve();
    match (&texts.input, &features.features) {
        (Some(_), Some(_)) => {
            Err(Failure::usage("--input (texts) and --features (numbers) cannot be used together"))
        }
        (Some(path), None) => {
            Ok(Source::Texts { path: path.clone(), text_column: texts.text_column.clone(), columns })
        }
        (None, Some(path)) => Ok(Source::Features {
            path: path.clone(),
            labels: features.labels.clone(),
            dropped: features.dropped.clone(),
            columns,
        }),
        (None, None) => {
            Err(Failure::usage("no data: --features FILE names a table, an array or embeddings; --input FILE names texts where the command takes them")
                .help("`train-head embed` makes features of texts"))
        }
    }
}

impl TextDataArgs {
    /// The file that the flags name.
    pub(crate) fn files(&self) -> [Option<&Path>; 1] {
        [self.texts.input.as_deref()]
    }

    /// The source that the flags name.
    ///
    /// # Errors
    /// No source.
    pub(crate) fn resolve(&self) -> Result<Source> {
        resolve(&self.texts, &FeatureArgs::default(), &self.columns)
    }
}

impl FeatureArgs {
    fn files(&self) -> [Option<&Path>; 2] {
        [self.features.as_deref(), self.labels.as_deref()]
    }
}

impl FeatureDataArgs {
    /// The files that the flags name.
    pub(crate) fn files(&self) -> [Option<&Path>; 2] {
        self.features.files()
    }

    /// The source that the flags name.
    ///
    /// # Errors
    /// No source.
    pub(crate) fn resolve(&self) -> Result<Source> {
        resolve(&TextArgs::default(), &self.features, &self.columns)
    }
}

impl ColumnArgs {
    fn resolve(&self) -> Columns {
        Columns {
            label_columns: self.label_columns.clone(),
            separator: self.label_separator.map(Into::into),
            format: self.format,
            sheet: self.sheet.clone(),
            ids: self.ids.clone(),
            kept: self.kept.clone(),
        }
    }
}

impl TestArgs {
    /// The files that the flags name.
    pub(crate) fn files(&self) -> [Option<&Path>; 3] {
        [&self.test_input, &self.test_features, &self.test_labels].map(Option::as_deref)
    }

    /// What to test a head on that was trained on `training`. `random_state` is the seed of a split.
    ///
    /// # Errors
    /// A share outside (0, 1).
    pub(crate) fn resolve(&self, training: &Source, random_state: u64) -> Result<HoldOut> {
        match (training, &self.test_input, &self.test_features) {
            (Source::Texts { text_column, columns, .. }, Some(path), _) => {
                Ok(HoldOut::Source(Source::Texts {
                    path: path.clone(),
                    text_column: text_column.clone(),
                    columns: columns.clone(),
                }))
            }
            (Source::Features { dropped, columns, .. }, _, Some(path)) => {
                Ok(HoldOut::Source(Source::Features {
                    path: path.clone(),
                    labels: self.test_labels.clone(),
                    dropped: dropped.clone(),
                    columns: columns.clone(),
                }))
            }
            _ => {
                let test_size = self.test_size.unwrap_or(0.25);
                if !(test_size > 0.0 && test_size < 1.0) {
                    return Err(Failure::usage(format!(
                        "--test-size {test_size}: must be between 0 and 1, such as 0.3"
                    )));
                }
                Ok(HoldOut::Share { test_size, random_state })
            }
        }
    }
}
