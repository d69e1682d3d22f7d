//! One archive each way between the parties, and what must not travel.

use crate::util::{Dir, copy_of_finished, finished};

#[test]
fn one_archive_each_way() {
    let hospital = copy_of_finished();
    let said = hospital.ok("bundle keys/eval data.enc --out to-cloud.tar");
    assert!(
        said.stdout.contains("evaluation key") && said.stdout.contains("1 x encrypted data"),
        "{}",
        said.stdout
    );

    let cloud = Dir::new();
    cloud.write("to-cloud.tar", hospital.read("to-cloud.tar"));
    let said = cloud.ok("unbundle to-cloud.tar --out job");
    assert!(said.stdout.contains("every digest and signature holds"), "{}", said.stdout);
    cloud.ok("train --data job/data.enc --keys job/eval --out head.enc");
    assert_eq!(cloud.read("head.enc"), hospital.read("head.enc"));
    cloud.ok("bundle head.enc --out back.tar");

    hospital.write("back.tar", cloud.read("back.tar"));
    hospital.ok("unbundle back.tar --out from-cloud");
    hospital.ok("decrypt --head from-cloud/head.enc --plan plan.json --keys keys --out head-2");
    assert_eq!(hospital.read("head-2/head.json"), hospital.read("head/head.json"));
    // equal files make equal bundles
    hospital.ok("bundle keys/eval data.enc --out again.tar");
    assert_eq!(hospital.read("again.tar"), hospital.read("to-cloud.tar"));
}

#[test]
fn nothing_secret_goes_in() {
    let dir = copy_of_finished();
    dir.refused("bundle keys --out b.tar", 2, &["the data party's folder of keys", "keys/eval"]);
    dir.refused("bundle keys/secret.key --out b.tar", 4, &["secret key, which never leaves"]);
    dir.refused("bundle data.enc plan.json --out b.tar", 4, &["plan.json is not encrypted"]);
    dir.refused("bundle head/head.safetensors --out b.tar", 4, &["is not encrypted"]);
    dir.refused("bundle table.csv --out b.tar", 4, &["is not encrypted"]);
    dir.refused("bundle data.enc data.enc --out b.tar", 2, &["two files would be named data.enc"]);
    dir.refused("bundle nowhere.enc --out b.tar", 4, &["nowhere.enc"]);
    dir.write("notes", "patient 7");
    dir.refused("bundle notes --out b.tar", 4, &["notes"]);
    dir.ok("keygen --plan plan.json --out others --no-passphrase");
    dir.refused("bundle others/eval data.enc --out b.tar", 4, &["of key", "data.enc"]);
}

#[test]
fn what_comes_out_was_checked() {
    let dir = Dir::new();
    let source = finished();
    for name in ["data.enc", "head.enc"] {
        dir.write(name, source.read(name));
    }
    dir.ok("bundle data.enc head.enc --out b.tar");
    let good = dir.read("b.tar");
    // every header and the middle of every file
    for at in (0..good.len()).step_by(good.len() / 97) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        dir.write("bad.tar", &bad);
        let said = dir.run("unbundle bad.tar --out out");
        // only the padding of the archive may differ unnoticed
        assert!(said.code == 4 || (said.code == 0 && good[at] == 0), "{at}: {} {}", said.code, said.stderr);
        let _ = std::fs::remove_dir_all(dir.path("out"));
    }
    for length in [0, 100, 512, 2000, good.len() / 2] {
        dir.write("bad.tar", &good[..length]);
        dir.refused("unbundle bad.tar --out out", 4, &["not a bundle"]);
    }
    dir.refused("unbundle data.enc --out out", 4, &["not a bundle"]);
    dir.refused("unbundle nowhere.tar --out out", 4, &["nowhere.tar"]);
}

#[test]
fn a_folder_of_keys_is_complete_or_refused_by_name() {
    let dir = copy_of_finished();
    let key = dir.list().into_iter().find(|name| name.contains("relinearisation")).unwrap();
    let train = "train --data data.enc --keys keys/eval --out again.enc";
    dir.refused(&train.replace("keys/eval", "keys"), 4, &["keys holds a secret key", "keys/eval"]);
    std::fs::remove_file(dir.path(&key)).unwrap();
    let name = key.rsplit('/').next().unwrap();
    dir.refused(train, 4, &[&format!("keys/eval lacks {name}"), "bundle"]);
    std::fs::remove_file(dir.path("keys/eval/keys.json")).unwrap();
    dir.refused(train, 4, &["has no keys.json"]);
    dir.write(
        "keys/eval/keys.json",
        r#"{"format": "train-head evaluation keys 1", "keys": ["../secret.key"]}"#,
    );
    dir.refused(train, 4, &["this program reads \"train-head evaluation keys 2\""]);
    let mut list = finished().json("keys/eval/keys.json");
    list["keys"][0]["name"] = "../secret.key".into();
    dir.write("keys/eval/keys.json", list.to_string());
    dir.refused(train, 4, &["not a list of evaluation keys"]);
}
