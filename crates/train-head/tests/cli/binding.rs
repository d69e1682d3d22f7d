//! Everything belongs to one run. Heads here come from a compute party that signs whatever it likes.

use std::io::Cursor;
use std::path::Path;

use ckks::serial::Reader;
use ckks::{Ciphertext, Parameters};
use ed25519_dalek::{Signer, SigningKey};
use fhe_head::files::{self, Origin, Tag};
use fhe_head::server::EncryptedHead;
use fhe_head::{BuiltIn, Job};

use crate::util::{Dir, FAST, copy_of_finished, home, table};

const DECRYPT: &str = "decrypt --head forged.enc --plan plan.json --keys keys --out new";
/// Public key, signature and mark.
const TRAILER: usize = 112;

/// What a file holds without its signature.
pub(crate) fn unsigned(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() - TRAILER]
}

/// Signs contents as the program does, with the identity in a file.
pub(crate) fn sign(contents: &[u8], identity: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(identity).unwrap();
    let Tag::<32>(seed) = Tag::from_hex(text.lines().nth(1).unwrap()).unwrap();
    let key = SigningKey::from_bytes(&seed);
    let digest = blake3::derive_key("train-head 2026-11 signature of a file", contents);
    let (public, signature) = (key.verifying_key().to_bytes(), key.sign(&digest).to_bytes());
    [contents, &public, &signature, b"train-head sign1"].concat()
}

fn parameters() -> Parameters {
    ckks::presets::by_name("n13-l3").unwrap()
}

fn read(bytes: &[u8]) -> (Job, Origin, EncryptedHead) {
    let reader = Reader::new(Cursor::new(unsigned(bytes)), "head").unwrap();
    files::read_head(reader, &parameters()).unwrap()
}

/// A signed head, altered by its maker.
fn forge(dir: &Dir, alter: impl FnOnce(&mut Job, &mut Origin, &mut EncryptedHead)) {
    let (mut job, mut origin, mut head) = read(&dir.read("head.enc"));
    alter(&mut job, &mut origin, &mut head);
    let forged = files::write_head(Vec::new(), "forged", &job, &origin, &head).unwrap();
    dir.write("forged.enc", sign(&forged, &home().join("identity.key")));
}

/// Ciphertexts in which polynomials are exchanged for 0 or the scale.
fn exchange(ciphertext: &Ciphertext, zero: usize) -> Ciphertext {
    let [c0, c1] = ciphertext.polys().clone();
    let nothing = c0.sub(&c0);
    let polys = if zero == 0 { [nothing, c1] } else { [c0, nothing] };
    Ciphertext::from_parts(&parameters(), ciphertext.key_id(), polys, ciphertext.scale().clone()).unwrap()
}

fn negated(ciphertext: &Ciphertext) -> Ciphertext {
    let mut polys = ciphertext.polys().clone();
    polys.iter_mut().for_each(|poly| poly.neg_assign());
    Ciphertext::from_parts(&parameters(), ciphertext.key_id(), polys, ciphertext.scale().clone()).unwrap()
}

#[test]
fn ciphertexts_that_hide_nothing_are_not_decrypted() {
    let dir = copy_of_finished();
    forge(&dir, |_, _, _| ());
    dir.ok(DECRYPT);
    std::fs::remove_dir_all(dir.path("new")).unwrap();
    for zero in [0, 1] {
        forge(&dir, |_, _, head| head.weights[0] = exchange(&head.weights[0], zero));
        dir.refused(DECRYPT, 4, &["a ciphertext that encrypts nothing"]);
    }
    // c0 = 0, c1 = the scale in every slot: the image of the key
    forge(&dir, |_, _, head| {
        let one = &head.weights[0];
        let [c0, mut constant] = one.polys().clone();
        for limb in 0..constant.basis().limbs() {
            constant.rows_mut(limb).flatten().for_each(|word| *word = 1 << 20);
        }
        let nothing = c0.sub(&c0);
        let scale = one.scale().clone();
        head.weights[0] =
            Ciphertext::from_parts(&parameters(), one.key_id(), [nothing, constant], scale).unwrap();
    });
    dir.refused(DECRYPT, 4, &["a ciphertext that encrypts nothing"]);
}

#[test]
fn iterations_that_were_not_planned() {
    let dir = copy_of_finished();
    for iteration in [2, 1 << 63] {
        forge(&dir, |_, _, head| head.iteration = iteration);
        dir.refused(DECRYPT, 4, &[&format!("iteration {iteration} of a training of 1")]);
    }
    forge(&dir, |_, _, head| head.iteration = 0);
    dir.refused(DECRYPT, 4, &["iteration 0 of a training of 1"]);
}

#[test]
fn an_origin_that_was_changed() {
    let dir = copy_of_finished();
    type Change = fn(&mut Origin);
    let changes: [(Change, &str); 5] = [
        (|origin| origin.run = Tag([1; 16]), "this head came of another plan: of run 0101010101010101"),
        (|origin| origin.plan = Tag([1; 32]), "this head came of another plan than this one"),
        (|origin| origin.samples = Some(Tag([1; 32])), "this head came of other samples"),
        (|origin| origin.validation = Some(Tag([1; 32])), "this head came of another validation"),
        (|origin| origin.keys = Some(Tag([1; 32])), "evaluation keys that no `keygen` of this plan made"),
    ];
    for (change, says) in changes {
        forge(&dir, |_, origin, _| change(origin));
        dir.refused(DECRYPT, 4, &[says]);
    }
    // metadata that do not fit their own digest
    let bytes = dir.read("head.enc");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("\"transcript\":\""));
}

