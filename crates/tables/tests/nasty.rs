//! The exports in `data/nasty`, as programs write them: each is used rightly, or refused with the right words. None is used wrongly
//! without a word.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tables::{Input, LabelKind, LabelOptions, Overrides, ReadOptions, Recipe, Result, labels, read};

/// `expected.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: Vec<Case>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    source: String,
    outcome: Outcome,
    label: Option<String>,
    /// `classes` if not given, else `sets` or `numbers`.
    label_kind: Option<String>,
    classes: Option<usize>,
    /// Kinds of all columns but the label.
    #[serde(default)]
    kinds: BTreeMap<String, String>,
    features: Option<usize>,
    /// Features of the first row.
    #[serde(default)]
    first: BTreeMap<String, f64>,
    /// Parts of the refusal.
    #[serde(default)]
    message: Vec<String>,
    /// Parts of what is said about a table that is used.
    #[serde(default)]
    notes: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/nasty")
}

/// What was found out about a table that is used.
struct Used {
    kinds: BTreeMap<String, String>,
    first: HashMap<String, f64>,
    label_kind: Option<LabelKind>,
    classes: usize,
    said: String,
}

fn used(case: &Case) -> Result<Used> {
    let table = read(&Input::Path(folder().join(&case.name)), &ReadOptions::default())?;
    let exclude: Vec<&str> = case.label.as_deref().into_iter().collect();
    let column = match &case.label {
        Some(label) => Some(labels(&table, label, LabelOptions::default())?),
        None => None,
    };
    let recipe = Recipe::fit(&table, None, &exclude, &Overrides::default())?;
    let stored = serde_json::to_string(&recipe).unwrap();
    let recipe_again: Recipe = serde_json::from_str(&stored).unwrap();
    assert_eq!(recipe_again, recipe, "{}", case.name);
    let applied = recipe.apply(&table)?;
    assert!(applied.x.iter().all(|value| value.is_finite()), "{}", case.name);
    assert!(table.rows() > 0);
    let mut said: Vec<String> = table.notes().to_vec();
    said.push(recipe.describe().to_string());
    said.extend(applied.notes());
    if let Some(column) = &column {
        said.extend(column.notes.iter().cloned());
        let places: HashMap<&str, usize> =
            column.counts.iter().zip(0..).map(|((class, _), place)| (class.as_str(), place)).collect();
        let codes: Vec<Option<usize>> =
            column.values.iter().map(|value| places.get(value.as_str()).copied()).collect();
        said.extend(recipe.leaks(&table, &codes).iter().map(ToString::to_string));
    }
    let names = recipe.feature_names();
    let first = names.into_iter().zip(applied.x.row(0).to_vec()).collect();
    let kinds = recipe.describe().columns.into_iter().map(|c| (c.name, c.kind.name().to_owned())).collect();
    let label_kind = column.as_ref().map(|column| column.kind);
    let classes = column.map_or(0, |column| column.counts.len());
    Ok(Used { kinds, first, label_kind, classes, said: said.join("\n") })
}

/// What is wrong with the outcome of a case.
fn wrong(case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    let found = match (used(case), case.outcome) {
        (Ok(found), Outcome::Ok) => found,
        (Err(error), Outcome::Refused) => {
            let text = format!("{error}\n{}", error.help().unwrap_or_default());
            for part in case.message.iter().filter(|part| !text.contains(part.as_str())) {
                wrong.push(format!("the refusal lacks {part:?}: {text}"));
            }
            if text.len() > 4000 {
                wrong.push(format!("the refusal has {} bytes", text.len()));
            }
            let json = case.name.ends_with(".jsonl");
            if json && (text.contains("separator") || text.contains("double quotes")) {
                wrong.push(format!("advice for CSV: {text}"));
            }
            return wrong;
        }
        (Ok(found), Outcome::Refused) => {
            return vec![format!("not refused, but used:\n{}", found.said)];
        }
        (Err(error), Outcome::Ok) => return vec![format!("refused: {error}")],
    };
    if !case.kinds.is_empty() && case.kinds != found.kinds {
        wrong.push(format!("kinds: {:?}, expected {:?}", found.kinds, case.kinds));
    }
    if case.features.is_some_and(|features| features != found.first.len()) {
        wrong.push(format!("{} features", found.first.len()));
    }
    for (name, value) in &case.first {
        if found.first.get(name).is_none_or(|found| (found - value).abs() > 1e-9) {
            wrong.push(format!(
                "{name} is {:?} in the first row, expected {value}: {:?}",
                found.first.get(name),
                found.first
            ));
        }
    }
    if case.classes.is_some_and(|classes| classes != found.classes) {
        wrong.push(format!("{} classes", found.classes));
    }
    let kind = match found.label_kind {
        Some(LabelKind::Numbers) => "numbers",
        Some(LabelKind::MultiLabel(_)) => "sets",
        _ => "classes",
    };
    if kind != case.label_kind.as_deref().unwrap_or("classes") {
        wrong.push(format!("the labels are {kind}"));
    }
    for part in case.notes.iter().filter(|part| !found.said.contains(part.as_str())) {
        wrong.push(format!("not said: {part:?}, only:\n{}", found.said));
    }
    wrong
}

#[test]
fn every_export_is_used_rightly_or_refused_by_name() {
    let text = std::fs::read_to_string(folder().join("expected.toml")).unwrap();
    let expected: Expected = basic_toml::from_str(&text).unwrap();
    assert!(expected.file.len() >= 40);
    let mut failures = Vec::new();
    for case in &expected.file {
        for what in wrong(case) {
            failures.push(format!("{} ({}): {what}", case.name, case.source));
        }
    }
    assert!(failures.is_empty(), "{} wrong:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn good_features_are_no_leaks() {
    let file = folder().join("../breast-cancer/breast_cancer.csv");
    let table = read(&Input::Path(file), &ReadOptions::default()).unwrap();
    let column = labels(&table, "label", LabelOptions::default()).unwrap();
    let codes: Vec<Option<usize>> = column
        .values
        .iter()
        .map(|value| column.counts.iter().position(|(class, _)| class == value))
        .collect();
    let recipe = Recipe::fit(&table, None, &["label"], &Overrides::default()).unwrap();
    assert!(recipe.is_identity());
    assert_eq!(recipe.feature_names(), recipe.inputs());
    assert_eq!(recipe.features(), 30);
    assert_eq!(recipe.leaks(&table, &codes), []);
}

#[test]
fn every_file_has_an_expectation() {
    let text = std::fs::read_to_string(folder().join("expected.toml")).unwrap();
    let expected: Expected = basic_toml::from_str(&text).unwrap();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ours = ["make.py", "expected.toml", "README.md", ".gitattributes"].contains(&name.as_str());
        assert!(ours || expected.file.iter().any(|case| case.name == name), "{name}");
    }
}
