//! Texts and the encoder.

use std::path::PathBuf;

use crate::util::{Dir, FAST, Said};

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

    // what was embedded before is not embedded again, and nothing changes by that; another way to embed is another embedding
    let again = format!(
        "run --input train.csv --test-input test.csv --model-id {model} --out out {fast} --overwrite"
    );
    let said = dir.ok(&again).stderr;
    assert!(said.contains("60 of 60 texts were embedded before") && said.contains("30 of 30"), "{said}");
    assert_eq!(dir.json("out/report.json")["plain"], report["plain"]);
    let said = dir.ok(&format!("{} --pooling cls", again.replace("--out out", "--out other"))).stderr;
    assert!(!said.contains("embedded before"), "{said}");
    std::fs::copy(
        dir.path("out/client/embeddings.safetensors"),
        dir.path("other/client/embeddings.safetensors"),
    )
    .unwrap();
    let said = dir.ok(&format!("{} --pooling cls", again.replace("--out out", "--out other"))).stderr;
    assert!(!said.contains("embedded before"), "{said}");

    // the head embeds new texts by itself, with labels or without
    dir.ok("eval --head out --input test.csv");
    dir.write("new.jsonl", "{\"text\": \"Carcinoma of the breast.\"}\n{\"text\": \"All is well.\"}\n");
    dir.ok("predict --head out --input new.jsonl --out new.csv");
    assert_eq!(String::from_utf8(dir.read("new.csv")).unwrap().lines().count(), 3);

    // embeddings in a file are as good as texts, as long as the encoder is the same
    dir.ok(&format!("embed --input test.csv --model-id {model} --out test.safetensors"));
    dir.ok(&format!("embed --input test.csv --model-id {model} --out test.npy"));
    let from_texts = dir.ok("eval --head out --input test.csv --json").json();
    let from_file = dir.ok("eval --head out --features test.safetensors --json").json();
    assert_eq!(from_file["metrics"], from_texts["metrics"]);
    dir.ok("predict --head out --features test.npy --out from-npy.csv");
    dir.ok(&format!("embed --input test.csv --model-id {model} --max-seq-length 4 --out short.safetensors"));
    dir.refused("eval --head out --features short.safetensors", 3, &["another encoder: max_seq_length"]);
    let embedded = dir
        .ok(&format!("embed --input test.csv --model-id {model} --pooling cls --out cls.safetensors --json"));
    assert_eq!(embedded.json()["encoder"]["pooling"], serde_json::json!(["cls"]));
    dir.refused("eval --head out --features cls.safetensors", 3, &["another encoder: pooling"]);
}

#[test]
fn long_texts_are_counted_and_embedded_as_asked() {
    let encoder = encoder();
    let model = encoder.display();
    let dir = Dir::new();
    let long = "The patient came back with the same complaints as before. ".repeat(40);
    dir.write("notes.csv", format!("{}\"{long}\",1\n\"{long}\",0\n", texts(58)));
    let embed = |name: &str, flags: &str| {
        let line = format!("embed --input notes.csv --model-id {model} --out {name} --json {flags}");
        let said = dir.ok(&line);
        assert_eq!(said.json()["long_texts"], 2, "{}", said.stdout);
        assert!(said.stderr.contains("2 of 60 texts have more than the 256 tokens"), "{}", said.stderr);
        said
    };
    let by_default = embed("mean.safetensors", "");
    assert_eq!(by_default.json()["encoder"]["long_text"], "mean");
    assert!(embed("cut.safetensors", "--long-text truncate").stderr.contains("warning: 2 of 60"));
    embed("ends.safetensors", "--long-text head-tail");

    // plan, head and embeddings know it
    dir.ok(&format!("estimate --features cut.safetensors --out plan.json {FAST}"));
    assert_eq!(dir.json("plan.json")["encoder"]["long_text"], "truncate");
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    let encrypt = "encrypt --plan plan.json --keys keys --out data.enc --features";
    dir.refused(&format!("{encrypt} ends.safetensors"), 3, &["long_text should be Truncate, found HeadTail"]);
    let line = "run --text-column text --label-column label --out out --long-text head-tail";
    dir.ok(&format!("{line} --input notes.csv --test-input notes.csv --model-id {model} {FAST}"));
    let report = dir.json("out/report.json");
    assert_eq!((&report["long_texts"], &report["long_test_texts"]), (&2.into(), &2.into()));
    assert_eq!(dir.json("out/head.json")["encoder"]["long_text"], "head-tail");
    let from_texts = dir.ok("eval --head out --input notes.csv --json").json();
    assert_eq!(from_texts["long_texts"], 2);
    let from_file = dir.ok("eval --head out --features ends.safetensors --json").json();
    assert_eq!(from_file["metrics"], from_texts["metrics"]);
    dir.refused("eval --head out --features mean.safetensors", 3, &["another encoder: long_text"]);
}

