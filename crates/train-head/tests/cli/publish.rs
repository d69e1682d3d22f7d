//! Private heads, and the exact twins that may be published.

use serde_json::Value;

use crate::targets::patients;
use crate::util::{Dir, FAST, copy_of_finished, table, table_of_three};

#[cfg(unix)]
fn mode(dir: &Dir, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777
}

/// What each row of a table of predictions says of its secrecy.
fn marks(dir: &Dir, name: &str) -> Vec<String> {
    let text = String::from_utf8(dir.read(name)).unwrap();
    let mut lines = text.lines().map(|line| line.rsplit(',').next().unwrap().to_owned());
    assert_eq!(lines.next().as_deref(), Some("secrecy"));
    lines.collect()
}

#[test]
fn a_decrypted_head_is_as_secret_as_the_key() {
    let dir = copy_of_finished();
    let said = dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out new");
    assert!(said.stdout.contains("private, as secret as the key"), "{}", said.stdout);
    assert!(said.stdout.contains("of what noise and approximation explain"), "{}", said.stdout);
    let head = dir.json("new/head.json");
    assert_eq!(head["secrecy"].as_str(), Some("private"));
    assert!(head["notice"].as_str().unwrap().contains("as secret as the key"), "{head}");
    #[cfg(unix)]
    for name in ["new/head.json", "new/head.safetensors"] {
        assert_eq!(mode(&dir, name), 0o600, "{name}");
    }
    let said = dir.ok("predict --head new --features table.csv --out p.csv --json").json();
    assert_eq!(said["secrecy"].as_str(), Some("private"));
    assert_eq!(marks(&dir, "p.csv"), ["private"; 80]);
    #[cfg(unix)]
    assert_eq!(mode(&dir, "p.csv"), 0o600);
}

#[test]
fn the_exact_twin_is_published() {
    let dir = copy_of_finished();
    let said = dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out new --publish public");
    for leaves in
        ["never decrypted", "names of the features: a, b, c", "sick, well", "folded into the weights"]
    {
        assert!(said.stdout.contains(leaves), "{leaves} is not in:\n{}", said.stdout);
    }
    let head = dir.json("public/head.json");
    assert_eq!(
        (head["secrecy"].as_str(), head["training"]["encrypted"].as_bool()),
        (Some("published"), Some(false))
    );
    assert_ne!(dir.read("public/head.safetensors"), dir.read("new/head.safetensors"));
    #[cfg(unix)]
    assert_eq!(mode(&dir, "public/head.safetensors"), 0o644);
    // noise is drawn anew, so two decrypted heads differ; what is published is the same, bit for bit
    dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out again.enc");
    dir.ok("train --data again.enc --keys keys/eval --out again-head.enc");
    dir.ok("decrypt --head again-head.enc --plan plan.json --keys keys --out again --publish public-again");
    assert_ne!(dir.read("again/head.safetensors"), dir.read("new/head.safetensors"));
    assert_eq!(dir.read("public-again/head.safetensors"), dir.read("public/head.safetensors"));
    assert_eq!(dir.read("public-again/head.json"), dir.read("public/head.json"));

    for head in ["new", "public"] {
        let measured = dir.ok(&format!("eval --head {head} --features table.csv --json")).json();
        assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.85, "{measured}");
        dir.ok(&format!("predict --head {head} --features table.csv --out {head}.csv"));
    }
    assert_eq!(marks(&dir, "new.csv"), ["private"; 80]);
    assert_eq!(marks(&dir, "public.csv"), ["published"; 80]);
    #[cfg(unix)]
    assert_eq!((mode(&dir, "new.csv"), mode(&dir, "public.csv")), (0o600, 0o644));
    dir.refused(
        "decrypt --head head.enc --plan plan.json --keys keys --out newer --publish public",
        2,
        &["--publish"],
    );
}

