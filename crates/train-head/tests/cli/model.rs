//! Texts and the encoder.

use std::path::PathBuf;

use crate::util::{Dir, Said};

/// Texts of two kinds.
fn texts(rows: usize) -> String {
    let sick = [
        "Biopsy shows invasive carcinoma.",
        "New lung mass, suspicious for malignancy.",
        "Metastatic lesions in the liver.",
    ];
    let well = ["No evidence of malignancy.", "Routine visit, feels fine.", "Sprained ankle, no fracture."];
    let mut text = "text,label\n".to_owned();
    for i in 0..rows {
        let (kind, label) = if i % 2 == 0 { (&sick, 1) } else { (&well, 0) };
        text += &format!("\"{} Visit {i}, room {}.\",{label}\n", kind[i / 2 % 3], i * 7 % 13);
    }
    text
}

/// The encoder that the workspace's tests use. `cargo xtask test` fetches it.
fn encoder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-MiniLM-L6-v2"));
    assert!(
        folder.join("model.safetensors").exists(),
        "{} does not hold the text encoder: run `cargo xtask fetch-model`",
        folder.display()
    );
    folder
}

#[test]
fn a_missing_model() {
    let dir = Dir::new();
    dir.write("notes.csv", texts(40));
    let line = "run --input notes.csv --text-column text --label-column label --out out --model-id";
    dir.refused(&format!("{line} nowhere/at/all"), 3, &["no model 'nowhere/at/all'", "--model-id"]);
    dir.refused(&format!("{line} some/model"), 3, &["no model 'some/model'", "the hub's cache"]);
    std::fs::create_dir(dir.path("empty")).unwrap();
    dir.refused(&format!("{line} empty"), 3, &["empty"]);
    dir.refused(
        "embed --input notes.csv --model-id some/model --out x.safetensors",
        3,
        &["no model 'some/model'"],
    );
}

#[test]
fn an_unknown_text_column() {
    let dir = Dir::new();
    dir.write("notes.csv", texts(40));
    let line =
        "run --input notes.csv --text-column notes --label-column label --model-id some/model --out out";
    dir.refused(line, 3, &["no column \"notes\"; the columns are \"text\", \"label\""]);
    let line =
        "run --input notes.csv --text-column label --label-column label --model-id some/model --out out";
    dir.refused(line, 2, &["cannot hold both"]);
}

#[test]
fn texts_all_the_way() {
    let encoder = encoder();
    let dir = Dir::new();
    dir.write("train.csv", texts(60)).write("test.csv", texts(30));
    let model = encoder.display();
    let fast = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3";
    let Said { stdout, .. } = dir.ok(&format!(
        "run --input train.csv --test-input test.csv --text-column text --label-column label --model-id {model} --out out {fast}"
    ));
    assert!(stdout.contains("384 features"), "{stdout}");
    let report = dir.json("out/report.json");
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.95, "{report}");
    let head = dir.json("out/head.json");
    assert_eq!(head["encoder"]["weights_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(head["encoder"]["pooling"], serde_json::json!(["mean"]));

    // the head embeds new texts by itself, with labels or without
    dir.ok("eval --head out --input test.csv");
    dir.write("new.jsonl", "{\"text\": \"Carcinoma of the breast.\"}\n{\"text\": \"All is well.\"}\n");
    dir.ok("predict --head out --input new.jsonl --out new.csv");
    assert_eq!(String::from_utf8(dir.read("new.csv")).unwrap().lines().count(), 3);

    // embeddings in a file are as good as texts, as long as the encoder is the same
    dir.ok(&format!("embed --input test.csv --model-id {model} --out test.safetensors"));
    dir.ok(&format!("embed --input test.csv --model-id {model} --out test.npy"));
    let from_texts = dir.ok("eval --head out --input test.csv --json").json();
    assert_eq!(dir.ok("eval --head out --features test.safetensors --json").json(), from_texts);
    dir.ok("predict --head out --features test.npy --out from-npy.csv");
    dir.ok(&format!("embed --input test.csv --model-id {model} --max-seq-length 4 --out short.safetensors"));
    dir.refused("eval --head out --features short.safetensors", 3, &["another encoder: max_seq_length"]);
    let embedded = dir
        .ok(&format!("embed --input test.csv --model-id {model} --pooling cls --out cls.safetensors --json"));
    assert_eq!(embedded.json()["encoder"]["pooling"], serde_json::json!(["cls"]));
    dir.refused("eval --head out --features cls.safetensors", 3, &["another encoder: pooling"]);
}
