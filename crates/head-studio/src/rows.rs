//! The predictions that are most worth a look, with the rows that they are of. They are shown to whoever has the data, and are in no report.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::files;
use crate::problem::{Answer, Problem};

/// Most predictions of a kind.
const MOST: usize = 12;
/// Most columns of a row, and most characters of a cell.
const CELLS: (usize, usize) = (30, 1200);

/// Predictions of three kinds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Rows {
    /// Wrong, the surest first.
    wrong: Vec<Row>,
    /// Those of which the training in the clear says something else.
    differs: Vec<Row>,
    /// The least sure.
    unsure: Vec<Row>,
}

/// A prediction.
#[derive(Clone, Debug, Serialize)]
struct Row {
    /// Position of the row in the table, from 1.
    row: usize,
    label: String,
    predicted: String,
    /// What the training in the clear predicts, where it differs.
    plain: Option<String>,
    /// Probability of the predicted class; of a number how far off it is.
    sureness: f64,
    /// The columns of the row.
    cells: Vec<(String, String)>,
}

/// Where the columns of a table of predictions are.
struct Columns {
    sample: usize,
    label: usize,
    predicted: Option<usize>,
    probability: Option<usize>,
    /// Probability of each class, where there are more than two.
    each: HashMap<String, usize>,
    plain: Option<usize>,
}

/// What a prediction is judged by.
struct Judge {
    /// The class of the probability, of two.
    positive: String,
    negative: String,
    /// The probability above which it is predicted.
    cut: f64,
}

/// The predictions of a run, with the rows of the table.
///
/// # Errors
/// A file that is missing or was changed.
pub(crate) fn worth_a_look(result: &Path, table: &Path, texts: Option<&str>) -> Answer<Rows> {
    let changed = |what: &str| Problem::conflict(format!("{what}: this is not what the run wrote"));
    let report: Value = files::read(&result.join("report.json"))?.ok_or_else(|| Problem::absent("report"))?;
    let judge = Judge::of(&report);
    let path = result.join("predictions.csv");
    let mut reader = csv::Reader::from_path(&path).map_err(|_| changed("predictions.csv"))?;
    let header = reader.headers().map_err(|_| changed("predictions.csv"))?.clone();
    let columns = Columns::of(&header).ok_or_else(|| changed("predictions.csv"))?;
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| changed("predictions.csv"))?;
        all.push(columns.read(&record, &judge).ok_or_else(|| changed("predictions.csv"))?);
    }
    let mut rows = chosen(all);
    let read = tables::read(&tables::Input::new(table), &tables::ReadOptions::default())
        .map_err(|error| Problem::malformed(error.to_string()))?;
    let chosen = rows.wrong.iter_mut().chain(&mut rows.differs).chain(&mut rows.unsure);
    chosen.for_each(|row| row.cells = cells(&read, row.row - 1, texts));
    Ok(rows)
}

/// The predictions of each kind.
fn chosen(all: Vec<Row>) -> Rows {
    let numbers = all.iter().all(|row| row.predicted.parse::<f64>().is_ok())
        && all.iter().any(|row| row.sureness > 1.0);
    let best = |mut some: Vec<Row>, key: fn(&Row) -> f64| {
        some.sort_by(|a, b| key(b).total_cmp(&key(a)));
        some.truncate(MOST);
        some
    };
    let wrong: Vec<Row> = all.iter().filter(|row| row.label != row.predicted).cloned().collect();
    if numbers {
        return Rows { wrong: best(wrong, |row| row.sureness), ..Rows::default() };
    }
    let differs: Vec<Row> = all.iter().filter(|row| row.plain.is_some()).cloned().collect();
    Rows {
        wrong: best(wrong, |row| row.sureness),
        differs: best(differs, |row| row.sureness),
        unsure: best(all, |row| -row.sureness),
    }
}

/// The cells of a row: the text first, or all columns.
fn cells(table: &tables::Table, row: usize, texts: Option<&str>) -> Vec<(String, String)> {
    let names = table.names().iter().enumerate();
    let wanted = names.filter(|(_, name)| texts.is_none_or(|text| name.as_str() == text));
    wanted
        .take(CELLS.0)
        .map(|(at, name)| (name.clone(), table.cell(row, at).chars().take(CELLS.1).collect()))
        .collect()
}