#[test]
fn nothing_is_published_that_started_from_a_private_head() {
    let dir = Dir::new();
    dir.write("data.csv", table(80));
    let run = format!("run --features data.csv {FAST}");
    dir.ok(&format!("{run} --out first --publish public"));
    let line = format!("{run} --warm-start first --out second --publish more").replace("n13-l3", "n14-l8");
    dir.refused(&line, 2, &["starts from a private head"]);
    // a published one is as good a start
    dir.ok(&line.replace("--warm-start first", "--warm-start public"));
    assert_eq!(dir.json("more/head.json")["secrecy"].as_str(), Some("published"));
    let flags = FAST.replace("n13-l3", "n14-l8");
    dir.ok(&format!("estimate --features data.csv --warm-start first --out plan.json {flags}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features data.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    let decrypt = "decrypt --head head.enc --plan plan.json --keys keys --out head";
    dir.refused(&format!("{decrypt} --publish x"), 5, &["nothing to publish"]);
    dir.ok(decrypt);
}

/// The published results of a run hold nothing that was decrypted: a second run with fresh noise publishes the same.
#[test]
fn published_reports_come_of_the_twin() {
    let dir = Dir::new();
    dir.write("data.csv", table(160));
    for run in ["1", "2"] {
        dir.ok(&format!(
            "run --features data.csv --out out{run} --publish public{run} --scoring --threshold youden {FAST}"
        ));
    }
    assert_ne!(dir.read("out1/head.safetensors"), dir.read("out2/head.safetensors"));
    assert_eq!(dir.read("public1/predictions.csv"), dir.read("public2/predictions.csv"));
    assert_eq!(dir.read("public1/head.json"), dir.read("public2/head.json"));
    assert_eq!(dir.read("public1/head.safetensors"), dir.read("public2/head.safetensors"));
    let report = |name: &str| {
        let mut report = dir.json(&format!("{name}/report.json"));
        let fields = report.as_object_mut().unwrap();
        for timed in ["seconds", "bytes", "unix_time", "peak_rss_bytes"] {
            fields.remove(timed);
        }
        report
    };
    assert_eq!(report("public1"), report("public2"));
    let (private, public) = (report("out1"), report("public1"));
    assert_eq!(
        (private["secrecy"].as_str(), public["secrecy"].as_str()),
        (Some("private"), Some("published"))
    );
    for of_decrypted in
        ["max_weight_error", "max_weight_error_simulate", "prediction_agreement", "scoring", "validation"]
    {
        assert!(public[of_decrypted].is_null(), "{of_decrypted}");
    }
    assert_eq!(public["encrypted"], public["plain"]);
    let page = String::from_utf8(dir.read("public1/report.html")).unwrap();
    assert!(page.contains("may be published") && page.contains("published head"), "the page of the twin");
    assert!(!page.contains("The encrypted head") && !page.contains("NaN"), "the page of the twin");
    let page = String::from_utf8(dir.read("out1/report.html")).unwrap();
    assert!(page.contains("as secret as the key"));
}

/// The accuracy of published heads beside that of private ones, for each kind of head: the table of docs/notes/heads.md.
#[test]
fn published_heads_are_as_good_as_private_ones() {
    let linear = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3";
    let kinds: [(&str, String, String); 6] = [
        ("logistic", table(240), linear.into()),
        ("softmax", table_of_three(240), "--head softmax --preset n14-l8 --max-iter 2".into()),
        ("ordinal", patients(240), format!("--head ordinal --label-column grade --drop cost,days,fever,cough,findings --class-order mild,moderate,severe {linear}")),
        ("ridge", patients(240), "--head ridge --label-column cost --drop days,fever,cough,findings,grade --preset n14-l8 --max-iter 2".into()),
        ("mlp", crate::hidden_layer::corners(240, 2), "--head mlp --hidden-layer-sizes 8 --preset n15-l18 --max-iter 2 --activation square".into()),
        ("multi-label", patients(240), format!("--label-column findings --drop cost,days,fever,cough,grade {linear}")),
    ];
    println!("| head | measure | private | published |\n|---|---|---|---|");
    for (kind, data, flags) in kinds {
        let dir = Dir::new();
        dir.write("data.csv", data);
        dir.ok(&format!("run --features data.csv --out out --publish public {flags}"));
        let measure = |report: &Value| match kind {
            "ridge" => ("R2", report["encrypted"][0]["r2"]["value"].as_f64().unwrap()),
            "multi-label" => ("all labels right", report["encrypted"]["subset_accuracy"].as_f64().unwrap()),
            _ => ("accuracy", report["encrypted"]["accuracy"].as_f64().unwrap()),
        };
        let ((name, private), (_, public)) =
            (measure(&dir.json("out/report.json")), measure(&dir.json("public/report.json")));
        println!("| {kind} | {name} | {private:.3} | {public:.3} |");
        assert!((private - public).abs() < 0.05, "{kind}: {private} and {public}");
        // and the head itself reads and measures
        assert_eq!(dir.json("public/head.json")["secrecy"].as_str(), Some("published"));
    }
}
