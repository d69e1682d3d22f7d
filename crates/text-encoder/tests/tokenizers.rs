//! Tokenizer files that disagree: token ids and embeddings equal to those of transformers (see golden/make_tokenizers.py).
#![allow(clippy::unwrap_used)]

mod common;

use common::{agreement, copy, golden, load};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use text_encoder::Error;

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Files to write into a copy of the model, or to remove.
    files: BTreeMap<String, Option<Value>>,
    ids: Vec<Vec<u32>>,
    embeddings: Vec<Vec<f32>>,
}

/// A copy of the model with the case's files.
fn model(case: &Case) -> tempfile::TempDir {
    let folder = copy("tiny-tokens");
    for (name, content) in &case.files {
        let path = folder.path().join(name);
        match content {
            Some(Value::String(text)) => std::fs::write(path, text).unwrap(),
            Some(json) => std::fs::write(path, json.to_string()).unwrap(),
            None => _ = std::fs::remove_file(path),
        }
    }
    folder
}

fn read() -> Golden {
    serde_json::from_slice(&std::fs::read(golden("tokenizers.json")).unwrap()).unwrap()
}

#[test]
fn every_case_equals_transformers() {
    let Golden { texts, cases } = read();
    assert!(cases.len() > 20);
    for case in &cases {
        let folder = model(case);
        let encoder = load(folder.path()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let tokens = encoder.tokenize(&texts).unwrap();
        let embeddings = encoder.embed(&tokens, |_| {}).unwrap();
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(tokens.windows(i)[0], case.ids[i], "{}: {text}", case.name);
            let (cosine, _) = agreement(embeddings.row(i), &case.embeddings[i]);
            assert!(cosine > 1.0 - 1e-6, "{}: {text}: cosine {cosine}", case.name);
            for (a, b) in embeddings.row(i).iter().zip(&case.embeddings[i]) {
                assert!((a - b).abs() <= 1e-5, "{}: {text}: {a} and {b}", case.name);
            }
        }
    }
}

#[test]
fn a_token_beyond_the_embeddings_is_named() {
    let Golden { cases, .. } = read();
    let folder = model(cases.iter().find(|case| case.name == "added_tokens.json for any class").unwrap());
    let more: BTreeMap<String, u32> = (0..9).map(|i| (format!("<{i}>"), 105 + i)).collect();
    std::fs::write(folder.path().join("added_tokens.json"), serde_json::to_string(&more).unwrap()).unwrap();
    let encoder = load(folder.path()).unwrap();
    encoder.encode(&["no <7>"], |_| {}).unwrap();
    let error = encoder.encode(&["no", "no <8> mass"], |_| {}).unwrap_err();
    assert!(matches!(error, Error::Vocabulary { index: 1, id: 113, rows: 113, .. }), "{error}");
    assert!(error.to_string().contains("token '<8>'"), "{error}");
    // cut off, it does no harm
    encoder.encode(&["no ".repeat(80) + "<8>"], |_| {}).unwrap();
}
