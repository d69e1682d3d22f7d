//! The main path: a table, an estimate, a run, its result; stopped, killed and continued.

use serde_json::{Value, json};

use crate::site::Studio;
use crate::util::Dir;

/// The table of the project with this name.
pub(crate) fn table(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What the page asks for, for columns of a table.
pub(crate) fn choices(data: &str, label: &str, dropped: &[&str]) -> Value {
    json!({ "data": data, "label": label, "learn": { "columns": { "dropped": dropped } } })
}

pub(crate) fn begin(studio: &Studio<'_>, what: &str, choices: &Value) -> String {
    studio.ok("POST", &format!("api/{what}"), choices)["id"].as_str().unwrap().to_owned()
}

#[test]
fn from_a_table_to_a_head_and_its_report() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let page = studio.ask("GET", "", b"");
    assert!(page.text().contains("train-head studio"), "{page:?}");
    for file in ["studio.js", "ask.js", "choose.js", "progress.js", "result.js", "studio.css", "report.css"] {
        assert_eq!(studio.ask("GET", file, b"").status, 200, "{file}");
    }
    let (id, look) = studio.upload("iris.csv", &table("iris/iris.csv"));
    assert_eq!((look["rows"].as_u64(), look["label"].as_str()), (Some(150), Some("label")));
    let column = |name: &str| {
        look["columns"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(column("label")["labels"]["counts"][0][1], 50);
    assert_eq!(
        (column("petal width (cm)")["kind"].as_str(), column("petal width (cm)")["missing"].as_u64()),
        (Some("numeric"), Some(0))
    );

    let choices = choices(&id, "label", &["sepal width (cm)"]);
    let estimated = studio.wait(&begin(&studio, "estimates", &choices));
    assert_eq!(estimated["state"], "done", "{estimated}");
    let plan = &estimated["result"];
    assert_eq!((plan["samples"].as_u64(), plan["features"].as_u64()), (Some(150), Some(3)));
    assert!(
        plan["bytes"]["keys"].as_u64() > Some(0) && plan["seconds_one_core"].as_f64() > Some(0.0),
        "{plan}"
    );
    let accuracy = |who: &str| plan["expected"][who]["accuracy"].as_f64().unwrap();
    assert!(accuracy("training") > 0.8 && accuracy("logistic_regression") > 0.8, "{plan}");

    let run = begin(&studio, "runs", &choices);
    // one at a time
    assert_eq!(studio.ask("POST", "api/runs", choices.to_string().as_bytes()).status, 409);
    assert_eq!(studio.ask("DELETE", &format!("api/work/{run}"), b"").status, 409);
    let done = studio.wait(&run);
    assert_eq!(done["state"], "done", "{done}");
    let phases: Vec<&str> = done["steps"][0]["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase["phase"].as_str().unwrap())
        .collect();
    for phase in ["keygen", "encrypt", "train", "evaluate"] {
        assert!(phases.contains(&phase), "{phases:?}");
    }
    assert!(done["result"]["encrypted"]["accuracy"].as_f64() > Some(0.8), "{done}");
    assert!(done["steps"][0]["command"].as_str().unwrap().starts_with("train-head --json"), "{done}");

    let report = studio.ask("GET", &format!("api/work/{run}/report"), b"").text();
    for part in [
        "Confusion matrix",
        "figure-roc",
        "figure-precision-recall",
        "figure-calibration",
        "figure-learning",
        "Against plain training",
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert!(
        !report.contains("style=") && !report.contains("<script"),
        "a page with a strict policy shows it"
    );
    let rows = studio.ok("GET", &format!("api/work/{run}/rows"), &Value::Null);
    let least = &rows["unsure"][0];
    assert!(
        least["sureness"].as_f64() < Some(1.0) && least["cells"].as_array().unwrap().len() == 5,
        "{rows}"
    );
    let saved = studio.ask("GET", &format!("api/work/{run}/files/report.html"), b"");
    assert!(saved.head.contains("attachment") && saved.text().starts_with("<!doctype html>"));
    assert!(!saved.text().contains("sepal"), "a report names no column");
    let view = studio.ask("GET", &format!("api/work/{run}/files/view-report.html"), b"");
    assert!(view.head.contains("sandbox") && !view.head.contains("attachment"), "{}", view.head);
    for file in ["head.safetensors", "head.json", "predictions.csv"] {
        assert_eq!(studio.ask("GET", &format!("api/work/{run}/files/{file}"), b"").status, 200, "{file}");
    }
    let all = studio.ok("GET", "api/runs", &Value::Null);
    assert_eq!((all[0]["id"].as_str(), all[0]["state"].as_str()), (Some(run.as_str()), Some("done")));
    assert_eq!(studio.ask("DELETE", &format!("api/work/{run}"), b"").status, 204);
    assert_eq!(studio.ok("GET", "api/runs", &Value::Null), json!([]));
}

#[test]
fn a_run_that_was_stopped_or_killed_is_continued() {
    let dir = Dir::new();
    let mut studio = Studio::new(&dir);
    let (id, _) = studio.upload("breast.csv", &table("breast-cancer/breast_cancer.csv"));
    let run = begin(&studio, "runs", &choices(&id, "label", &[]));
    let training = |work: &Value| {
        let phases = work["steps"][0]["phases"].as_array().unwrap();
        phases.iter().any(|phase| phase["phase"] == "train") || work["state"] != "running"
    };
    studio.until(&run, training);
    studio.ok("POST", &format!("api/work/{run}/cancel"), &Value::Null);
    let stopped = studio.wait(&run);
    assert_eq!(stopped["state"], "stopped", "{stopped}");

    // continued, and the studio killed: the process goes on, and the next studio takes it up
    studio.ok("POST", &format!("api/work/{run}/resume"), &Value::Null);
    studio.until(&run, training);
    studio.kill_and_start();
    let done = studio.wait(&run);
    assert_eq!(done["state"], "done", "{done}");

    // the studio is asked to stop in the middle: so is the training, and it is continued afterwards
    let run = begin(&studio, "runs", &choices(&id, "label", &[]));
    studio.until(&run, training);
    assert_eq!(studio.stop(), Some(0));
    let studio = Studio::new(&dir);
    let found = studio.wait(&run);
    if found["state"] == "stopped" {
        studio.ok("POST", &format!("api/work/{run}/resume"), &Value::Null);
    }
    assert_eq!(studio.wait(&run)["state"], "done");
    assert_eq!(studio.ok("GET", "api/runs", &Value::Null).as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_trained_on_is_said_in_words() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let said = studio.ask("POST", "api/data?name=notes.docx", b"x");
    assert!(said.status == 422 && said.json()["help"].as_str().unwrap().contains(".csv"), "{said:?}");
    assert_eq!(studio.ask("POST", "api/data?name=a.csv", b"").status, 422);
    let id = studio.ask("POST", "api/data?name=a.parquet", b"no parquet").json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = studio.ask("GET", &format!("api/data/{id}"), b"");
    assert_eq!(said.status, 422, "{said:?}");
    assert!(said.json()["message"].as_str().is_some_and(|message| !message.is_empty()));
    // it was never looked at
    assert_eq!(studio.ask("POST", "api/runs", choices(&id, "label", &[]).to_string().as_bytes()).status, 409);

    let (id, _) = studio.upload("few.csv", b"a,label\n1,x\n2,y\n");
    let failed = studio.wait(&begin(&studio, "runs", &choices(&id, "label", &[])));
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["problem"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{failed}");
    for (change, value) in [
        ("label", json!("none")),
        ("learn", json!({ "columns": { "dropped": ["none"] } })),
        ("learn", json!({ "texts": { "column": "a", "encoder": "/etc" } })),
        ("learn", json!({ "texts": { "column": "a", "encoder": "../../etc/passwd" } })),
        ("learn", json!({ "texts": { "column": "label", "encoder": "x/y" } })),
        ("server", json!("none")),
        ("server", json!("--out=/tmp/x")),
        ("test_share", json!(1.0)),
        ("unknown", json!(1)),
    ] {
        let mut asked = choices(&id, "label", &[]);
        asked[change] = value;
        let said = studio.ask("POST", "api/runs", asked.to_string().as_bytes());
        assert_eq!(said.status, 422, "{asked}: {said:?}");
    }
}
