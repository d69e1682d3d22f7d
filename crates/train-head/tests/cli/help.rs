//! Help, usage errors, and what is printed where.

use crate::util::{Dir, finished};

#[test]
fn the_help_lists_commands_and_exit_codes() {
    let dir = Dir::new();
    let help = dir.ok("--help").stdout;
    let commands = [
        "run", "embed", "estimate", "tune", "keygen", "encrypt", "train", "decrypt", "eval", "predict",
        "inspect", "presets", "score", "watch", "serve", "studio", "look",
    ];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(dir.ok(&format!("{command} --help")).stdout.contains("Usage: train-head"), "{command}");
    }
    assert!(help.contains("Exit codes:") && help.contains("130  interrupted"));
    assert!(dir.ok("--version").stdout.starts_with("train-head "));
}

#[test]
fn usage_errors_end_with_2() {
    let dir = Dir::new();
    for line in [
        "",
        "frobnicate",
        "run",
        "run --out out",
        "run --features a.csv --input b.csv --out out",
        "run --features a.csv --test-size 2 --out out",
        "run --features a.csv --test-input b.csv --out out",
        "run --features a.csv --test-size 0.3 --test-features b.csv --out out",
        "run --features a.csv --max-iter 0 --out out",
        "run --features a.csv --max-iter many --out out",
        "run --features a.csv --alpha 1 --C 1 --out out",
        "embed --input a.csv --out a.bin",
        "keygen --plan p --out k --no-passphrase --passphrase-file f",
        "presets --quiet --verbose",
        "presets --threads 0",
    ] {
        let said = dir.run(line);
        assert_eq!(said.code, 2, "{line}\n{}{}", said.stdout, said.stderr);
        assert!(!said.stderr.is_empty(), "{line}");
        assert!(dir.list().is_empty(), "{line}");
    }
}

#[test]
fn every_preset_is_within_its_limit() {
    let json = Dir::new().ok("presets --json").json();
    let presets = json["presets"].as_array().unwrap();
    assert!(presets.len() >= 4);
    for preset in presets {
        assert_eq!(preset["security_bits"].as_u64(), Some(128));
        for object in preset["objects"].as_array().unwrap() {
            assert!(object["log_qp"].as_f64().unwrap() <= object["limit"].as_f64().unwrap(), "{object}");
        }
    }
}

#[test]
fn the_parameters_page_is_what_the_program_prints() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/parameters.md");
    let printed = Dir::new().ok("presets --markdown").stdout;
    assert_eq!(
        std::fs::read_to_string(page).unwrap(),
        printed,
        "write docs/parameters.md with `train-head presets --markdown`"
    );
}

#[test]
fn json_goes_to_standard_output_and_nothing_else_does() {
    let dir = finished();
    for line in [
        "eval --head head --features table.csv",
        "presets",
        "inspect plan.json",
        "estimate --samples 9 --dimension 9",
    ] {
        let said = dir.ok(&format!("{line} --json"));
        assert_eq!(said.stdout.lines().count(), 1, "{line}");
        assert!(said.json().is_object(), "{line}");
        let said = dir.ok(&format!("{line} --quiet"));
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{line}: {}{}", said.stdout, said.stderr);
    }
}

#[test]
fn logs_are_plain_text_where_there_is_no_terminal() {
    let said = finished().ok("presets -vvv");
    assert!(!said.stderr.contains('\u{1b}'), "{}", said.stderr);
}
