//! Files that somebody made to break the program: refused with an exit code, nothing left. Checksums and seals are right, as in files of
//! a hostile party.

use ckks::serial::{NewFile, Reader, Writer};
use fhe_head::{BuiltIn, files};
use serde_json::{Value, json};

use crate::util::{Dir, FAST, copy_of_finished};

const TRAIN: &str = "train --data data.enc --keys keys/eval --out new.enc --allow-unverified";
const DECRYPT: &str = "decrypt --head head.enc --plan plan.json --keys keys --out new --allow-unverified";

/// Writes a file of ciphertexts again with other metadata.
fn forge(dir: &Dir, name: &str, change: &dyn Fn(&mut Value)) {
    let mut reader = Reader::open_any(&dir.path(name)).unwrap();
    let header = reader.header().clone();
    let parameters = ckks::presets::by_name(&header.parameter_name).unwrap();
    let mut metadata: Value = serde_json::from_slice(reader.metadata()).unwrap();
    let before = metadata.clone();
    change(&mut metadata);
    assert_ne!(metadata, before);
    let metadata = serde_json::to_vec(&metadata).unwrap();
    let (kind, key_id, items) = (header.kind, header.key_id, header.items);
    // a transcript that fits, where the job can be read at all
    let metadata = files::transcribed::<BuiltIn>(kind, &metadata).unwrap_or(metadata);
    let file = NewFile { kind, parameters: &parameters, key_id, items, metadata: &metadata };
    let mut writer = Writer::new(Vec::new(), name, file).unwrap();
    for _ in 0..items {
        writer.write_ciphertext(&reader.read_ciphertext(&parameters).unwrap()).unwrap();
    }
    dir.write(name, writer.finish().unwrap());
}

/// Numbers that no training has, by where they stand in the job.
fn impossible() -> Vec<(&'static str, Value)> {
    let far = [1u64 << 40, 1 << 62, u64::MAX];
    let mut cases: Vec<(&str, Value)> = Vec::new();
    for field in
        ["/head/logistic/outputs", "/packing/blocks", "/packing/slots", "/packing/width", "/packing/columns"]
    {
        cases.extend(far.iter().map(|&count| (field, json!(count))));
    }
    cases.push(("/packing/blocks", json!(1u64 << 36)));
    for field in ["/entry_level", "/refreshed_level", "/snapshot_level", "/score_level"] {
        cases.extend([json!(1_000_000), json!(u64::MAX)].map(|level| (field, level)));
    }
    cases.extend([1e308, 1e-300, -1.0, 0.0].map(|rate| ("/learning_rates/0", json!(rate))));
    cases.extend([
        ("/alpha", json!(1e308)),
        ("/merged_tiles", json!(1u64 << 62)),
        ("/merged_tiles", json!(0)),
        ("/snapshot_every", json!(0)),
        ("/log_row_weight", json!(i32::MAX)),
        ("/state_scale", json!(i32::MIN)),
        ("/refresh_before", json!([u64::MAX])),
        ("/head/logistic/sigmoid/half_width", json!(-4.0)),
        ("/head/logistic/sigmoid/half_width", json!(1e308)),
        ("/head/logistic/sigmoid/degree", json!(1u64 << 40)),
        ("/head", json!({ "softmax": { "softmax": { "classes": 1u64 << 40, "depth": "two", "half_width": 8.0 } } })),
        ("/head", json!({ "ordinal": { "steps": 1u64 << 62, "sigmoid": { "degree": "Three", "half_width": 8.0 } } })),
        ("/head", json!({ "ridge": { "outputs": 1u64 << 40, "half_width": 8.0 } })),
    ]);
    cases
}

fn set(job: &mut Value, field: &str, value: &Value) {
    match job.pointer_mut(field) {
        Some(place) => *place = value.clone(),
        None => job[field.trim_start_matches('/')] = value.clone(),
    }
}

#[test]
fn jobs_of_encrypted_files() {
    let dir = copy_of_finished();
    for (name, line) in [("data.enc", TRAIN), ("head.enc", DECRYPT)] {
        let good = dir.read(name);
        for (field, value) in impossible() {
            forge(&dir, name, &|metadata| set(&mut metadata["job"], field, &value));
            dir.refused(line, 4, &[&format!("{name}: invalid: "), "help:"]);
            // what a file says is shown, whatever it is
            dir.ok(&format!("inspect {name}"));
            dir.write(name, &good);
        }
    }
}

#[test]
fn counts_of_encrypted_files() {
    let dir = copy_of_finished();
    let good = dir.read("head.enc");
    for (field, value) in [
        ("iteration", json!(1u64 << 63)),
        ("iteration", json!(2)),
        ("iteration", json!(0)),
        ("history", json!([1u64 << 63])),
        ("history", json!([1])),
        ("history", json!([2, 1])),
        ("momentum", json!(true)),
    ] {
        forge(&dir, "head.enc", &|metadata| metadata[field] = value.clone());
        dir.refused(DECRYPT, 4, &["head.enc: invalid: ", "help:"]);
        dir.write("head.enc", &good);
    }
    // more blocks than there are
    forge(&dir, "data.enc", &|metadata| metadata["job"]["packing"]["blocks"] = json!(1 << 20));
    dir.refused(TRAIN, 4, &["data.enc: invalid: ", "ciphertexts where its job has"]);
}

