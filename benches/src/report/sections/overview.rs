//! The introduction of the report.

use serde_json::Value;

use crate::records::{Records, command, distinct, text};

/// The first paragraph.
pub(in crate::report) fn lead(records: &Records) -> String {
    let sets = distinct(records.of("accuracy").iter().map(|cell| text(cell, "/dataset").to_owned()));
    let quick = records.all().iter().any(|record| record["quick"] == true);
    let trained = match sets.len() {
        0 => String::new(),
        n => format!(
            "{n} data sets: plain and encrypted training run the same iterations and are tested on the same samples. "
        ),
    };
    let small = match quick {
        true => {
            "This is a quick run on parts of the data sets: it shows that everything works, but its figures mean little. "
        }
        false => "",
    };
    format!(
        "Classification heads for text embeddings and tables, trained on CKKS ciphertexts at 128-bit security. \
         {trained}{small}Every figure comes from a recorded run; the command that made it is given below it."
    )
}

/// The distinct commands that made some records, one a line.
pub(in crate::report) fn commands(records: &[&Value]) -> String {
    distinct(records.iter().map(|record| command(record))).join("\n")
}
