//! The arguments of the page on the data party's machine, and of a look at a table.

use std::path::PathBuf;

use clap::Args;

use super::EncoderArgs;

/// Arguments of `studio`.
#[derive(Args, Debug)]
pub(crate) struct StudioArgs {
    /// Folder for tables, runs and their results, made where there is none. It holds secret keys: keep it private
    #[arg(long, value_name = "FOLDER", default_value = "train-head-studio")]
    pub(crate) out: PathBuf,
    /// Port on this machine; 0 takes a free one. Other machines cannot reach it
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) port: u16,
    /// Print the link without opening a browser
    #[arg(long)]
    pub(crate) no_open: bool,
}

/// Arguments of `look`.
#[derive(Args, Debug)]
pub(crate) struct LookArgs {
    /// Table (.csv, .tsv, .jsonl, .parquet, .xlsx, also .gz; - for standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Sheet of an Excel workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) sheet: Option<String>,
    /// Column of the labels, to see its classes with their counts, and what the other columns become; several columns of 0 and 1 with
    /// commas between them [default: one with a usual name]
    #[arg(long = "label-column", value_name = "NAME")]
    pub(crate) label_columns: Vec<String>,
    /// Column with texts: counts those that are longer than the window of the encoder, and nothing else
    #[arg(long, value_name = "NAME")]
    pub(crate) text_column: Option<String>,
    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,
}
