//! What the page gets to know of a piece of work.

use std::process::Command;

use serde::Serialize;
use serde_json::{Value, json};

use super::about::{Kind, Work};
use super::step::{End, Step};
use crate::choices::Choices;
use crate::files;
use crate::id::Id;
use crate::problem::Words;
use crate::said::Said;
use crate::service::Service;
use crate::table::Table;

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is under way.
    Running,
    /// It has its result.
    Done,
    /// It failed.
    Failed,
    /// It was stopped, and can be continued.
    Stopped,
}

/// A step as the page shows it.
#[derive(Clone, Debug, Serialize)]
struct ShownStep {
    name: Step,
    state: &'static str,
    #[serde(flatten)]
    said: Said,
    /// The command, to do the same without the page.
    command: String,
}

/// A piece of work as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    id: Id,
    kind: Kind,
    name: String,
    created: i64,
    choices: Choices,
    pub(crate) state: State,
    steps: Vec<ShownStep>,
    /// Why it is not done.
    problem: Option<Words>,
    /// What came of the last step: the estimate, or figures of the report.
    result: Value,
    /// Texts that are longer than the encoder's window, if texts were embedded.
    long_texts: Option<u64>,
    /// Whether there is a twin that may leave the data party.
    published: bool,
}

/// Figures of a report that the page shows beside it.
const FIGURES: [&str; 16] = [
    "samples",
    "test_samples",
    "features",
    "labels",
    "predicts",
    "encrypted",
    "plain",
    "logistic_regression",
    "ridge_regression",
    "prediction_agreement",
    "iterations",
    "bootstraps",
    "preset",
    "seconds",
    "bytes",
    "on_server",
];

/// A piece of work.
pub(crate) fn shown(service: &Service, work: &Work) -> Shown {
    // before the files: what ends in between is shown as under way once more, so that whatever is done can be removed
    let driven = service.is_driven(&work.id);
    let (mut steps, mut problem, mut result, mut long_texts) = (Vec::new(), None, Value::Null, None);
    let mut state = State::Done;
    let table = Table::read(&service.place, &work.choices.data).ok();
    let kept = table.map(|table| table.path(&service.place).display().to_string());
    for name in Step::all(work) {
        let end = name.end(work, &service.place);
        let (word, then) = match &end {
            End::Waiting => ("waiting", State::Stopped),
            End::Running => ("running", State::Running),
            End::Done(_) => ("done", State::Done),
            End::Failed(_) => ("failed", State::Failed),
            End::Stopped(_) => ("stopped", State::Stopped),
        };
        if state == State::Done {
            state = then;
        }
        match end {
            End::Failed(words) | End::Stopped(words) => problem = problem.or(Some(words)),
            End::Done(report) if name == Step::Embed => {
                long_texts = report.get("long_texts").and_then(Value::as_u64);
            }
            End::Done(report) if name == Step::Estimate => result = report,
            End::Done(_) => result = figures(service, work),
            End::Waiting | End::Running => {}
        }
        let mut said = service.said(&name.files(work, &service.place).said);
        if let Some(kept) = &kept {
            // people know their table by its own name
            said.notes.iter_mut().for_each(|note| *note = note.replace(kept, &work.name));
        }
        let command = name.command(work, service).map(|command| words(&command)).unwrap_or_default();
        steps.push(ShownStep { name, state: word, said, command });
    }
    if driven {
        (state, problem) = (State::Running, None);
    }
    Shown {
        id: work.id.clone(),
        kind: work.kind,
        name: work.name.clone(),
        created: work.created,
        choices: work.choices.clone(),
        state,
        steps,
        problem,
        result,
        long_texts,
        published: work.published(&service.place).join("report.html").is_file(),
    }
}

/// A run in the list of runs.
pub(crate) fn brief(service: &Service, work: &Work) -> Value {
    let shown = shown(service, work);
    let accuracy = shown.result.pointer("/encrypted/accuracy").cloned();
    json!({
        "id": shown.id, "name": shown.name, "created": shown.created, "label": shown.choices.label,
        "server": shown.choices.server, "state": shown.state, "accuracy": accuracy,
    })
}

/// Figures of a report.
fn figures(service: &Service, work: &Work) -> Value {
    let path = work.result(&service.place).join("report.json");
    let report: Value = files::read(&path).ok().flatten().unwrap_or_default();
    let figure = |name: &str| report.get(name).map(|value| (name.to_owned(), value.clone()));
    let mut figures: serde_json::Map<String, Value> =
        FIGURES.iter().filter_map(|name| figure(name)).collect();
    let accuracy = report.pointer("/encrypted/accuracy").and_then(Value::as_f64);
    let tested = report.get("test_samples").and_then(Value::as_f64).filter(|tested| *tested > 0.0);
    if let (Some(value), Some(tested)) = (accuracy, tested) {
        let (low, high) = interval(value, tested);
        figures.insert("accuracy".to_owned(), json!({ "value": value, "low": low, "high": high }));
    }
    Value::Object(figures)
}

/// Wilson's interval of 95 % for a share of so many.
fn interval(share: f64, of: f64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let (square, whole) = (Z * Z / of, 1.0 + Z * Z / of);
    let (middle, half) =
        (share + square / 2.0, Z * (share * (1.0 - share) / of + square / (4.0 * of)).sqrt());
    ((middle - half) / whole, (middle + half) / whole)
}

/// A command as a shell takes it.
fn words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let all = std::iter::once(program).chain(command.get_args());
    all.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./=:,+@%".contains(sign);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 33 of 38, by the formula in another language.
    #[test]
    fn shares_have_intervals() {
        let (low, high) = interval(33.0 / 38.0, 38.0);
        assert!((low - 0.726_731).abs() < 1e-4 && (high - 0.942_461).abs() < 1e-4, "{low} {high}");
        assert!(interval(1.0, 20.0).1 <= 1.0 + 1e-12);
    }

    #[test]
    fn commands_are_written_as_a_shell_takes_them() {
        let mut command = Command::new("/usr/bin/train-head");
        command.args(["run", "--label-column=it's", "--out", "a b"]);
        assert_eq!(words(&command), "train-head run '--label-column=it'\\''s' --out 'a b'");
    }
}
