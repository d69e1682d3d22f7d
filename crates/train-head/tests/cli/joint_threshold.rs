//! Three hospitals of whom two decrypt, and two compute parties: one trains, the other computes it again.

use std::sync::OnceLock;

use crate::joint::{THREE, hospitals};
use crate::util::{Dir, copy_of};

const PARTIES: [&str; 3] = ["north", "south", "west"];

/// A party's command.
fn of(party: &str, step: &str) -> String {
    format!("joint {step} --session s --keys {party}/keys --identity {party}/id.key")
}

fn ok(dir: &Dir, line: &str) -> serde_json::Value {
    dir.ok(&format!("{line} --json")).json()
}

fn decrypt(party: &str, more: &str) -> String {
    format!("{} --features {party}/own.csv --out {party}/head {more}", of(party, "decrypt"))
}

fn check(party: &str) -> String {
    format!("joint train --session s --identity {party}/id.key --check")
}

/// A folder with identities, samples and a plan, and the public keys by name.
fn prepared() -> (Dir, impl Fn(&str) -> String) {
    let dir = Dir::new();
    hospitals(&dir, &THREE);
    for party in PARTIES.into_iter().chain(["cloud", "second"]) {
        std::fs::create_dir_all(dir.path(party)).unwrap();
        dir.ok(&format!("identity create --identity {party}/id.key"));
    }
    dir.ok("estimate --features public.csv --preset n16-joint3-l25 --max-iter 2 --out plan.json");
    let keys: std::collections::BTreeMap<_, _> = ["north", "south", "west", "cloud", "second"]
        .map(|party| {
            let key = String::from_utf8(dir.read(&format!("{party}/id.pub"))).unwrap();
            (party.to_owned(), key.trim().to_owned())
        })
        .into();
    (dir, move |party: &str| keys[party].clone())
}

fn create(key: &impl Fn(&str) -> String, more: &str) -> String {
    let participants = PARTIES.map(|party| format!("--participant {party}={}:100", key(party))).join(" ");
    format!(
        "joint create --plan plan.json --features public.csv {participants} --identity north/id.key {more}"
    )
}

/// A folder in which the head is trained, computed again and signed. Shares of keys are not needed any more, and gone.
fn trained() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let (dir, key) = prepared();
        let compute = format!("--compute cloud={} --compute second={}", key("cloud"), key("second"));
        let line = create(&key, &format!("{compute} --threshold 2 --recomputations 1 --out s"));
        let said = dir.ok(&line).stdout;
        for words in ["any 2 of the 3 parties", "as long as 2 of 3 are left", "any 2 together could read"] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
        for party in PARTIES {
            // a command that was ended before its message left: run again, it sends the same
            let join = format!("{} --no-passphrase", of(party, "join"));
            let said = dir.ok(&join).stderr;
            assert!(said.contains("as long as 2 of 3 are left"), "{said}");
            let message = dir.read(&format!("s/{party}/join.json"));
            std::fs::remove_file(dir.path(&format!("s/{party}/join.json"))).unwrap();
            dir.ok(&join);
            assert_eq!(dir.read(&format!("s/{party}/join.json")), message);
        }
        let mut done = Vec::new();
        while done.len() < 3 {
            done = PARTIES.into_iter().filter(|party| ok(&dir, &of(party, "keys"))["done"] == true).collect();
        }
        assert!(
            dir.path("s/north/deals/south.age").exists() && dir.path("north/keys/deals/west.age").exists()
        );
        for party in PARTIES {
            ok(&dir, &format!("{} --features {party}/own.csv --test-size 0", of(party, "encrypt")));
        }
        ok(&dir, "joint train --session s --identity cloud/id.key");
        signed_again(&dir);
        for party in PARTIES {
            std::fs::remove_dir_all(dir.path(&format!("s/{party}/first"))).unwrap();
            std::fs::remove_file(dir.path(&format!("s/{party}/second.share"))).unwrap();
        }
        dir
    })
}