#[test]
fn numbers_of_the_encoder_are_kept_with_the_head() {
    let encoder = encoder();
    let model = encoder.display();
    let dir = Dir::new();
    dir.write("notes.csv", texts(60));
    let embed = |name: &str| {
        dir.ok(&format!("embed --input notes.csv --model-id {model} --dtype {name} --out {name}.npy --json"))
            .json()
    };
    for name in ["float32", "bfloat16"] {
        assert_eq!(embed(name)["encoder"]["dtype"], name);
    }
    // which one `auto` is depends on the processor
    let auto = embed("auto")["encoder"]["dtype"].as_str().unwrap().to_owned();
    assert_eq!(dir.read("auto.npy"), dir.read(&format!("{auto}.npy")));
    assert_ne!(dir.read("float32.npy"), dir.read("bfloat16.npy"));

    let line =
        "run --text-column text --label-column label --input notes.csv --test-input notes.csv --out out";
    dir.ok(&format!("{line} --dtype bfloat16 --model-id {model} {FAST}"));
    assert_eq!(dir.json("out/head.json")["encoder"]["dtype"], "bfloat16");
    let metrics = |flags: &str| dir.ok(&format!("eval --head out --json {flags}")).json()["metrics"].clone();
    dir.ok(&format!("embed --input notes.csv --model-id {model} --dtype bfloat16 --out notes.safetensors"));
    assert_eq!(metrics("--input notes.csv"), metrics("--features notes.safetensors"));
    // the other kind is near enough to be let in
    dir.ok(&format!("embed --input notes.csv --model-id {model} --dtype float32 --out other.safetensors"));
    assert_eq!(metrics("--features other.safetensors")["accuracy"], metrics("--input notes.csv")["accuracy"]);
    // embeddings of another kind are not taken for those that are asked for
    let again = dir.ok(&format!("{line} --overwrite --dtype float32 --model-id {model} {FAST}"));
    assert!(!again.stderr.contains("were embedded before"), "{}", again.stderr);
    assert_eq!(dir.json("out/head.json")["encoder"]["dtype"], "float32");
    let again = dir.ok(&format!("{line} --overwrite --dtype float32 --model-id {model} {FAST}"));
    assert!(again.stderr.contains("were embedded before"), "{}", again.stderr);
}

#[test]
fn a_device_that_the_program_was_not_built_for() {
    let dir = Dir::new();
    dir.write("notes.csv", texts(4));
    let model = encoder();
    let line = format!("embed --input notes.csv --model-id {} --device cuda --out x.npy", model.display());
    dir.refused(&line, 2, &["option device: expected cpu for models of the family bert, found cuda"]);
}

#[test]
fn a_token_without_an_embedding() {
    let dir = Dir::new();
    std::fs::create_dir_all(dir.path("model/1_Pooling")).unwrap();
    let golden =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../text-encoder/tests/golden/tiny-tokens"));
    for file in
        ["config.json", "model.safetensors", "modules.json", "tokenizer.json", "1_Pooling/config.json"]
    {
        std::fs::copy(golden.join(file), dir.path("model").join(file)).unwrap();
    }
    let more: Vec<String> = (0..9).map(|i| format!("\"<{i}>\": {}", 105 + i)).collect();
    dir.write("model/added_tokens.json", format!("{{{}}}", more.join(", ")));
    dir.write("notes.csv", format!("text\n{}no <8> mass\n", "no mass <7>\n".repeat(2050)));
    let line = "embed --input notes.csv --model-id model --out x.safetensors";
    let said = dir.run(line);
    assert_eq!(said.code, 3, "{}", said.stderr);
    for words in ["text 2050: token '<8>' has id 113", "ids below 113"] {
        assert!(said.stderr.contains(words), "{words} is not in:\n{}", said.stderr);
    }
    // what was embedded before is kept for when the text is mended
    assert!(!dir.path("x.safetensors").exists() && dir.path("x.safetensors.resumable.partial").exists());
}

