//! Encryption from features that stay in their file: interrupted, killed, continued.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use crate::util::{Dir, FAST, Said, copy_of};

const PARTIAL: &str = "data.enc.resumable.partial";
const MARKS: &str = "data.enc.resumable.marks";
const ENCRYPT: &str =
    "encrypt --features x.npy --labels y.npy --plan plan.json --keys keys --out data.enc --threads 1";

const ROWS: usize = 6000;
const COLUMNS: usize = 31;

/// A NumPy array of f32.
fn npy(shape: &str, numbers: impl Iterator<Item = f32>) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.flat_map(f32::to_le_bytes));
    bytes
}

fn features(shift: f32) -> Vec<u8> {
    let number = move |at: usize| {
        let (row, column) = (at / COLUMNS, at % COLUMNS);
        let noise = ((row * 37 + column * 101) as f32 * 0.71).sin();
        if column == 0 { noise + shift * (2.0 * (row % 2) as f32 - 1.0) } else { noise }
    };
    npy(&format!("({ROWS}, {COLUMNS})"), (0..ROWS * COLUMNS).map(number))
}

/// Samples of many blocks, a plan for them and its keys.
fn ready() -> Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    copy_of(DIR.get_or_init(|| {
        let dir = Dir::new();
        dir.write("x.npy", features(0.9)).write("other.npy", features(0.8));
        dir.write("y.npy", npy(&format!("({ROWS},)"), (0..ROWS).map(|row| (row % 2) as f32)));
        let data = "--features x.npy --labels y.npy";
        let flags = format!("{FAST} --scoring --learning-rate 1 --sigmoid-interval 8");
        dir.ok(&format!("estimate {data} --out plan.json {flags}"));
        dir.ok(&format!("estimate {data} --out plan2.json {flags}"));
        dir.ok("keygen --plan plan.json --out keys --no-passphrase");
        dir.ok("keygen --plan plan.json --out keys2 --no-passphrase");
        dir
    }))
}

/// Sends a signal to an encryption that has written a whole block. It may be over by then, on a machine that does something else.
fn stopped(dir: &Dir, line: &str, signal: &str) -> Said {
    const ATTEMPTS: usize = 50;
    for _ in 0..ATTEMPTS {
        let mut running = dir.start(line);
        let seen = running.wait_for_file(|name| name.ends_with(".marks"));
        if seen {
            running.signal(signal);
        }
        let said = running.end();
        if dir.path(PARTIAL).exists() && dir.path(MARKS).exists() {
            return said;
        }
        // killed behind its last step it may leave marks, which are of no file then
        assert!(dir.path("data.enc").exists(), "{}", said.stderr);
        for name in ["data.enc", MARKS] {
            let _ = std::fs::remove_file(dir.path(name));
        }
    }
    panic!("{line}: it was never seen to write a block");
}

/// Bytes of the file up to its last mark.
fn whole(dir: &Dir) -> usize {
    let marks = dir.read(MARKS);
    let last = (marks.len() - 48) / 80 - 1;
    let length = marks[48 + 80 * last + 8..][..8].try_into().unwrap();
    u64::from_le_bytes(length) as usize
}

fn leftovers(dir: &Dir) -> Vec<String> {
    dir.list().into_iter().filter(|name| name.contains(".resumable") || name.contains(".partial")).collect()
}