/// The second compute party computes again: from other data first, so that its head differs, then from those that the head came from.
fn signed_again(dir: &Dir) {
    let waiting = ok(dir, &decrypt("north", "--set north,west"));
    assert!(waiting["waiting_for"].as_str().unwrap().starts_with("1 more to compute"), "{waiting}");
    // south encrypts again after the training: the ciphertexts are others
    let trained_on = ["data.enc", "data.json"].map(|name| dir.read(&format!("s/south/{name}")));
    std::fs::remove_file(dir.path("s/south/data.enc")).unwrap();
    ok(dir, &format!("{} --features south/own.csv --test-size 0", of("south", "encrypt")));
    let said = dir.run(&check("second"));
    assert_eq!(said.code, 4, "{}", said.stderr);
    assert!(said.stderr.contains("another head than the one that cloud signed"), "{}", said.stderr);
    let refused = "second has computed the training again, with another head than the one that cloud signed";
    dir.refused(&decrypt("north", "--set north,west"), 4, &["s/checks/second.json", refused]);
    let status = dir.ok("joint status --session s").stdout;
    assert!(status.contains("second      computed again: ANOTHER head"), "{status}");
    // one who is asked by nobody cannot sign
    dir.refused(&check("cloud"), 2, &["cannot check itself"]);
    dir.ok("identity create --identity stranger.key");
    dir.refused(
        "joint train --session s --identity stranger.key --check",
        2,
        &["none of those who check (north, south, west, second)"],
    );
    let [data, named] = trained_on;
    dir.write("s/south/data.enc", data);
    dir.refused(&check("second"), 4, &["s/south/data.enc", "not the file that south named to all"]);
    dir.write("s/south/data.json", named);
    assert_eq!(ok(dir, &check("second"))["same"], true);
    let status = ok(dir, "joint status --session s");
    assert_eq!(status["checked"]["second"], true, "{status}");
}

#[test]
fn two_of_three_open_the_head_after_one_has_left() {
    let dir = copy_of(trained());
    std::fs::remove_dir_all(dir.path("south/keys")).unwrap();
    std::fs::remove_dir_all(dir.path("s/south/deals")).unwrap();

    // fewer than the threshold cannot
    let waiting = ok(&dir, &decrypt("north", ""));
    assert!(waiting["waiting_for"].as_str().unwrap().starts_with("a set of 2 parties"), "{waiting}");
    dir.refused(&decrypt("north", "--set north"), 2, &["2 of 3 parties decrypt"]);
    dir.refused(&decrypt("north", "--set north,south,west"), 2, &["2 of 3 parties decrypt"]);
    dir.refused(&decrypt("north", "--set north,east"), 2, &["\"east\" is none of the data parties"]);
    dir.refused(&decrypt("north", "--set south,west"), 2, &["north is not of the set"]);
    // the one who left is waited for, and no share leaves before the set is fixed: another can be named
    let waiting = ok(&dir, &decrypt("north", "--set north,south"));
    assert!(waiting["waiting_for"].as_str().unwrap().starts_with("south (to decrypt with"), "{waiting}");
    assert!(!dir.path("s/north/decryption.age").exists());
    let waiting = ok(&dir, &decrypt("north", "--set west,north"));
    assert!(waiting["waiting_for"].as_str().unwrap().starts_with("west (to decrypt with"), "{waiting}");

    // west follows, and makes its share
    let waiting = ok(&dir, &decrypt("west", ""));
    assert_eq!(waiting["waiting_for"], "north (share of the decryption)");
    for party in ["north", "west"] {
        assert_eq!(ok(&dir, &decrypt(party, ""))["done"], true);
        let measured = ok(&dir, &format!("eval --head {party}/head --features public.csv"));
        assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.85, "{measured}");
    }
    assert_eq!(dir.read("north/head/head.safetensors"), dir.read("west/head/head.safetensors"));

    // one share of a ciphertext, ever: from notes, and from the share that has left
    let refused = ["has made its share with north, west", "one share of a ciphertext, ever"];
    dir.refused(&decrypt("north", "--set north,south --overwrite"), 4, &refused);
    let notes = String::from_utf8(dir.read("north/keys/party.json")).unwrap();
    let mut lost: serde_json::Value = serde_json::from_str(&notes).unwrap();
    assert_eq!(lost["notes"]["releases"].as_array().unwrap().len(), 1);
    lost["notes"]["releases"] = serde_json::json!([]);
    dir.write("north/keys/party.json", lost.to_string());
    dir.refused(&decrypt("north", "--set north,south --overwrite"), 4, &refused);
    // a set that others forge in the party's name, and a share that was damaged, are refused
    dir.write("s/west/set.json", dir.read("s/north/set.json"));
    dir.refused(
        &decrypt("north", "--overwrite"),
        4,
        &["s/west/set.json is signed by", "where west signs as"],
    );
}

/// What was dealt is needed, and what others deal later is not taken.
#[test]
fn dealt_shares_are_those_of_the_beginning() {
    let dir = copy_of(trained());
    ok(&dir, &decrypt("north", "--set north,west"));
    ok(&dir, &decrypt("west", ""));
    let deal = dir.read("north/keys/deals/west.age");
    let mut damaged = deal.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    dir.write("north/keys/deals/west.age", damaged);
    dir.refused(&decrypt("north", ""), 4, &["north/keys/deals/west.age", "damaged"]);
    // sealed to another
    dir.write("north/keys/deals/west.age", dir.read("s/west/deals/south.age"));
    dir.refused(&decrypt("north", ""), 4, &["not sealed to this party"]);
    // without what was dealt to it, the party takes it from the shared folder again
    std::fs::remove_file(dir.path("north/keys/deals/west.age")).unwrap();
    assert_eq!(ok(&dir, &decrypt("north", ""))["done"], true);
    assert_eq!(dir.read("north/keys/deals/west.age"), deal);
    // one who is not of the set opens the head, too, and adds nothing
    assert_eq!(ok(&dir, &decrypt("south", ""))["done"], true);
    assert!(!dir.path("s/south/decryption.age").exists());
    assert_eq!(dir.read("south/head/head.safetensors"), dir.read("north/head/head.safetensors"));
}

