//! Keys of one key generation alone.

use crate::util::copy_of_finished;

const TRAIN: &str = "train --data data.enc --keys keys/eval --out new.enc";

#[test]
fn keys_of_two_generations_do_not_mix() {
    let dir = copy_of_finished();
    // the same secret key, so that ids cannot tell
    dir.ok("keygen --plan plan.json --keys keys --out second");
    assert_eq!(
        dir.ok("inspect keys/eval --json").json()["key_id"],
        dir.ok("inspect second/eval --json").json()["key_id"]
    );
    let ours = dir.list().into_iter().find(|name| name.starts_with("keys/eval/rotation")).unwrap();
    let good = dir.read(&ours);
    dir.write(&ours, dir.read(&ours.replace("keys/", "second/")));
    dir.refused(TRAIN, 4, &[&ours, "another `train-head keygen` made this key"]);
    // all of the other generation serve as well
    dir.ok(&TRAIN.replace("keys/eval", "second/eval"));
    dir.ok("decrypt --head new.enc --plan plan.json --keys keys --out new");
    dir.write(&ours, good);
    dir.ok(&format!("{TRAIN} --overwrite"));

    // a list that names another generation than its files
    let mut list = dir.json("keys/eval/keys.json");
    list["generation"] = dir.json("second/eval/keys.json")["generation"].clone();
    dir.write("keys/eval/keys.json", list.to_string());
    dir.refused(&TRAIN.replace("new.enc", "newer.enc"), 4, &["keys.json: its signature does not fit"]);
}

#[test]
fn a_list_names_the_run() {
    let dir = copy_of_finished();
    let run = dir.ok("inspect plan.json --json").json()["plan"]["run"].clone();
    assert_eq!(run.as_str().map(str::len), Some(32));
    for name in ["keys/eval", "data.enc", "head.enc"] {
        let json = dir.ok(&format!("inspect {name} --json")).json();
        assert_eq!(json["run"], run, "{name}");
        assert!(json["signer"].as_str().unwrap().starts_with("ed25519:"), "{name}: {json}");
    }
}
