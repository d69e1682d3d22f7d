//! What the program says: in JSON, about other programs' names, and never about the data.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::util::{Dir, FAST, copy_of_finished, finished, table};

#[test]
fn usage_errors_are_json_too() {
    let dir = Dir::new();
    for (line, message, help) in [
        ("run --json --frobnicate --out o", "unexpected argument '--frobnicate'", "Usage: train-head run"),
        (
            "run --json --target y --features t.csv --out o",
            "'--target'",
            "train-head calls it --label-column",
        ),
        ("estimate --json --max-iter many --features t.csv", "'many'", ""),
        ("frobnicate --json", "unrecognized subcommand", "Usage"),
    ] {
        let said = dir.run(line);
        assert_eq!(said.code, 2, "{line}");
        let error = said.json()["error"].clone();
        assert_eq!((error["code"].as_u64(), error["kind"].as_str()), (Some(2), Some("usage")), "{line}");
        assert!(error["message"].as_str().unwrap().contains(message), "{line}: {error}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{line}: {error}");
        assert!(said.stderr.contains("error:"), "{line}");
    }
    assert!(dir.run("run --help --json").stdout.contains("Usage: train-head run"));
}

#[test]
fn a_job_file_is_named_where_it_is_wrong() {
    let dir = Dir::new();
    dir.write("job.toml", "frobnicate = 1\n").write("t.csv", table(80));
    dir.refused("estimate --features t.csv --job job.toml", 2, &["--frobnicate comes from job.toml"]);
    dir.write("job.toml", "max_iter = \"many\"\n");
    dir.refused("estimate --features t.csv --job job.toml", 2, &["--max-iter comes from job.toml"]);
}

/// A full disk takes no messages either. The exit code still says what happened, and nothing waits for ever.
#[test]
#[cfg(target_os = "linux")]
fn a_command_that_cannot_say_why_it_fails_ends_all_the_same() {
    let dir = Dir::new();
    dir.write("t.csv", table(80));
    let plan = format!("estimate --features t.csv --out plan.json {FAST}");
    for (line, code) in [("inspect nothing", 4), ("frobnicate", 2), ("run --target y", 2), (&*plan, 0)] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut child =
            dir.command().args(line.split_whitespace()).stdout(Stdio::null()).stderr(full).spawn().unwrap();
        let began = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if began.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(ended, Some(code), "{line}");
    }
}

/// Tokenizers log whole texts at the finest level. Nothing of it may reach the screen, whatever is asked for.
#[test]
fn no_log_holds_a_text_a_label_or_a_value() {
    const CANARY: &str = "canarius";
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-MiniLM-L6-v2");
    let dir = Dir::new();
    let mut notes = "text,label\n".to_owned();
    let mut numbers = "a,b,label\n".to_owned();
    for i in 0..40 {
        let label = if i % 2 == 0 { "canarius-ill" } else { "canarius-well" };
        notes.push_str(&format!("Patient canarius {i} was seen,{label}\n"));
        numbers.push_str(&format!("{}.271828,{},{label}\n", i % 2 * 3 + i % 5, i % 7));
    }
    dir.write("notes.csv", notes).write("numbers.csv", numbers);
    for (level, filter) in
        [("-v", ""), ("-vv", ""), ("-vvv", ""), ("", "trace"), ("", "tokenizers=trace,log=trace")]
    {
        for line in [
            format!("embed --input notes.csv --model-id {model} --out e.safetensors --overwrite {level}"),
            format!("run --features numbers.csv --out out --overwrite {FAST} {level}"),
        ] {
            let mut command = dir.command();
            let output = command.args(line.split_whitespace()).env("RUST_LOG", filter).output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{line}: {stderr}");
            assert!(!stderr.contains(CANARY) && !stderr.contains("271828"), "{line} {filter}:\n{stderr}");
        }
    }
}

#[test]
fn inspect_speaks_plainly_and_takes_folders() {
    let dir = finished();
    for (path, says) in [
        ("keys", "compute party gets `eval` and nothing else"),
        ("keys/eval", "can decrypt nothing"),
        ("head", "classes"),
        ("plan.json", "private"),
        ("data.enc", "for the compute party (train --data)"),
    ] {
        let said = dir.ok(&format!("inspect {path}"));
        assert!(said.stdout.contains(says), "{path}: {}", said.stdout);
        assert!(!said.stdout.contains('{'), "{path}: {}", said.stdout);
    }
    assert_eq!(dir.ok("inspect keys/eval --json").json()["kind"], "evaluation keys");
    let empty = Dir::new();
    std::fs::create_dir(empty.path("empty")).unwrap();
    empty.refused("inspect empty", 4, &["nothing that train-head wrote"]);
}