#[test]
fn an_encryption_goes_on_behind_its_last_whole_block() {
    for (signal, code) in [("-KILL", -1), ("-INT", 130)] {
        let dir = ready();
        let said = stopped(&dir, ENCRYPT, signal);
        assert_eq!(said.code, code, "{}", said.stderr);
        let hint = said.stderr.contains("the same command with --resume continues");
        assert_eq!(hint, code == 130, "{}", said.stderr);
        assert!(!dir.path("data.enc").exists());
        assert_eq!(dir.path(MARKS).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // nothing is replaced unasked
        dir.refused(ENCRYPT, 2, &[PARTIAL, "what an interrupted encryption left", "--resume continues it"]);

        let (length, before) = (whole(&dir), dir.read(PARTIAL));
        let said = dir.ok(&format!("{ENCRYPT} --resume --json"));
        assert!(said.stderr.contains("continuing after block"), "{}", said.stderr);
        assert!(said.json()["resumed_after"].as_u64() > Some(0));
        assert_eq!(leftovers(&dir), [""; 0]);
        // whole blocks are those of the interrupted command; what was cut is not there again
        let after = dir.read("data.enc");
        assert_eq!(before[..length], after[..length]);
        let rest = before.len() - length;
        assert!(rest < 100 || before[length + 100..] != after[length + 100..before.len()]);

        dir.ok("train --data data.enc --keys keys/eval --out head.enc");
        // refuses a head that is not the one that the plan lets expect
        dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    }
}

#[test]
fn what_is_not_of_the_same_command_is_not_taken_up() {
    let dir = ready();
    stopped(&dir, ENCRYPT, "-KILL");
    let resume = format!("{ENCRYPT} --resume");
    dir.refused(&resume.replace("plan.json", "plan2.json"), 4, &["begun by another plan", "--overwrite"]);
    dir.refused(&resume.replace("--keys keys", "--keys keys2"), 4, &["begun under another secret key"]);
    dir.refused(&resume.replace("x.npy", "other.npy"), 3, &["the plan was made from other data"]);
    dir.ok("identity create --identity other.key");
    dir.refused(&format!("{resume} --identity other.key"), 4, &["another identity began it"]);

    // damage of the first block costs all, later damage what comes behind it
    let partial = dir.read(PARTIAL);
    let mut damaged = partial.clone();
    damaged[50_000] ^= 1;
    dir.write(PARTIAL, &damaged);
    dir.refused(&resume, 4, &["damaged before the end of its first block"]);
    // cut short in its last whole block, as after a loss of power
    dir.write(PARTIAL, &partial[..whole(&dir) - 1]);
    let marks = (dir.read(MARKS).len() - 48) / 80;
    if marks > 1 {
        dir.ok(&resume);
        dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    } else {
        dir.refused(&resume, 4, &["damaged before the end of its first block"]);
        dir.ok(&format!("{ENCRYPT} --overwrite"));
    }
    assert_eq!(leftovers(&dir), [""; 0]);
}

#[test]
fn an_encryption_may_start_anew() {
    let dir = ready();
    stopped(&dir, ENCRYPT, "-KILL");
    let said = dir.ok(&format!("{ENCRYPT} --overwrite"));
    assert!(!said.stderr.contains("continuing"), "{}", said.stderr);
    assert_eq!(leftovers(&dir), [""; 0]);
    // with nothing to continue, --resume begins
    std::fs::remove_file(dir.path("data.enc")).unwrap();
    let said = dir.ok(&format!("{ENCRYPT} --resume --json"));
    assert_eq!(said.json()["resumed_after"].as_u64(), Some(0));
    dir.refused(&format!("{ENCRYPT} --resume"), 2, &["the file exists already"]);
}

#[test]
fn samples_to_score_go_on_as_well() {
    let dir = ready();
    let line =
        "encrypt --for-scoring --features other.npy --plan plan.json --keys keys --out data.enc --threads 1";
    stopped(&dir, line, "-KILL");
    let others = line.replace("other.npy", "x.npy");
    dir.refused(&format!("{others} --resume"), 4, &["begun with other samples"]);
    dir.refused(&format!("{ENCRYPT} --resume"), 4, &["of another kind"]);
    dir.ok(&format!("{line} --resume"));
    dir.ok(&ENCRYPT.replace("data.enc", "training.enc"));
    dir.ok("train --data training.enc --keys keys/eval --out head.enc");
    dir.ok("score --head head.enc --data data.enc --keys keys/eval --out scores.enc");
    let scores = "predict --scores scores.enc --plan plan.json --keys keys --features other.npy";
    dir.ok(&format!("{scores} --out encrypted.csv"));
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    dir.ok("predict --head head --features other.npy --out plain.csv");
    let predicted = |name: &str| -> Vec<f64> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        let fields =
            |line: &str| line.split(',').filter_map(|field| field.parse().ok()).collect::<Vec<f64>>();
        text.lines().skip(1).flat_map(fields).collect()
    };
    let (encrypted, plain) = (predicted("encrypted.csv"), predicted("plain.csv"));
    assert!(encrypted.len() >= ROWS && encrypted.len() == plain.len());
    let far = encrypted.iter().zip(&plain).filter(|(one, other)| (*one - *other).abs() > 1e-2).count();
    assert!(far < ROWS / 1000, "{far}");
}

#[test]
fn features_in_a_file_are_checked_before_anything_is_written() {
    let dir = ready();
    let mut broken = dir.read("x.npy");
    let place = broken.len() - 4 * COLUMNS * 2;
    broken[place..place + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    dir.write("broken.npy", &broken);
    let line = ENCRYPT.replace("x.npy", "broken.npy");
    dir.refused(&line, 3, &[&format!("broken.npy: row {}, column 0: NaN", ROWS - 2)]);
}

#[test]
fn columns_that_lie_together_and_mini_batches_are_read_as_well() {
    let dir = ready();
    let data = "--features x.npy --labels y.npy";
    let batches = "--preset n13-l3 --max-iter 1 --sigmoid-degree 3 --sigmoid-interval 8 --learning-rate 1 --batch-size 2000";
    dir.ok(&format!("estimate {data} --out batches.json {batches} --validation-fraction 0.2"));
    dir.ok("keygen --plan batches.json --out batch-keys --no-passphrase");
    // the same numbers, column by column
    let (rows, header) = (dir.read("x.npy"), dir.read("x.npy").len() - 4 * ROWS * COLUMNS);
    let at = |row: usize, column: usize| &rows[header + 4 * (row * COLUMNS + column)..][..4];
    let number = |at: &[u8]| f32::from_le_bytes(at.try_into().unwrap());
    let columns = (0..COLUMNS)
        .flat_map(|column| (0..ROWS).map(move |row| (row, column)))
        .map(|(i, j)| number(at(i, j)));
    let mut turned = npy(&format!("({ROWS}, {COLUMNS})"), columns);
    let flag = turned.windows(5).position(|window| window == b"False").unwrap();
    turned[flag..flag + 5].copy_from_slice(b"True ");
    dir.write("turned.npy", turned);
    dir.ok("encrypt --features turned.npy --labels y.npy --plan batches.json --keys batch-keys --out data.enc --validation-out v.enc");
    dir.ok("train --data data.enc --keys batch-keys/eval --out head.enc");
    dir.ok("decrypt --head head.enc --plan batches.json --keys batch-keys --out head");
    // the validation samples of an interrupted command are kept
    std::fs::remove_file(dir.path("data.enc")).unwrap();
    let validation = dir.read("v.enc");
    let line = "encrypt --features x.npy --labels y.npy --plan batches.json --keys batch-keys --out data.enc --validation-out v.enc";
    dir.refused(line, 2, &["v.enc", "exists already"]);
    dir.ok(&format!("{line} --resume"));
    assert_eq!(dir.read("v.enc"), validation);
    dir.write("v.enc", "something else");
    std::fs::remove_file(dir.path("data.enc")).unwrap();
    dir.refused(&format!("{line} --resume"), 2, &["v.enc", "other contents"]);
}
