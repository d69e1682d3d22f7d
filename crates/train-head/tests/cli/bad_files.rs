//! Keys, data and heads that are damaged or belong elsewhere: exit code 4, and no output.

use std::sync::OnceLock;

use ckks::serial::{FileKind, NewFile, Writer};

use crate::util::{Dir, copy_of_finished, table};

const TRAIN: &str = "train --data data.enc --keys keys/eval --out new.enc";
const DECRYPT: &str = "decrypt --head head.enc --plan plan.json --keys keys --out new";

/// A training of another key and parameter set: `plan.json`, `keys/`, `data.enc`.
fn other_preset() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Dir::new();
        dir.write("table.csv", table(80));
        dir.ok(
            "estimate --features table.csv --out plan.json --preset n14-l8 --max-iter 1 --sigmoid-degree 3",
        );
        dir.ok("keygen --plan plan.json --out keys --no-passphrase");
        dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc");
        dir
    })
}

fn flip(dir: &Dir, name: &str, at: usize) {
    let mut bytes = dir.read(name);
    bytes[at] ^= 0x10;
    dir.write(name, bytes);
}

fn truncate(dir: &Dir, name: &str) {
    let bytes = dir.read(name);
    dir.write(name, &bytes[..bytes.len() * 2 / 3]);
}

fn an_evaluation_key(dir: &Dir) -> String {
    dir.list().into_iter().find(|name| name.contains("rotation")).unwrap()
}

#[test]
fn the_wrong_key() {
    let dir = copy_of_finished();
    dir.ok("keygen --plan plan.json --out others --no-passphrase");
    let message = &["data.enc: belongs to key", "where key", "help:"];
    dir.refused("train --data data.enc --keys others/eval --out new.enc", 4, message);
    let message = &["head.enc: belongs to key", "where key"];
    dir.refused("decrypt --head head.enc --plan plan.json --keys others --out new", 4, message);
    // one foreign key among ours
    let name = an_evaluation_key(&dir);
    dir.write(&name, dir.read(&name.replace("keys", "others")));
    dir.refused(TRAIN, 4, &[&name, "belongs to key"]);
}

#[test]
fn another_preset() {
    let (dir, other) = (copy_of_finished(), other_preset());
    dir.write("other.enc", other.read("data.enc"));
    let message = &["other.enc: made with parameter set `n14-l8", "where `n13-l3"];
    dir.refused("train --data other.enc --keys keys/eval --out new.enc", 4, message);
    dir.write("keys/secret.key", other.read("keys/secret.key"));
    dir.refused(DECRYPT, 4, &["the secret key is of preset n14-l8, the plan of n13-l3"]);
    let message = &["the secret key is of preset n14-l8"];
    dir.refused("encrypt --features table.csv --plan plan.json --keys keys --out new.enc", 4, message);
}

#[test]
fn another_plan() {
    let dir = copy_of_finished();
    dir.ok("estimate --features table.csv --out other.json --preset n13-l3 --max-iter 1 --sigmoid-degree 3 --learning-rate 0.5");
    let line = "decrypt --head head.enc --plan other.json --keys keys --out new";
    dir.refused(line, 4, &["head.enc: this head came of another plan: of run"]);
    dir.write("shorter.csv", table(60));
    let line = "encrypt --features shorter.csv --plan plan.json --keys keys --out new.enc";
    dir.refused(line, 3, &["the plan is for 80 samples of 3 features, the data are 60 of 3"]);
}

#[test]
fn truncated_files() {
    for (name, line) in [
        ("data.enc", TRAIN),
        ("keys/secret.key", DECRYPT),
        ("head.enc", DECRYPT),
        ("head/head.safetensors", "eval --head head --features table.csv"),
    ] {
        let dir = copy_of_finished();
        truncate(&dir, name);
        dir.refused(line, 4, &[name, "help:"]);
    }
    let dir = copy_of_finished();
    let key = an_evaluation_key(&dir);
    truncate(&dir, &key);
    dir.refused(TRAIN, 4, &[&key, "truncated"]);
}

#[test]
fn a_flipped_byte() {
    for (name, line) in [("data.enc", TRAIN), ("keys/secret.key", DECRYPT), ("head.enc", DECRYPT)] {
        let dir = copy_of_finished();
        let length = dir.read(name).len();
        for at in [0, 9, 30, 100, 160, length / 2, length - 1] {
            flip(&dir, name, at);
            dir.refused(line, 4, &[name]);
            flip(&dir, name, at);
        }
    }
    let dir = copy_of_finished();
    let key = an_evaluation_key(&dir);
    flip(&dir, &key, 5000);
    dir.refused(TRAIN, 4, &[&key, "the checksum of item 0"]);
}

#[test]
fn files_in_each_others_places() {
    let dir = copy_of_finished();
    let swapped = "train --data head.enc --keys keys/eval --out new.enc";
    dir.refused(swapped, 4, &["head.enc: holds `encrypted head` where `encrypted data` is expected"]);
    let swapped = "decrypt --head data.enc --plan plan.json --keys keys --out new";
    dir.refused(swapped, 4, &["data.enc: holds `encrypted data`"]);
    dir.refused(
        "train --data table.csv --keys keys/eval --out new.enc",
        4,
        &["table.csv: not a file of keys or ciphertexts"],
    );
    dir.refused("eval --head plan.json --features table.csv", 4, &["plan.json is not a decrypted head"]);
    dir.refused("keygen --plan table.csv --out new --no-passphrase", 4, &["table.csv is not a plan"]);
    dir.refused(
        "keygen --plan head/head.json --out new --no-passphrase",
        4,
        &["head/head.json is not a plan"],
    );
}

