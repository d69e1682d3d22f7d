//! Exports as programs write them (`data/nasty`), by the real program: each is planned for with the right columns, or refused in the
//! right words. None is used wrongly without a word.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::util::Dir;

/// `expected.toml`.
#[derive(Deserialize)]
struct Expected {
    file: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    outcome: String,
    label: Option<String>,
    /// `classes` if not given.
    label_kind: Option<String>,
    #[serde(default)]
    kinds: BTreeMap<String, String>,
    #[serde(default)]
    message: Vec<String>,
}

/// What is wrong with the outcome of a file.
fn wrong(dir: &Dir, folder: &Path, case: &Case) -> Option<String> {
    let path = folder.join(&case.name);
    let mut command = dir.command();
    command.args([
        "estimate",
        "--json",
        "--preset",
        "n13-l3",
        "--max-iter",
        "1",
        "--sigmoid-degree",
        "3",
        "--features",
    ]);
    command.arg(&path);
    if let Some(label) = &case.label {
        command.args(["--label-column", label]);
    }
    let output = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let code = output.status.code().unwrap_or(-1);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_default();
    if stderr.contains("panicked") || json.is_null() {
        return Some(format!("code {code}, no JSON:\n{stderr}"));
    }
    let error = &json["error"];
    if case.outcome == "refused" {
        let said = error.to_string() + &stderr;
        let missing = case.message.iter().find(|part| {
            !said.contains(&serde_json::json!(part).to_string().trim_matches('"').to_owned())
                && !said.contains(*part)
        });
        return match (code, missing) {
            (2 | 3, None) if error.is_object() && stderr.len() < 8000 => None,
            _ => Some(format!("code {code}, lacks {missing:?}:\n{stderr}")),
        };
    }
    // few samples of a class, or labels that are not classes, are another matter than the columns
    let other = ["training needs at least", "needs at least", "training needs two classes", "the labels"];
    if code == 3 && (other.iter().any(|part| stderr.contains(part)) || case.label.is_none()) {
        return None;
    }
    if code != 0 {
        return Some(format!("code {code}:\n{stderr}"));
    }
    if case.label_kind.as_deref().is_some_and(|kind| kind != "classes") {
        return None;
    }
    let columns = json["columns"].as_array().cloned().unwrap_or_default();
    let found: BTreeMap<String, String> = columns
        .iter()
        .map(|column| {
            (column["name"].as_str().unwrap().to_owned(), column["kind"].as_str().unwrap().to_owned())
        })
        .collect();
    (!case.kinds.is_empty() && found != case.kinds)
        .then(|| format!("kinds {found:?}, expected {:?}", case.kinds))
}

#[test]
fn every_export_is_planned_for_or_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/nasty");
    let expected: Expected =
        toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
    assert!(expected.file.len() >= 40);
    let dir = Dir::new();
    let wrong: Vec<String> = expected
        .file
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, wrong(&dir, &folder, case)?)))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(dir.list().is_empty(), "{:?}", dir.list());
}
