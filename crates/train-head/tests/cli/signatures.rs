//! Files that travel are signed by their party.

use crate::binding::{sign, unsigned};
use crate::util::{copy_of_finished, home};

const TRAIN: &str = "train --data data.enc --keys keys/eval --out new.enc";
const DECRYPT: &str = "decrypt --plan plan.json --keys keys --out new --head";

#[test]
fn a_file_without_a_signature() {
    let dir = copy_of_finished();
    for (name, line) in [("data.enc", TRAIN.to_owned()), ("head.enc", format!("{DECRYPT} head.enc"))] {
        let signed = dir.read(name);
        dir.write(name, unsigned(&signed));
        dir.refused(&line, 4, &[&format!("{name} is not signed"), "--allow-unverified"]);
        let said = dir.ok(&format!("{line} --allow-unverified"));
        assert!(said.stderr.contains("warning: --allow-unverified"), "{}", said.stderr);
        dir.write(name, &signed);
    }
    assert_eq!(dir.ok("inspect data.enc --json").json()["signer"], home_key());
    dir.write("data.enc", unsigned(&dir.read("data.enc")));
    assert!(dir.ok("inspect data.enc --json").json()["signer"].is_null());
}

fn home_key() -> serde_json::Value {
    std::fs::read_to_string(home().join("identity.pub")).unwrap().trim().into()
}

#[test]
fn a_signature_that_was_tampered_with() {
    let dir = copy_of_finished();
    let good = dir.read("head.enc");
    // the public key, the signature, the contents: by one bit
    for back in [112 - 5, 112 - 32 - 5, 112 - 32 - 63, 200] {
        let mut bad = good.clone();
        let at = bad.len() - back;
        bad[at] ^= 1;
        dir.write("head.enc", &bad);
        dir.refused(&format!("{DECRYPT} head.enc"), 4, &["head.enc: its signature does not fit"]);
        dir.refused(&format!("{DECRYPT} head.enc --allow-unverified"), 4, &["its signature does not fit"]);
    }
    // the signature of another file
    let data = dir.read("data.enc");
    dir.write("head.enc", [unsigned(&good), &data[data.len() - 112..]].concat());
    dir.refused(&format!("{DECRYPT} head.enc"), 4, &["its signature does not fit"]);
}

#[test]
fn the_first_signer_is_remembered() {
    let dir = copy_of_finished();
    for name in ["one", "two"] {
        dir.ok(&format!("identity create --identity {name}.key"));
        dir.write(
            &format!("{name}.enc"),
            sign(unsigned(&dir.read("head.enc")), &dir.path(&format!("{name}.key"))),
        );
    }
    let key = |name: &str| {
        dir.ok(&format!("identity show --identity {name}.key --json")).json()["public_key"].clone()
    };
    let said = dir.ok(&format!("{DECRYPT} one.enc"));
    assert!(said.stderr.contains("first file of the compute party in run"), "{}", said.stderr);
    let said = dir.ok(&format!("{DECRYPT} one.enc --overwrite"));
    assert!(!said.stderr.contains("first file"), "{}", said.stderr);
    let again = DECRYPT.replace("new", "newer");
    dir.refused(&format!("{again} two.enc"), 4, &["two.enc is signed by", "is known by"]);
    // pinned, as it should be, or not
    let two = key("two");
    let peer = format!("--peer {}", two.as_str().unwrap());
    dir.ok(&format!("{again} two.enc {peer}"));
    dir.refused(&format!("{DECRYPT} one.enc {peer} --overwrite"), 4, &["where --peer says"]);
    let said = dir.run(&format!("{DECRYPT} one.enc --peer nonsense"));
    assert_eq!(said.code, 2, "{}", said.stderr);
    // what a party signed itself it accepts
    dir.ok(&format!("{DECRYPT} head.enc --overwrite"));
}

#[test]
fn an_identity_is_private_and_may_have_a_passphrase() {
    let dir = copy_of_finished();
    dir.write("passphrase", "correct horse\n");
    dir.ok("identity create --identity me.key --passphrase-file passphrase");
    dir.refused("identity create --identity me.key", 2, &["me.key exists already"]);
    assert!(dir.read("me.key").starts_with(b"age-encryption.org/v1\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(dir.path("me.key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let train = format!("{TRAIN} --identity me.key");
    dir.refused(&train, 2, &["the identity that signs needs a passphrase", "TRAIN_HEAD_IDENTITY_PASSPHRASE"]);
    let with = |passphrase: &str| {
        let mut command = dir.command();
        command.args(train.split_whitespace()).env("TRAIN_HEAD_IDENTITY_PASSPHRASE", passphrase);
        command.output().unwrap().status.code()
    };
    assert_eq!(with("battery staple"), Some(4));
    assert_eq!(with("correct horse"), Some(0));
    let signer = dir.ok("inspect new.enc --json").json()["signer"].clone();
    assert_eq!(signer, dir.ok("identity show --identity me.key --json").json()["public_key"]);
    dir.write("bad.key", "train-head identity 1\nnot hexadecimal\n");
    dir.refused(&TRAIN.replace("new.enc", "x.enc --identity bad.key"), 4, &["bad.key is no identity"]);
    dir.refused("identity show --identity nowhere.key", 4, &["nowhere.pub"]);
}

#[test]
fn bundles_carry_signatures() {
    let dir = copy_of_finished();
    let head = dir.read("head.enc");
    dir.ok("identity create --identity other.key");
    dir.write("head.enc", sign(unsigned(&head), &dir.path("other.key")));
    dir.ok("bundle head.enc --out back.tar");
    let peer = std::fs::read_to_string(home().join("identity.pub")).unwrap();
    dir.refused(
        &format!("unbundle back.tar --out in --peer {peer}"),
        4,
        &["head.enc is signed by", "where --peer says"],
    );

    // a key that was pinned once holds for the run's later files
    let pinned = copy_of_finished();
    pinned.ok("identity create --identity other.key");
    pinned.ok("identity create --identity third.key");
    let other = std::fs::read_to_string(pinned.path("other.pub")).unwrap();
    pinned.write("head.enc", sign(unsigned(&head), &pinned.path("other.key")));
    pinned.ok("bundle head.enc --out back.tar");
    let line = |command: &str| {
        let mut words = pinned.command();
        words.args(command.split_whitespace()).env("TRAIN_HEAD_HOME", pinned.path("home"));
        words.output().unwrap()
    };
    let said = line(&format!("unbundle back.tar --out in --peer {other}"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    pinned.write("third.enc", sign(unsigned(&head), &pinned.path("third.key")));
    let said = line(&format!("{DECRYPT} third.enc"));
    assert_eq!(said.status.code(), Some(4), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8_lossy(&said.stderr).contains("is known by"));
    dir.write("head.enc", unsigned(&head));
    dir.ok("bundle head.enc --out bare.tar");
    dir.refused("unbundle bare.tar --out in", 4, &["head.enc is not signed"]);
    dir.ok("bundle keys/eval data.enc --out there.tar");
    dir.ok(&format!("unbundle there.tar --out in --peer {peer}"));
}