#[test]
fn a_folder_that_is_meant_is_named() {
    let dir = copy_of_finished();
    let decrypt = "decrypt --head head.enc --plan plan.json --out again --keys";
    dir.refused(&format!("{decrypt} keys/eval"), 4, &["holds evaluation keys", "--keys keys"]);
    dir.refused(&format!("{decrypt} keys/secret.key"), 4, &["is a file", "--keys keys"]);
    dir.refused(&format!("{decrypt} head"), 4, &["holds no secret key", "train-head keygen"]);
    dir.refused(&format!("{decrypt} nowhere"), 4, &["nowhere: no such folder"]);
    std::fs::create_dir(dir.path("job")).unwrap();
    std::fs::rename(dir.path("keys/eval"), dir.path("job/eval")).unwrap();
    dir.refused(
        "train --data data.enc --keys job --out again.enc",
        4,
        &["no evaluation keys", "--keys job/eval"],
    );
    dir.refused("eval --head head.enc --features table.csv", 4, &["not a decrypted head", "decrypt"]);
}

#[test]
fn keys_of_another_plan_are_refused_before_any_work() {
    let dir = copy_of_finished();
    dir.ok("estimate --features table.csv --out other.json --preset n14-l8 --max-iter 2 --sigmoid-degree 3");
    let line = "encrypt --features nowhere.csv --plan other.json --keys keys --out other.enc";
    dir.refused(line, 4, &["keys of another plan", "relinearisation at level", "keygen --plan"]);
}

#[test]
fn inspect_says_what_other_files_are() {
    let dir = copy_of_finished();
    dir.ok("bundle keys/eval data.enc --out b.tar");
    dir.write("job.toml", "max_iter = 2\n").write("t.csv.gz", "x").write("a.npy", b"\x93NUMPY\x01\x00");
    for (path, kind, says) in [
        ("b.tar", "bundle", "1 x encrypted data"),
        ("table.csv", "table", "table of another program"),
        ("t.csv.gz", "table", "--features"),
        ("job.toml", "job file", "--job"),
        ("a.npy", "array", "NumPy"),
    ] {
        let said = dir.ok(&format!("inspect {path}"));
        assert!(said.stdout.contains(says), "{path}: {}", said.stdout);
        assert_eq!(dir.ok(&format!("inspect {path} --json")).json()["kind"], kind, "{path}");
    }
    dir.write("noise", "patient 7");
    dir.refused("inspect noise", 4, &["noise"]);
}

#[cfg(unix)]
#[test]
fn a_passphrase_that_others_can_read_is_remarked_upon() {
    use std::os::unix::fs::PermissionsExt;
    let dir = copy_of_finished();
    dir.write("pass", "secret words\n");
    let mode = |mode| std::fs::set_permissions(dir.path("pass"), PermissionsExt::from_mode(mode)).unwrap();
    let line = "keygen --plan plan.json --out keys-2 --overwrite --passphrase-file pass";
    mode(0o644);
    let said = dir.ok(line);
    assert!(said.stderr.contains("others can read pass"), "{}", said.stderr);
    mode(0o600);
    let said = dir.ok(&line.replace("keys-2", "keys-3"));
    assert!(!said.stderr.contains("others can read"), "{}", said.stderr);
}

/// A column has one purpose: every pair of flags that contradict each other is refused with both.
#[test]
fn contradictory_purposes_of_a_column_are_refused() {
    let dir = Dir::new();
    dir.write("t.csv", table(80));
    for (a, b) in [
        ("--group-column a", "--sample-weight a"),
        ("--label-column label", "--sample-weight label"),
        ("--label-column label", "--group-column label"),
        ("--label-column label", "--id-column label"),
        ("--sample-weight a", "--id-column a"),
        ("--sample-weight a", "--numeric a"),
        ("--group-column a", "--drop a"),
        ("--id-column a", "--drop a"),
        ("--keep-columns a", "--categorical a"),
        ("--drop a", "--numeric a"),
        ("--numeric a", "--categorical a"),
        ("--drop a", "--impute a=mean"),
    ] {
        let b = b.replace("a=mean", "a=mean ");
        let line = format!("estimate --features t.csv {a} {b} {FAST}");
        let (a, b) = (a.split(' ').next().unwrap(), b.split(' ').next().unwrap());
        dir.refused(&line, 2, &[a, b, "a column has one purpose"]);
    }
    dir.ok(&format!("estimate --features t.csv --group-column b --id-column b --keep-columns b {FAST}"));
    // an array has no columns that could have one
    dir.ok("presets");
    let npy = b"\x93NUMPY\x01\x00\x3c\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}  \n";
    dir.write("x.npy", [&npy[..], &1f64.to_le_bytes()].concat()).write("y.csv", "label\n1\n");
    for flag in ["--group-column g", "--id-column g", "--sample-weight g"] {
        let line = format!("estimate --features x.npy --labels y.csv {flag} {FAST}");
        dir.refused(&line, 2, &[flag, "keeps no such column"]);
    }
    dir.refused(
        &format!("estimate --features x.npy --labels y.csv --drop g {FAST}"),
        2,
        &["--drop g", "an array"],
    );
}
