//! Every way to hand over the same numbers gives the same plan.

use crate::util::{Dir, FAST, table};

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn tables_and_arrays() {
    let dir = Dir::new();
    let rows: Vec<Vec<String>> =
        table(80).lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let jsonl: String = rows
        .iter()
        .map(|row| {
            format!(
                "{{\"a\": {}, \"b\": {}, \"c\": {}, \"label\": \"{}\"}}\n",
                row[0], row[1], row[2], row[3]
            )
        })
        .collect();
    let x: Vec<u8> = rows
        .iter()
        .flat_map(|row| &row[..3])
        .flat_map(|value| value.parse::<f64>().unwrap().to_le_bytes())
        .collect();
    let y: Vec<u8> = rows
        .iter()
        .flat_map(|row| row[3].chars().map(u32::from).collect::<Vec<_>>())
        .flat_map(u32::to_le_bytes)
        .collect();
    let labels: String = rows.iter().map(|row| format!("{}\n", row[3])).collect();
    dir.write("t.csv", table(80))
        .write("t.tsv", table(80).replace(',', "\t"))
        .write("semicolons.csv", table(80).replace(',', ";"))
        .write("t.data", table(80))
        .write("t.jsonl", jsonl)
        .write("x.npy", npy("<f8", "(80, 3)", &x))
        .write("y.npy", npy("<U4", "(80,)", &y))
        .write("y.csv", format!("anything\n{labels}"))
        .write("renamed.csv", table(80).replace("label", "outcome"));
    let mut plans = Vec::new();
    for data in [
        "t.csv",
        "t.tsv",
        "semicolons.csv",
        "t.data --format csv",
        "t.jsonl",
        "x.npy --labels y.npy",
        "x.npy --labels y.csv",
        "renamed.csv --label-column outcome",
    ] {
        dir.ok(&format!("estimate --features {data} --out plan.json --overwrite {FAST}"));
        let mut plan = dir.plan("plan.json");
        // what an array does not have
        for field in ["feature_names", "table", "label_columns"] {
            plan.as_object_mut().unwrap().remove(field);
        }
        plans.push((data, plan));
    }
    for (data, plan) in &plans {
        assert_eq!(plan, &plans[0].1, "{data}");
    }
}

#[test]
fn numbers_as_labels_and_a_column_to_ignore() {
    let dir = Dir::new();
    let data = table(80).replace("sick", "1").replace("well", "0.0");
    let data: String = data
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 0 { format!("name,{line}\n") } else { format!("n{i},{line}\n") })
        .collect();
    dir.write("t.csv", data);
    dir.ok(&format!("estimate --features t.csv --ignore-column name --out plan.json --overwrite {FAST}"));
    let plan = dir.json("plan.json");
    assert_eq!(plan["classes"], serde_json::json!(["0", "1"]));
    assert_eq!(plan["feature_names"], serde_json::json!(["a", "b", "c"]));
}

#[test]
fn a_plan_from_sizes_alone() {
    let dir = Dir::new();
    // two iterations need few levels, and the smallest ring that has them is the cheapest
    let short = dir.ok("estimate --samples 2000 --dimension 384 --max-iter 2 --json").json();
    assert_eq!(short["preset"].as_str(), Some("n14-l8"));
    let plan = dir.ok("estimate --samples 16384 --dimension 500 --preset n15-l18 --json").json();
    // 512 padded features of 16384 samples, two in a slot: 256 ciphertexts of the samples
    assert_eq!(plan["packing"]["complex"], true);
    assert_eq!(plan["ciphertexts"].as_u64(), Some(256 + 2 * 2));
    assert!((1 << 29..1 << 30).contains(&plan["bytes"]["data"].as_u64().unwrap()));
    let text = dir.ok("estimate --samples 16384 --dimension 500").stdout;
    for word in ["security", "levels", "keys", "upload", "memory", "time"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_job_file_stands_for_flags() {
    let dir = Dir::new();
    dir.write("t.csv", table(80));
    dir.ok("tune --features t.csv --max-iter 2 --class-weight none --out job.toml");
    let job = String::from_utf8(dir.read("job.toml")).unwrap();
    for line in ["max_iter = 2", "head = \"logreg\"", "preprocess = \"whiten\""] {
        assert!(job.contains(line), "{line}: {job}");
    }
    dir.ok("estimate --features t.csv --max-iter 2 --out typed.json");
    dir.ok("estimate --features t.csv --job job.toml --out read.json");
    assert_eq!(dir.plan("read.json"), dir.plan("typed.json"));
    // what is typed wins
    let plan = dir.ok("estimate --features t.csv --job job.toml --max-iter 1 --json").json();
    assert_eq!(plan["iterations"].as_u64(), Some(1));

    dir.write("bad.toml", "max_iter = many").write("unknown.toml", "maximum = 3");
    dir.refused("estimate --features t.csv --job bad.toml", 2, &["bad.toml: not a TOML file"]);
    dir.refused("estimate --features t.csv --job unknown.toml", 2, &["--maximum"]);
    dir.refused("estimate --features t.csv --job nowhere.toml", 2, &["cannot read nowhere.toml"]);
}

#[test]
fn a_plan_says_where_it_bootstraps() {
    let dir = Dir::new();
    let line = "estimate --samples 2000 --dimension 511 --max-iter 32 --solver nesterov";
    let plan = dir.ok(&format!("{line} --json")).json();
    assert_eq!(plan["preset"].as_str(), Some("n15-boot-l6"));
    let before = plan["bootstraps_before"].as_array().unwrap();
    assert_eq!(Some(before.len() as u64), plan["bootstraps"].as_u64());
    assert!(before.len() >= 15 && before.iter().all(|t| (2..=32).contains(&t.as_u64().unwrap())), "{plan}");
    // a head of 512 padded features: keys in files, and all that the training holds in memory
    assert!(plan["bytes"]["keys"].as_u64().unwrap() < 2_500_000_000, "{plan}");
    assert!(plan["bytes"]["memory"].as_u64().unwrap() < 6_000_000_000, "{plan}");
    assert!(dir.ok(line).stdout.contains("before iterations 3-32"));
}