#[test]
fn files_that_are_not_there() {
    let dir = copy_of_finished();
    dir.refused("train --data nowhere.enc --keys keys/eval --out new.enc", 4, &["nowhere.enc"]);
    dir.refused("train --data data.enc --keys nowhere --out new.enc", 4, &["nowhere"]);
    dir.refused("train --data data.enc --keys head --out new.enc", 4, &["head holds a decrypted head"]);
    dir.refused(
        "decrypt --head head.enc --plan plan.json --keys nowhere --out new",
        4,
        &["nowhere: no such folder", "train-head keygen"],
    );
    dir.refused("eval --head nowhere --features table.csv", 4, &["nowhere: no such head"]);
    dir.refused("inspect nowhere.enc", 4, &["nowhere.enc"]);
}

#[test]
fn a_missing_evaluation_key() {
    let dir = copy_of_finished();
    let key = an_evaluation_key(&dir);
    std::fs::remove_file(dir.path(&key)).unwrap();
    dir.refused(TRAIN, 4, &["keys/eval lacks rotation-", "help:"]);
    // a list that hides it
    let mut list = dir.json("keys/eval/keys.json");
    list["keys"].as_array_mut().unwrap().retain(|listed| !key.ends_with(listed["name"].as_str().unwrap()));
    dir.write("keys/eval/keys.json", list.to_string());
    dir.refused(TRAIN, 4, &["keys.json: its signature does not fit"]);
    let fields = list.as_object_mut().unwrap();
    fields.remove("signer");
    fields.remove("signature");
    dir.write("keys/eval/keys.json", list.to_string());
    dir.refused(TRAIN, 4, &["keys.json is not signed"]);
    dir.refused(&format!("{TRAIN} --allow-unverified"), 4, &["no rotation key of", "help:"]);
}

#[test]
fn insecure_parameters() {
    let dir = copy_of_finished();
    let line = "run --features table.csv --out out --preset insecure-n10-l8";
    dir.refused(line, 5, &["no preset is named `insecure-n10-l8`", "128 bits"]);
    let line = "estimate --samples 100 --dimension 4 --preset toy";
    dir.refused(line, 5, &["no preset is named `toy`"]);

    // a file that claims to be of an insecure set, in every other respect in order
    let parameters = ckks::presets::insecure_for_tests(10, 2).unwrap();
    let secret = ckks::SecretKey::generate(&parameters).unwrap();
    let (kind, key_id) = (FileKind::SECRET_KEY, secret.key_id());
    let file = NewFile { kind, parameters: &parameters, key_id, items: 1, metadata: b"" };
    let mut writer = Writer::new(Vec::new(), "", file).unwrap();
    writer.write_secret_key(&secret).unwrap();
    dir.write("keys/secret.key", writer.finish().unwrap());
    dir.refused(DECRYPT, 5, &["no preset is named `insecure-n10-l2`"]);
    dir.refused("inspect keys/secret.key", 5, &["no preset is named `insecure-n10-l2`"]);
}

#[test]
fn depth_that_needs_bootstrapping() {
    let dir = copy_of_finished();
    let line = "run --features table.csv --out out --preset n13-l3 --max-iter 5";
    dir.refused(line, 5, &["needs bootstrapping", "help:"]);
}

/// Plans of earlier versions are refused.
#[test]
fn plans_of_earlier_versions() {
    let dir = copy_of_finished();
    for version in 2..=10 {
        let format = format!("train-head plan {version}");
        dir.write("before.json", serde_json::json!({ "format": format, "request": {} }).to_string());
        let message = format!("before.json: format \"{format}\"; this program reads \"train-head plan 11\"");
        let messages = [&*message, "plan again with `train-head estimate`"];
        dir.refused("keygen --plan before.json --out new --no-passphrase", 4, &messages);
        dir.refused("inspect before.json", 4, &messages);
    }
}

/// A plan is two files that belong together, both private.
#[test]
fn a_plan_without_its_feature_map() {
    let dir = copy_of_finished();
    let arrays = dir.read("plan.safetensors");
    for name in ["plan.json", "plan.safetensors"] {
        #[cfg(unix)]
        assert_eq!(mode(&dir, name) & 0o777, 0o600, "{name}");
    }
    let damaged = [&arrays[..arrays.len() - 1], b"!"].concat();
    dir.write("plan.safetensors", damaged);
    let messages = ["plan.safetensors: not the feature map of the plan beside it", "help:"];
    dir.refused(DECRYPT, 4, &messages);
    dir.refused("inspect plan.json", 4, &messages);
    std::fs::remove_file(dir.path("plan.safetensors")).unwrap();
    dir.refused(DECRYPT, 4, &["cannot read plan.safetensors", "copy both files"]);
    dir.write("table.safetensors", "embeddings");
    let line = "estimate --features table.csv --preset n13-l3 --max-iter 1 --out table.json";
    dir.refused(line, 2, &["would replace table.safetensors, which is something else"]);
    let line = "estimate --features table.csv --preset n13-l3 --max-iter 1 --out plan.safetensors";
    dir.refused(line, 2, &["plan.safetensors: the feature map gets this name"]);
}

#[cfg(unix)]
fn mode(dir: &Dir, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(dir.path(name)).unwrap().permissions().mode()
}