#[test]
fn jobs_of_plans() {
    let dir = copy_of_finished();
    let good = dir.read("plan.json");
    let keygen = "keygen --plan plan.json --out new --no-passphrase";
    for (field, value) in impossible() {
        dir.reseal("plan.json", &|plan| set(&mut plan["plan"]["job"], field, &value));
        for line in [DECRYPT, "inspect plan.json", keygen] {
            dir.refused(line, 4, &["plan.json", "error:"]);
        }
        dir.write("plan.json", &good);
    }
    for (field, value) in [
        ("/levels/samples", json!(1_000_000)),
        ("/final_level", json!(u64::MAX)),
        ("/keys/relinearisation", json!(1_000_000)),
        ("/keys/rotations", json!({ "1": 1_000_000 })),
        ("/keys/rotations", json!({ "1000000": 1 })),
        ("/keys/refresh", json!({ "log_period": 1_000_000, "pair": false })),
    ] {
        dir.reseal("plan.json", &|plan| set(&mut plan["plan"], field, &value));
        dir.refused(keygen, 4, &["plan.json", "plan again with `train-head estimate`"]);
        dir.write("plan.json", &good);
    }
    // sizes are told, not asked for
    dir.reseal("plan.json", &|plan| plan["plan"]["sizes"]["key_bytes"] = json!(u64::MAX));
    dir.ok("inspect plan.json");
}

#[test]
fn flags_out_of_range() {
    let dir = copy_of_finished();
    for flags in [
        "--learning-rate 1e308",
        "--learning-rate 1e-300",
        "--learning-rate nan",
        "--alpha 1e308",
        "--max-iter 18446744073709551615",
        "--sigmoid-interval nan",
        "--hidden-layer-sizes 18446744073709551615 --head mlp",
        "--batch-size 0",
    ] {
        let line = format!("estimate --features table.csv --preset n13-l3 {flags}");
        dir.refused(&line, 2, &["error:"]);
    }
    for (samples, features, classes) in [
        (u64::MAX, 3, 2),
        (1 << 62, 3, 2),
        (100, u64::MAX, 2),
        (100, 1 << 40, 2),
        (100, 3, u64::MAX),
        (100, 3, 1 << 40),
    ] {
        let line = format!("estimate --samples {samples} --dimension {features} --classes {classes}");
        let said = dir.run(&line);
        assert!((1..=5).contains(&said.code), "{line}: {}\n{}", said.code, said.stderr);
        assert!(!said.stderr.contains("panicked"), "{line}\n{}", said.stderr);
    }
}

/// One bit anywhere in a head or a plan.
#[test]
fn flipped_bits() {
    let dir = copy_of_finished();
    let predict = "predict --head head --features table.csv --out new.csv";
    for (name, line) in [
        ("head/head.safetensors", predict),
        ("head/head.json", predict),
        ("plan.json", DECRYPT),
        ("plan.safetensors", DECRYPT),
    ] {
        let good = dir.read(name);
        for flip in 0..20 {
            let mut bytes = good.clone();
            let bit = (8 * bytes.len() - 1) * flip / 19;
            bytes[bit / 8] ^= 1 << (bit % 8);
            dir.write(name, bytes);
            dir.refused(line, 4, &[name, "error:"]);
        }
        dir.write(name, good);
    }
    dir.ok(predict);
}

/// A person who edits a plan learns how to change one.
#[test]
fn edited_plans_and_heads() {
    let dir = copy_of_finished();
    let edit = |name: &str, from: &str, to: &str| {
        let text = String::from_utf8(dir.read(name)).unwrap();
        assert!(text.contains(from), "{from} is not in {name}");
        dir.write(name, text.replacen(from, to, 1));
    };
    edit("plan.json", "\"alpha\": ", "\"alpha\":  ");
    let messages = [
        "plan.json: the file is damaged, or was changed after it was made",
        "plan again with `train-head estimate`",
    ];
    dir.refused(DECRYPT, 4, &messages);
    edit("head/head.json", "\"well\"", "\"fine\"");
    let messages =
        ["head.json: the file is damaged, or was changed after it was made", "decrypt the head again"];
    dir.refused("eval --head head --features table.csv", 4, &messages);
}

/// Weights of another head, in order in themselves.
#[test]
fn weights_of_another_head() {
    let dir = copy_of_finished();
    dir.ok(&format!("estimate --features table.csv --out other.json {FAST} --learning-rate 0.3"));
    dir.ok("keygen --plan other.json --out other-keys --no-passphrase");
    dir.ok("encrypt --features table.csv --plan other.json --keys other-keys --out other.enc");
    dir.ok("train --data other.enc --keys other-keys/eval --out other.head");
    dir.ok("decrypt --head other.head --plan other.json --keys other-keys --out other");
    dir.write("head/head.safetensors", dir.read("other/head.safetensors"));
    let line = "predict --head head --features table.csv --out new.csv";
    dir.refused(line, 4, &["head.safetensors: not the weights that the description beside it is of"]);
}