#[test]
fn identifiers_reach_the_predictions_through_embeddings() {
    let model = encoder();
    let model = model.display();
    let dir = Dir::new();
    let mut notes = "patient,text,label,room\n".to_owned();
    for (i, line) in texts(40).lines().skip(1).enumerate() {
        notes += &format!("p{},{line},{}\n", i / 2, i % 3);
    }
    dir.write("notes.csv", notes);
    let embed = format!("embed --input notes.csv --text-column text --label-column label --model-id {model}");
    dir.ok(&format!("{embed} --id-column patient --keep-columns room --out e.safetensors"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path("e.safetensors")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    dir.refused(&format!("{embed} --id-column patient --out e.npy"), 2, &["--id-column", "numbers alone"]);

    // kept columns go through by themselves, and serve as groups
    dir.ok(&format!("run --features e.safetensors --group-column patient --out out {FAST}"));
    let header = |file: &str| String::from_utf8(dir.read(file)).unwrap().lines().next().unwrap().to_owned();
    assert!(
        header("out/predictions.csv").starts_with("sample,patient,room,label,"),
        "{}",
        header("out/predictions.csv")
    );
    dir.ok("predict --head out --features e.safetensors --id-column patient --out p.csv");
    assert!(header("p.csv").starts_with("sample,patient,label,"), "{}", header("p.csv"));
    let line = "predict --head out --features e.safetensors --id-column ward --out q.csv";
    dir.refused(line, 2, &["--id-column ward", "keeps no such column", "train-head embed"]);

    // the head knows where its encoder is, wherever it is used
    let source = dir.json("out/head.json")["encoder"]["source"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&source).is_absolute(), "{source}");
    dir.reseal("out/head.json", &|head| head["encoder"]["source"] = "/nowhere/model".into());
    let line = "predict --head out --input notes.csv --text-column text --out q.csv";
    dir.refused(line, 3, &["encoder is not in /nowhere/model", "--model-id", "SHA-256"]);
    dir.ok(&format!("{line} --model-id {model}"));
}

/// An interrupted embedding keeps what is done, for its owner alone, and goes on to the same file.
#[cfg(unix)]
#[test]
fn embeddings_that_were_made_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    const PARTIAL: &str = "x.safetensors.resumable.partial";
    let dir = Dir::new();
    let rows =
        (0..2100).map(|i| format!("\"{} {i}\",{}\n", ["pain", "well"][i % 2], i % 2)).collect::<String>();
    dir.write("notes.csv", format!("text,label\n{rows}"));
    let line = format!(
        "embed --input notes.csv --text-column text --model-id {} --out x.safetensors",
        encoder().display()
    );
    let running = dir.start(&line);
    while !dir.path(PARTIAL).metadata().is_ok_and(|found| found.len() > 1 << 20) {
        assert!(!dir.path("x.safetensors").exists(), "it was over before it was killed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    running.signal("-KILL");
    assert_eq!(running.end().code, -1);
    assert_eq!(dir.path(PARTIAL).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    dir.refused(&line, 2, &["what an interrupted command had embedded", "--resume continues it"]);
    let said = dir.ok(&format!("{line} --resume"));
    assert!(said.stderr.contains(" of 2100 texts were embedded before"), "{}", said.stderr);
    assert!(!dir.path(PARTIAL).exists());
    let resumed = dir.read("x.safetensors");
    dir.ok(&format!("{line} --overwrite"));
    assert_eq!(dir.read("x.safetensors"), resumed);
}
