//! The steps one by one, as two parties take them.

use crate::util::{Dir, FAST, copy_of_finished, finished, table};

#[test]
fn each_step_says_what_it_did() {
    let dir = Dir::new();
    dir.write("table.csv", table(80));
    let plan = dir.ok(&format!("estimate --features table.csv --out plan.json {FAST} --json")).json();
    assert_eq!((plan["preset"].as_str(), plan["security_bits"].as_u64()), (Some("n13-l3"), Some(128)));
    assert_eq!((plan["samples"].as_u64(), plan["features"].as_u64()), (Some(80), Some(3)));

    let keys = dir.ok("keygen --plan plan.json --out keys --no-passphrase --json").json();
    assert_eq!(keys["evaluation_keys"], plan["keys"]);
    let encrypted =
        dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc --json").json();
    assert_eq!(encrypted["key_id"], keys["key_id"]);
    assert_eq!(encrypted["bytes"].as_u64(), Some(dir.read("data.enc").len() as u64));

    // the compute party has the data and the evaluation keys, and nothing else
    let compute = Dir::new();
    compute.write("data.enc", dir.read("data.enc"));
    std::fs::create_dir(compute.path("eval")).unwrap();
    for name in dir.list().iter().filter(|name| name.starts_with("keys/eval/")) {
        compute.write(name.strip_prefix("keys/").unwrap(), dir.read(name));
    }
    let trained = compute.ok("train --data data.enc --keys eval --out head.enc --json").json();
    assert_eq!((trained["iterations"].as_u64(), trained["bootstraps"].as_u64()), (Some(1), Some(0)));

    dir.write("head.enc", compute.read("head.enc"));
    let head = dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head --json").json();
    assert_eq!(head["classes"], serde_json::json!(["sick", "well"]));
    let measured = dir.ok("eval --head head --features table.csv --json").json();
    assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.85, "{measured}");
}

#[test]
fn what_lies_in_the_folder() {
    let names = finished().list();
    for name in [
        "plan.json",
        "plan.safetensors",
        "keys/secret.key",
        "keys/public.key",
        "data.enc",
        "head.enc",
        "head/head.json",
        "head/head.safetensors",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("keys/eval/relinearisation-level-")));
    assert!(!names.iter().any(|name| name.contains("partial")), "{names:?}");
}

#[cfg(unix)]
#[test]
fn what_is_private_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    for name in ["keys/secret.key", "plan.json", "plan.safetensors"] {
        let mode = std::fs::metadata(finished().path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_second_training_gives_the_same_head() {
    let dir = copy_of_finished();
    dir.ok("train --data data.enc --keys keys/eval --out again.enc");
    assert_eq!(dir.read("again.enc"), dir.read("head.enc"));
    dir.ok("train --data data.enc --keys keys/eval --out again.enc --overwrite --threads 1");
    assert_eq!(dir.read("again.enc"), dir.read("head.enc"));
}

/// With less memory than all samples take, they are read in each iteration; with less than that, the training is refused.
#[test]
fn a_training_in_little_memory_gives_the_same_head() {
    let dir = Dir::new();
    dir.write("table.csv", table(100_000));
    // several blocks, and more passes than those for which nothing is kept anyway
    let method = "--preset n15-l18 --max-iter 3 --sigmoid-degree 3 --sigmoid-interval 8 --learning-rate 1 --solver gd \
                  --preprocess standardize";
    let plan = dir.ok(&format!("estimate --features table.csv --out plan.json {method} --json")).json();
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    let [least, whole] = ["least_memory", "memory"].map(|name| plan["bytes"][name].as_u64().unwrap());
    assert!(least < whole);

    let train = |bytes: u64| {
        dir.run(&format!(
            "train --data data.enc --keys keys/eval --out again.enc --overwrite --memory {bytes}"
        ))
    };
    let refused = train(least / 2);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("of memory") && refused.stderr.contains("--memory"),
        "{}",
        refused.stderr
    );
    // the plan's figures and those of the files differ a little
    let fits = (0..64).map(|step| train(least + step * (whole - least) / 64)).find(|said| said.code == 0);
    let said = fits.unwrap();
    assert!(said.stderr.contains("blocks of samples fit into memory"), "{}", said.stderr);
    assert_eq!(dir.read("again.enc"), dir.read("head.enc"));
}

#[test]
fn predictions_need_no_labels_and_any_order_of_columns() {
    let dir = copy_of_finished();
    let mut turned = "c,other,b,a\n".to_owned();
    for line in table(80).lines().skip(1) {
        let [a, b, c, _] = line.split(',').collect::<Vec<_>>()[..] else { panic!() };
        turned += &format!("{c},x,{b},{a}\n");
    }
    dir.write("turned.csv", turned);
    dir.ok("predict --head head --features turned.csv --out turned-out.csv");
    let said = dir.ok("predict --head head --features table.csv --out out.csv --json");
    assert_eq!(said.json()["samples"].as_u64(), Some(80));
    let column = |name: &str, at: usize| -> Vec<String> {
        let text = String::from_utf8(dir.read(name)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
    };
    assert_eq!(column("turned-out.csv", 2), column("out.csv", 3));
    assert!(
        String::from_utf8(dir.read("out.csv"))
            .unwrap()
            .starts_with("sample,label,predicted,probability,secrecy\n")
    );
}

#[test]
fn inspect_knows_every_file() {
    let dir = finished();
    let key = dir.list().into_iter().find(|name| name.contains("relinearisation")).unwrap();
    for (file, kind) in [
        ("keys/secret.key", "secret key"),
        ("keys/public.key", "public key"),
        (key.as_str(), "evaluation key"),
        ("data.enc", "encrypted data"),
        ("head.enc", "encrypted head"),
        ("plan.json", "plan"),
        ("head/head.json", "head"),
        ("head/head.safetensors", "head"),
    ] {
        let json = dir.ok(&format!("inspect {file} --verify --json")).json();
        assert_eq!(json["kind"].as_str(), Some(kind), "{file}");
        assert_eq!(json["bytes"].as_u64(), Some(dir.read(file).len() as u64), "{file}");
        assert!(dir.ok(&format!("inspect {file}")).stdout.contains(kind));
    }
    for head in ["head", "head/head.json", "head/head.safetensors"] {
        let json = dir.ok(&format!("inspect {head} --json")).json();
        assert_eq!(json["description"], dir.json("head/head.json"), "{head}");
    }
    let json = dir.ok("inspect head.enc --json").json();
    assert!(json["first_item"][0].as_str().unwrap().contains("ciphertext at level 0"), "{json}");
}

#[test]
fn an_existing_secret_key_is_not_overwritten() {
    let dir = copy_of_finished();
    dir.refused("keygen --plan plan.json --out keys --no-passphrase", 2, &["keys/secret.key exists already"]);
}