impl Judge {
    fn of(report: &Value) -> Self {
        let labels = report.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
        let name = |at: usize| labels.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let cut = report.pointer("/clinical/encrypted/0/threshold").and_then(Value::as_f64).unwrap_or(0.5);
        Self { negative: name(0), positive: name(1), cut }
    }
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Option<Self> {
        let at = |name: &str| header.iter().position(|found| found == name);
        let each = header
            .iter()
            .enumerate()
            .filter_map(|(at, name)| name.strip_prefix("probability ").map(|class| (class.to_owned(), at)));
        let numbers = header.iter().position(|name| name.starts_with("predicted "));
        let predicted = at("predicted").or(numbers)?;
        let named = header.get(predicted).and_then(|name| name.strip_prefix("predicted "));
        Some(Self {
            sample: at("sample")?,
            label: at("label").or_else(|| at("labels")).or_else(|| named.and_then(at))?,
            predicted: Some(predicted),
            probability: at("probability"),
            each: each.collect(),
            plain: at("plain_probability").or_else(|| at("plain_predicted")),
        })
    }

    fn read(&self, record: &csv::StringRecord, judge: &Judge) -> Option<Row> {
        let number = |at: usize| record.get(at)?.parse::<f64>().ok().filter(|value| value.is_finite());
        let (label, predicted) = (record.get(self.label)?, record.get(self.predicted?)?);
        let plain = match (self.probability, self.plain) {
            (Some(_), Some(plain)) => {
                let positive = number(plain)? > judge.cut;
                Some(if positive { judge.positive.clone() } else { judge.negative.clone() })
            }
            (None, Some(plain)) => record.get(plain).map(str::to_owned),
            _ => None,
        };
        let sureness = match (self.probability, self.each.get(predicted)) {
            (Some(at), _) if predicted == judge.positive => number(at)?,
            (Some(at), _) => 1.0 - number(at)?,
            (None, Some(&at)) => number(at)?,
            // of several labels the least sure one, of a number its distance
            (None, None) if !self.each.is_empty() => {
                let sure = |&at: &usize| number(at).map_or(0.5, |p| p.max(1.0 - p));
                self.each.values().map(sure).fold(1.0, f64::min)
            }
            (None, None) => (predicted.parse::<f64>().ok()? - label.parse::<f64>().ok()?).abs(),
        };
        Some(Row {
            row: record.get(self.sample)?.parse::<usize>().ok()?.checked_add(1)?,
            label: label.to_owned(),
            predicted: predicted.to_owned(),
            plain: plain.filter(|plain| plain != predicted),
            sureness,
            cells: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(report: &str, predictions: &str) -> Rows {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("report.json", report);
        write("predictions.csv", predictions);
        write("table.csv", "note,label\nzero,no\none,yes\ntwo,no\nthree,yes\n");
        worth_a_look(folder.path(), &folder.path().join("table.csv"), Some("note")).unwrap()
    }

    #[test]
    fn two_classes() {
        let found = rows(
            "{\"labels\": [\"no\", \"yes\"]}",
            "sample,label,predicted,probability,plain_probability,secrecy\n0,no,yes,0.9,0.8,private\n1,yes,yes,0.6,0.4,private\n\
             2,no,no,0.1,0.1,private\n3,yes,no,0.3,0.2,private\n",
        );
        let which = |rows: &[Row]| rows.iter().map(|row| row.row).collect::<Vec<_>>();
        assert_eq!((which(&found.wrong), which(&found.differs)), (vec![1, 4], vec![2]));
        assert_eq!(which(&found.unsure)[0], 2);
        assert_eq!(found.wrong[0].cells, [("note".to_owned(), "zero".to_owned())]);
        assert_eq!(found.differs[0].plain.as_deref(), Some("no"));
    }

    #[test]
    fn three_classes_and_numbers() {
        let found = rows(
            "{\"labels\": [\"a\", \"b\", \"c\"]}",
            "sample,label,predicted,probability a,probability b,probability c,plain_predicted,secrecy\n\
             1,a,b,0.2,0.7,0.1,b,private\n2,c,c,0.3,0.3,0.4,a,private\n",
        );
        assert_eq!((found.wrong.len(), found.wrong[0].sureness, found.differs.len()), (1, 0.7, 1));
        let found = rows(
            "{}",
            "sample,dose,predicted dose,plain_predicted dose,secrecy\n0,1,4,4,private\n1,2,2.5,2.5,private\n",
        );
        assert_eq!((found.wrong[0].row, found.wrong[0].sureness, found.unsure.len()), (1, 3.0, 0));
    }
}
