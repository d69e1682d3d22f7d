//! What the program says: in JSON, about other programs' names, and never about the data.

use crate::util::{Dir, FAST, finished, table};

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
