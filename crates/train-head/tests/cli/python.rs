//! The head in Python: the snippets of docs/cli.md as they stand, against `predict`.
//!
//! They need numpy and safetensors. Where Python lacks them the test says so and ends; under `CI` it fails.

use std::path::Path;
use std::process::Command;

use crate::hidden_layer::corners;
use crate::targets::patients;
use crate::util::{Dir, finished, table, table_of_three};

/// The snippets that need no encoder: how a head is read, and how a table becomes features.
fn snippets() -> String {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md")).unwrap();
    let all: Vec<&str> =
        page.split("```python\n").skip(1).map(|part| part.split("```").next().unwrap()).collect();
    let wanted: Vec<&str> =
        all.iter().filter(|snippet| !snippet.contains("sentence_transformers")).copied().collect();
    assert_eq!((all.len(), wanted.len()), (3, 2));
    wanted.concat()
}

fn has_libraries() -> bool {
    let found = Command::new("python3").args(["-c", "import numpy, safetensors"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "python3 lacks numpy or safetensors");
    found
}

/// Runs the snippets beside `out/` and `new.csv`, and compares them with the predictions of the program.
fn compare(dir: &Dir, what: &str) {
    dir.ok("predict --head out --features new.csv --out predictions.csv --overwrite");
    let more = "print(json.dumps(predict(x).tolist()))\nprint(json.dumps(called(predict(x))))\n";
    dir.write("head.py", snippets() + more);
    let output = Command::new("python3").arg("head.py").current_dir(dir.path("")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = said.lines().collect();
    let numbers: Vec<Vec<f64>> = serde_json::from_str(lines[lines.len() - 2]).unwrap();
    let called: Vec<serde_json::Value> = serde_json::from_str(lines[lines.len() - 1]).unwrap();

    let text = String::from_utf8(dir.read("predictions.csv")).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|found| *found == name);
    assert_eq!(text.lines().count(), numbers.len() + 1, "{what}");
    for (line, (numbers, called)) in text.lines().skip(1).zip(numbers.iter().zip(&called)) {
        let fields: Vec<&str> = line.split(',').collect();
        // numbers stand last but for the secrecy, probabilities behind what is predicted
        let end = place("secrecy").unwrap();
        let first = place("predicted").map_or(end - numbers.len(), |at| at + 1);
        let ours: Vec<f64> = fields[first..end].iter().map(|field| field.parse().unwrap()).collect();
        // of two classes the table has the probability of the second
        let theirs = if place("probability").is_some() { &numbers[1..] } else { &numbers[..] };
        assert_eq!(ours.len(), theirs.len(), "{what}: {line}");
        for (a, b) in ours.iter().zip(theirs) {
            // the table has six digits of a probability, and nine of a number
            assert!((a - b).abs() <= 1e-5 * (1.0 + a.abs()), "{what}: {a} against {b}");
        }
        if let Some(at) = place("predicted") {
            let name = match called {
                serde_json::Value::Array(names) => {
                    names.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(";")
                }
                name => name.as_str().unwrap().to_owned(),
            };
            assert_eq!(fields[at], name, "{what}: {line}");
        }
    }
}

#[test]
fn every_kind_of_head_says_the_same_in_python() {
    if !has_libraries() {
        eprintln!("skipped: python3 lacks numpy or safetensors (pip install numpy safetensors)");
        return;
    }
    let fast = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3";
    let drop = |labels: &str| {
        let all = ["cost", "days", "fever", "cough", "findings", "grade"];
        all.into_iter().filter(|name| !labels.contains(name)).collect::<Vec<_>>().join(",")
    };
    let dir = Dir::new();
    // two classes, as `decrypt` exports them
    std::fs::create_dir(dir.path("out")).unwrap();
    for name in ["head.json", "head.safetensors"] {
        dir.write(&format!("out/{name}"), finished().read(&format!("head/{name}")));
    }
    dir.write("new.csv", finished().read("table.csv"));
    compare(&dir, "logistic");
    let run = |what: &str, data: String, flags: &str| {
        dir.write("new.csv", data);
        dir.ok(&format!("run --features new.csv --out out --overwrite {flags}"));
        let link = dir.json("out/head.json")["link"].clone();
        assert!(what.starts_with(link.as_str().unwrap()), "{what}: {link}");
        compare(&dir, what);
    };
    run("logistic with a threshold", table(160), &format!("{fast} --threshold specificity=0.9"));
    run("one-vs-rest", table_of_three(120), &format!("--head ovr {fast}"));
    run("softmax", table_of_three(120), "--head softmax --preset n14-l8 --max-iter 2");
    let flags = format!("--head ordinal --label-column grade --drop {} {fast}", drop("grade"));
    run("ordinal", patients(160), &flags);
    let flags =
        format!("--label-column fever,cough --drop {} {fast} --threshold youden", drop("fever,cough"));
    run("multi-label", patients(240), &flags);
    let flags = format!(
        "--head ridge --label-column cost,days --drop {} --preset n14-l8 --max-iter 2",
        drop("cost,days")
    );
    run("identity", patients(160), &flags);
    let hidden = "--head mlp --hidden-layer-sizes 8 --max-iter 2 --preset n15-l18 --activation gelu";
    run("softmax of a hidden layer", corners(90, 3), hidden);
    run("logistic of a hidden layer", corners(90, 2), hidden);
}
