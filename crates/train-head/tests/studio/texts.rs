//! Texts, and a server: what the page offers beside columns on this machine.

use serde_json::{Value, json};

use crate::path::{begin, choices, table};
use crate::server::Server;
use crate::site::Studio;
use crate::util::{self, Dir};

#[test]
fn texts_are_counted_embedded_once_and_shown_to_their_owner_alone() {
    let encoder =
        std::path::absolute(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-MiniLM-L6-v2")).unwrap();
    assert!(encoder.join("model.safetensors").exists(), "run `cargo xtask fetch-model`");
    let dir = Dir::new();
    let kinds = ["well, no hydronephrosis", "ill, a new mass"];
    let rows: String = (0..60)
        .map(|at| {
            let long = if at == 7 { "and so on ".repeat(200) } else { String::new() };
            format!(
                "\"Canary Smith is {}, room {at} on this ward {long}\",{}\n",
                kinds[at % 2],
                ["ok", "bad"][at % 2]
            )
        })
        .collect();
    let studio = Studio::new(&dir);
    let (id, look) = studio.upload("notes.csv", format!("note,state\n{rows}").as_bytes());
    assert_eq!(
        (look["text"].as_str(), look["columns"][0]["kind"].as_str()),
        (Some("note"), Some("text")),
        "{look}"
    );
    assert_eq!(look["columns"][1]["labels"]["different"], 2);
    let found = studio.ok(
        "GET",
        &format!("api/data/{id}/texts?column=note&encoder={}", encoder.display()),
        &Value::Null,
    );
    assert_eq!((found["long"].as_u64(), found["texts"].as_u64()), (Some(1), Some(60)));
    for wrong in
        ["column=none&encoder=x/y", "column=note&encoder=/etc", "column=note&encoder=../..", "column=note"]
    {
        let said = studio.ask("GET", &format!("api/data/{id}/texts?{wrong}"), b"").status;
        assert!([400, 422].contains(&said), "{wrong}: {said}");
    }

    let asked = json!({ "data": id, "label": "state", "learn": { "texts": { "column": "note", "encoder": encoder } }, "publish": true });
    let estimated = studio.wait(&begin(&studio, "estimates", &asked));
    assert_eq!(
        (estimated["state"].as_str(), estimated["long_texts"].as_u64()),
        (Some("done"), Some(1)),
        "{estimated}"
    );
    assert_eq!(estimated["result"]["features"], 384);
    let embedded = || {
        let found = dir
            .list()
            .into_iter()
            .find(|name| name.ends_with(".safetensors") && name.contains("embeddings-"));
        std::fs::metadata(dir.path(&found.unwrap())).unwrap().modified().unwrap()
    };
    let before = embedded();
    let run = begin(&studio, "runs", &asked);
    let done = studio.wait(&run);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(embedded(), before, "texts are embedded once");
    assert_eq!(done["published"], true);
    assert!(
        done["result"]["accuracy"]["low"].as_f64() < done["result"]["accuracy"]["high"].as_f64(),
        "{done}"
    );

    let rows = studio.ask("GET", &format!("api/work/{run}/rows"), b"").text();
    assert!(rows.contains("Canary Smith"), "{rows}");
    for page in ["report", "files/report.html", "files/published-report.html"] {
        let page = studio.ask("GET", &format!("api/work/{run}/{page}"), b"").text().to_lowercase();
        assert!(page.contains("confusion matrix"));
        for word in ["canary", "smith", "hydronephrosis", "room 1", "notes.csv", "minilm"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn a_server_trains_and_amounts_are_predicted() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    let studio = Studio::new(&dir);
    let known = studio.ok("GET", "api/start", &Value::Null)["servers"].clone();
    assert_eq!(known, json!([{ "name": "here", "url": format!("https://{}", server.address) }]));
    let (id, _) = studio.upload("table.csv", util::table(200).as_bytes());
    let mut asked = choices(&id, "label", &[]);
    asked["server"] = json!("here");
    let done = studio.wait(&begin(&studio, "runs", &asked));
    assert_eq!(
        (done["state"].as_str(), done["result"]["on_server"].as_bool()),
        (Some("done"), Some(true)),
        "{done}"
    );
    let phases = done["steps"][0]["phases"].to_string();
    assert!(phases.contains("upload") && phases.contains("fetch") && phases.contains("train"), "{phases}");
    assert_eq!(server.ok("remote status")["jobs"].as_array().map(Vec::len), Some(1));

    let (id, look) = studio.upload("breast.csv", &table("breast-cancer/breast_cancer.csv"));
    assert_eq!(look["columns"][0]["labels"]["kind"], "numbers", "{look}");
    let estimated = studio.wait(&begin(&studio, "estimates", &choices(&id, "mean_radius", &["label"])));
    assert!(estimated["result"]["expected"]["ridge_regression"]["r2"].as_f64() > Some(0.9), "{estimated}");
}
