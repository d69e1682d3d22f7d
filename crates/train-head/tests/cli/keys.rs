//! The passphrase of the secret key.

use crate::util::{Said, copy_of_finished};

const DECRYPT: &str = "decrypt --head locked.head --plan plan.json --keys locked --out new";

#[test]
fn a_passphrase_locks_and_opens_the_key() {
    let dir = copy_of_finished();
    dir.write("passphrase", "correct horse\nthis line does not matter\n").write("wrong", "battery staple");
    dir.ok("keygen --plan plan.json --out locked --passphrase-file passphrase");
    assert!(dir.read("locked/secret.key").starts_with(b"age-encryption.org/v1\n"));
    let kind = dir.ok("inspect locked/secret.key --json").json()["kind"].as_str().unwrap().to_owned();
    assert!(kind.contains("passphrase"), "{kind}");

    let encrypt = "encrypt --features table.csv --plan plan.json --keys locked --out locked.enc";
    dir.refused(encrypt, 2, &["needs a passphrase", "--passphrase-file", "TRAIN_HEAD_PASSPHRASE"]);
    dir.refused(&format!("{encrypt} --passphrase-file wrong"), 4, &["locked/secret.key: wrong passphrase"]);
    dir.ok(&format!("{encrypt} --passphrase-file passphrase"));
    dir.ok("train --data locked.enc --keys locked/eval --out locked.head");
    let output = dir
        .command()
        .args(DECRYPT.split_whitespace())
        .env("TRAIN_HEAD_PASSPHRASE", "correct horse")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(dir.path("new/head.json").exists());

    let mut bytes = dir.read("locked/secret.key");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    dir.write("locked/secret.key", &bytes);
    let encrypt = encrypt.replace("locked.enc", "again.enc");
    dir.refused(&format!("{encrypt} --passphrase-file passphrase"), 4, &["locked/secret.key", "help:"]);
    dir.write("locked/secret.key", &bytes[..200]);
    dir.refused(&format!("{encrypt} --passphrase-file passphrase"), 4, &["locked/secret.key"]);
}

#[test]
fn without_a_terminal_a_passphrase_must_be_given_or_refused() {
    let dir = copy_of_finished();
    dir.refused("keygen --plan plan.json --out locked", 2, &["needs a passphrase", "--no-passphrase"]);
    dir.write("empty", "\nsecond line");
    dir.refused("keygen --plan plan.json --out locked --passphrase-file empty", 2, &["empty is empty"]);
    dir.refused(
        "keygen --plan plan.json --out locked --passphrase-file nowhere",
        2,
        &["cannot read nowhere"],
    );
}

#[test]
fn an_unprotected_key_is_announced() {
    let dir = copy_of_finished();
    let Said { stderr, .. } = dir.ok("keygen --plan plan.json --out plain --no-passphrase");
    assert!(stderr.contains("kept unencrypted"), "{stderr}");
}