/// A plan of the same shape from other features, under the same secret key, and its head.
fn other_features(dir: &Dir) {
    dir.write("other.csv", table(80).replace("sick", "x").replace("well", "sick").replace(",x\n", ",well\n"));
    dir.ok(&format!("estimate --features other.csv --out other.json {FAST}"));
    dir.ok("keygen --plan other.json --keys keys --out other-keys");
    dir.ok("encrypt --features other.csv --plan other.json --keys keys --out other.enc");
    dir.ok("train --data other.enc --keys other-keys/eval --out other-head.enc");
}

#[test]
fn other_data_in_place_of_ours() {
    let dir = copy_of_finished();
    other_features(&dir);
    let encrypt = "encrypt --features other.csv --plan plan.json --keys keys --out new.enc";
    dir.refused(encrypt, 3, &["the plan was made from other data"]);
    // the other plan decrypts our head to garbage, and ours the other
    let ours = "decrypt --head head.enc --plan other.json --keys keys --out new";
    dir.refused(ours, 4, &["this head came of another plan: of run"]);
    let theirs = "decrypt --head other-head.enc --plan plan.json --keys keys --out new";
    dir.refused(theirs, 4, &["this head came of another plan: of run"]);
    // data and keys of two runs
    let mixed = "train --data data.enc --keys other-keys/eval --out new.enc";
    dir.refused(mixed, 4, &["other-keys/eval were made for run", "data.enc belongs to run"]);

    // the other head, which says that it is ours
    let (_, _, other) = read(&dir.read("other-head.enc"));
    forge(&dir, |_, _, head| *head = other);
    dir.refused(DECRYPT, 4, &["not the one that these data give", "--allow-deviation"]);
    // and ours with every sign turned
    forge(&dir, |_, _, head| head.weights.iter_mut().for_each(|one| *one = negated(one)));
    dir.refused(DECRYPT, 4, &["not the one that these data give"]);
    let looked = dir.ok(&format!("{DECRYPT} --allow-deviation"));
    assert!(looked.stderr.contains("warning: the head is not the one"), "{}", looked.stderr);
    let publish = dir.run(&format!("{DECRYPT} --allow-deviation --publish public --overwrite"));
    assert_eq!(publish.code, 2, "{}", publish.stderr);
}

#[test]
fn scores_of_other_samples() {
    let dir = Dir::new();
    dir.write("data.csv", table(80))
        .write("new.csv", table(40))
        .write("same-size.csv", table(60).replace("sick", "well"));
    let rows: Vec<String> = table(80).lines().skip(41).map(str::to_owned).collect();
    dir.write("same-size.csv", format!("a,b,c,label\n{}\n", rows[..40].join("\n")));
    dir.ok(&format!("estimate --features data.csv --out plan.json --scoring {FAST}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("encrypt --for-scoring --features new.csv --plan plan.json --keys keys --out new.enc");
    dir.ok("score --head head.enc --data new.enc --keys keys/eval --out scores.enc");
    let predict = "predict --scores scores.enc --plan plan.json --keys keys --out p.csv --features";
    dir.refused(
        &format!("{predict} same-size.csv"),
        4,
        &["these scores came of other samples than those given"],
    );
    let said = dir.ok(&format!("{predict} new.csv --publish public.csv --json")).json();
    assert_eq!((said["secrecy"].as_str(), said["published"].as_str()), (Some("private"), Some("public.csv")));
    let classes = |name: &str| -> Vec<String> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        text.lines().map(|line| line.split(',').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(classes("p.csv"), classes("public.csv"));
    assert_ne!(dir.read("p.csv"), dir.read("public.csv"));

    // the same scores with their signs turned, and in the clear
    let bytes = dir.read("scores.enc");
    let reader = Reader::new(Cursor::new(unsigned(&bytes)), "scores").unwrap();
    let (job, origin, iteration, scores): files::Scores<BuiltIn> =
        files::read_scores(reader, &parameters()).unwrap();
    let forged = |alter: &dyn Fn(&Ciphertext) -> Ciphertext| {
        let scores: Vec<Vec<Ciphertext>> =
            scores.iter().map(|block| block.iter().map(alter).collect()).collect();
        let forged = files::write_scores(Vec::new(), "forged", &job, &origin, iteration, &scores).unwrap();
        dir.write("scores.enc", sign(&forged, &home().join("identity.key")));
    };
    let predict = format!("{predict} new.csv --overwrite").replace("p.csv", "q.csv");
    forged(&negated);
    dir.refused(&predict, 4, &["scores are not those that the head of this plan gives"]);
    forged(&|one| exchange(one, 1));
    dir.refused(&predict, 4, &["a ciphertext that encrypts nothing"]);
}