#[test]
fn sessions_that_nobody_could_finish_are_not_made() {
    let (dir, key) = prepared();
    let compute = format!("--compute {}", key("cloud"));
    let refused = |more: &str, code, messages: &[&str]| {
        dir.refused(&create(&key, &format!("{more} --out s")), code, messages);
    };
    refused(&format!("{compute} --threshold 1"), 4, &["1 of 3 parties shall decrypt"]);
    refused(&format!("{compute} --threshold 4"), 4, &["4 of 3 parties shall decrypt"]);
    refused(&format!("{compute} --recomputations 4"), 2, &["further compute parties are 3"]);
    let twice = format!("{compute} --compute second={} --compute third={}", key("second"), key("second"));
    refused(&twice, 2, &["--compute third", "stands there twice"]);
    refused(&format!("--compute {}", key("west")), 2, &["stands there twice", "a second identity"]);
    refused(&format!("--compute checks={}", key("cloud")), 2, &["checks"]);

    // an aborted session: the next one has other secrets, whatever its number
    dir.ok(&create(&key, &format!("{compute} --out s")));
    let join = format!("{} --no-passphrase", of("north", "join"));
    let said = dir.ok(&join).stderr;
    assert!(said.contains("the head is lost, since all 3 decrypt"), "{said}");
    let again = create(&key, &format!("{compute} --overwrite --out s"));
    dir.refused(&again, 2, &["s holds a session that north has joined", "--out names another"]);
    let secret = |folder: &str| dir.read(&format!("{folder}/secret.key"));
    let mut secrets = vec![secret("north/keys")];
    let mut nonces = vec![dir.json("s/session.json")["nonce"].clone()];
    for (session, attempt) in [("s1", ""), ("s2", "--attempt 1")] {
        dir.ok(&create(&key, &format!("{compute} {attempt} --out {session}")));
        let join = join.replace("--session s ", &format!("--session {session} "));
        dir.refused(&join, 4, &["not the one that this party agreed to", "another --keys folder"]);
        dir.ok(&join.replace("north/keys", &format!("north/{session}")));
        secrets.push(secret(&format!("north/{session}")));
        nonces.push(dir.json(&format!("{session}/session.json"))["nonce"].clone());
    }
    assert_eq!(secrets[0], secret("north/keys"));
    for i in 0..3 {
        assert!((0..i).all(|j| secrets[i] != secrets[j] && nonces[i] != nonces[j]));
    }
}

/// A `join` that was ended between its two files, or before its message left, goes on.
#[test]
fn a_join_that_was_ended_early_goes_on() {
    let (dir, key) = prepared();
    dir.ok(&create(&key, &format!("--compute {} --threshold 2 --out s", key("cloud"))));
    let join = |party: &str| format!("{} --no-passphrase", of(party, "join"));
    dir.ok(&join("north"));
    std::fs::remove_file(dir.path("s/north/join.json")).unwrap();
    std::fs::remove_file(dir.path("north/keys/secret.key")).unwrap();
    dir.refused(&of("north", "keys"), 4, &["no share of the secret yet", "run it again"]);
    dir.ok(&join("north"));
    dir.refused(&join("north"), 2, &["north has joined", "joint keys"]);
    // the share stays behind its passphrase when its party goes on
    let said = dir
        .command()
        .args(of("south", "join").split_whitespace())
        .env("TRAIN_HEAD_PASSPHRASE", "correct horse")
        .output()
        .unwrap();
    assert!(said.status.success());
    let message = dir.read("s/south/join.json");
    std::fs::remove_file(dir.path("s/south/join.json")).unwrap();
    let again = |passphrase: &str| {
        dir.command()
            .args(of("south", "join").split_whitespace())
            .env("TRAIN_HEAD_PASSPHRASE", passphrase)
            .output()
            .unwrap()
    };
    let wrong = again("battery staple");
    assert_eq!(wrong.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("wrong passphrase"));
    assert!(!dir.path("s/south/join.json").exists());
    assert!(again("correct horse").status.success());
    assert_eq!(dir.read("s/south/join.json"), message);
    // a folder of another party
    dir.refused(
        "joint keys --session s --keys north/keys --identity south/id.key",
        2,
        &["north/keys is north's", "signs for south"],
    );
}
