//! Three hospitals add up sums by consent, and train behind the feature map that follows.

use std::sync::OnceLock;

use serde_json::Value;

use crate::joint::{THREE, hospitals};
use crate::util::{Dir, FAST, copy_of, table};

const PARTIES: [&str; 3] = ["north", "south", "west"];
const ESTIMATE: &str = "estimate --features public.csv --preset n16-joint3-l25 --max-iter 2";

/// A party's command.
fn of(party: &str, step: &str) -> String {
    format!("joint {step} --session s --keys {party}/keys --identity {party}/id.key")
}

fn ok(dir: &Dir, line: &str) -> Value {
    dir.ok(&format!("{line} --json")).json()
}

fn encrypt(party: &str) -> String {
    format!("{} --features {party}/own.csv --test-size 0", of(party, "encrypt"))
}

fn decrypt(party: &str) -> String {
    format!("{} --out {party}/map", of(party, "decrypt"))
}

fn key(dir: &Dir, party: &str) -> String {
    String::from_utf8(dir.read(&format!("{party}/id.pub"))).unwrap().trim().to_owned()
}

fn create(dir: &Dir, rows: usize, more: &str) -> String {
    let participants = PARTIES.map(|party| format!("--participant {party}={}:{rows}", key(dir, party)));
    format!(
        "joint create --plan plan.json --features public.csv {} --identity north/id.key {more}",
        participants.join(" ")
    )
}

/// Identities, samples of each, and a plan on public ones.
fn prepared() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Dir::new();
        hospitals(&dir, &THREE);
        for party in PARTIES {
            dir.ok(&format!("identity create --identity {party}/id.key"));
        }
        dir.ok(&format!("{ESTIMATE} --out plan.json"));
        dir
    })
}

/// A folder in which all have joined a session of sums, and made the keys. One of them was killed meanwhile.
fn keyed() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = copy_of(prepared());
        let said = dir.ok(&create(&dir, 100, "--sums --out s")).stdout;
        for words in [
            "any 2 that pool what they have know the last one's count, means and covariance",
            "fewer than 6 samples",
        ] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
        for party in PARTIES {
            let said = dir.ok(&format!("{} --no-passphrase", of(party, "join"))).stderr;
            assert!(said.contains("who may not tell these does not join"), "{said}");
        }
        dir.ok(&of("north", "keys"));
        dir.ok(&of("south", "keys"));
        // west ends in the middle of its part, and takes it up again
        let mut running = dir.start(&of("west", "keys"));
        assert!(running.wait_for_file(|name| name == "s/west/reveal.json"), "it ended without a message");
        running.signal("-KILL");
        let _ = running.end();
        let revealed = dir.read("s/west/reveal.json");
        let mut done = Vec::new();
        while done.len() < 3 {
            done = PARTIES.into_iter().filter(|party| ok(&dir, &of(party, "keys"))["done"] == true).collect();
        }
        assert_eq!(dir.read("s/west/reveal.json"), revealed);
        // no evaluation key is made
        assert!(!dir.path("s/north/second.share").exists());
        assert_eq!(std::fs::read_dir(dir.path("s/north/first")).unwrap().count(), 1);
        dir
    })
}

/// A folder in which each has encrypted its sums.
fn encrypted() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = copy_of(keyed());
        for party in PARTIES {
            ok(&dir, &encrypt(party));
        }
        dir
    })
}

/// A folder in which each has the map.
fn opened() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = copy_of(encrypted());
        // each shows its sums, then its share
        let waiting = |party: &str| ok(&dir, &decrypt(party))["waiting_for"].clone();
        assert_eq!(waiting("north"), "south, west (sums)");
        assert_eq!(waiting("south"), "west (sums)");
        assert_eq!(waiting("west"), "north, south (share of the decryption)");
        assert_eq!(waiting("north"), "south (share of the decryption)");
        for party in ["south", "west", "north"] {
            assert_eq!(ok(&dir, &decrypt(party))["done"], true);
        }
        // decrypted again, it is the same
        let map = dir.read("north/map/map.json");
        ok(&dir, &format!("{} --overwrite", decrypt("north")));
        assert_eq!(dir.read("north/map/map.json"), map);
        dir
    })
}

/// The columns of a table, as numbers.
fn columns(text: &str) -> Vec<Vec<f64>> {
    let rows =
        text.lines().skip(1).map(|line| line.split(',').take(3).map(|cell| cell.parse().unwrap()).collect());
    let rows: Vec<Vec<f64>> = rows.collect();
    (0..3).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

#[test]
fn all_parties_get_the_map_of_all_samples() {
    let dir = opened();
    let maps = PARTIES.map(|party| dir.json(&format!("{party}/map/map.json")));
    assert!(maps[0] == maps[1] && maps[1] == maps[2]);
    let map = &maps[0];
    assert_eq!(map["sums"]["samples"], 99 + 79 + 79);
    assert_eq!(map["sums"]["parties"], serde_json::json!(PARTIES));
    assert_eq!(map["names"], serde_json::json!(["a", "b", "c"]));
    let mut union = vec![Vec::new(); 3];
    for party in PARTIES {
        let own = columns(&String::from_utf8(dir.read(&format!("{party}/own.csv"))).unwrap());
        union.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
    }
    for (values, mean) in union.iter().zip(map["mean"].as_array().unwrap()) {
        let expected = values.iter().sum::<f64>() / values.len() as f64;
        // ranges are public, and so is by how much more than the samples they allow for
        assert!((mean.as_f64().unwrap() - expected).abs() < 1e-8, "{mean} where {expected} is expected");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path("north/map/map.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // the shared folder has no sums in the clear
    assert!(!dir.list().iter().any(|name| name.starts_with("s/") && name.ends_with("map.json")));
    let status = dir.ok("joint status --session s").stdout;
    assert!(
        status.contains("west        joined yes")
            && status.contains("sums committed yes, sums yes, decryption yes"),
        "{status}"
    );

    for (file, kind) in [
        ("s/north/data.enc", "encrypted sums"),
        ("s/session.json", "session of sums"),
        ("north/map/map.json", "feature map"),
    ] {
        assert_eq!(ok(dir, &format!("inspect {file}"))["kind"], kind);
        dir.ok(&format!("inspect {file}"));
    }
    assert_eq!(ok(dir, "inspect north/map/map.json")["map"]["sums"]["samples"], 257);
    dir.ok("inspect s/north/data.enc --verify");
}

#[test]
fn a_joint_training_is_planned_behind_the_map() {
    let dir = copy_of(opened());
    let planned = ok(&dir, &format!("{ESTIMATE} --feature-map north/map/map.json --out behind.json"));
    let session = ok(&dir, "inspect s/session.json")["session"]["session"].clone();
    assert_eq!(planned["feature_map"]["given"]["sums"], session);
    assert_eq!(planned["feature_map"]["preprocessing"]["kind"], "given");
    let created = create(&dir, 100, &format!("--compute {} --out t", key(&dir, "north")));
    let created = created.replace("plan.json", "behind.json").replace("--identity north", "--identity south");
    // a compute party is another than the data parties
    dir.refused(&created, 2, &["stands there twice"]);
    std::fs::create_dir(dir.path("cloud")).unwrap();
    dir.ok("identity create --identity cloud/id.key");
    let line = create(&dir, 100, &format!("--compute {} --out t", key(&dir, "cloud")));
    let said = dir.ok(&line.replace("plan.json", "behind.json")).stdout;
    assert!(
        said.contains("of the sums of session") && said.contains("whoever reads this folder sees it"),
        "{said}"
    );
    let described = ok(&dir, "inspect t/session.json");
    assert_eq!(described["kind"], "session of a joint training");
    assert_eq!(described["session"]["given_map"], planned["feature_map"]["given"]);
    // a party joins behind the map that it holds, and no other
    let mine =
        "joint join --session t --keys north/trains --identity north/id.key --no-passphrase --feature-map";
    let map = String::from_utf8(dir.read("north/map/map.json")).unwrap();
    dir.write("other.json", map.replacen("\"mean\":", " \"mean\":", 1));
    dir.refused(
        &format!("{mine} other.json"),
        4,
        &["the session trains behind another map", "of the sums of session"],
    );
    assert!(!dir.path("north/trains").exists());
    let again = mine.replace("--session t", "--session s");
    dir.refused(&format!("{again} north/map/map.json"), 2, &["a session of sums has none"]);
    dir.ok(&format!("{mine} north/map/map.json"));
    // what all signed holds the map: another one is another session
    let mut changed = dir.read("t/plan.safetensors");
    *changed.last_mut().unwrap() ^= 1;
    dir.write("t/plan.safetensors", changed);
    dir.refused("joint status --session t", 4, &["not the feature map of the plan"]);
}

#[test]
fn sums_that_would_tell_of_single_samples_are_refused_before_they_are_encrypted() {
    let dir = copy_of(keyed());
    let text = String::from_utf8(dir.read("south/own.csv")).unwrap();
    let few: Vec<&str> = text.lines().take(6).collect();
    dir.write("south/own.csv", few.join("\n"));
    dir.refused(
        &encrypt("south"),
        3,
        &["5 samples, where sums of 3 features take 6 at least", "single samples"],
    );
    // what stays at home does not count
    let seven: Vec<&str> = text.lines().take(8).collect();
    dir.write("south/own.csv", seven.join("\n"));
    let line = encrypt("south").replace("--test-size 0", "--test-size 0.3");
    dir.refused(&line, 3, &["where sums of 3 features take 6 at least"]);
    let rows = text.lines().map(|line| match line.split_once(',') {
        Some((a, rest)) if a.parse::<f64>().is_ok() => {
            format!("{},{rest}", 1000.0 * a.parse::<f64>().unwrap())
        }
        _ => line.to_owned(),
    });
    dir.write("south/own.csv", rows.collect::<Vec<_>>().join("\n"));
    dir.refused(&encrypt("south"), 3, &["\"a\" is not always between", "--widen"]);
    dir.write("south/own.csv", table(101));
    dir.refused(&encrypt("south"), 3, &["101 samples, of at most 100"]);
    assert!(!dir.path("south/keys/sums.enc").exists() && !dir.path("s/south/data.json").exists());
}

#[test]
fn a_session_of_sums_is_no_training() {
    let dir = copy_of(encrypted());
    dir.refused(
        "joint train --session s --identity north/id.key",
        2,
        &["nothing is trained", "joint decrypt"],
    );
    dir.refused(&encrypt("south"), 2, &["south has encrypted"]);
    dir.refused(&format!("{} --features north/own.csv", decrypt("north")), 2, &["without samples"]);
    dir.refused(&format!("{} --set north,west", decrypt("north")), 2, &["all parties decrypt"]);
    // all have committed to their sums, and nobody has shown any
    assert!(!dir.list().iter().any(|name| name.starts_with("s/") && name.ends_with("data.enc")));
    for party in PARTIES {
        dir.ok(&decrypt(party));
    }
    // another file than the one that south committed to
    let own = dir.read("s/south/data.enc");
    std::fs::copy(dir.path("s/west/data.enc"), dir.path("s/south/data.enc")).unwrap();
    dir.refused(&decrypt("north"), 4, &["not the file that south named to all"]);
    // south encrypts anew, and commits to that: the others have answered its first commitment
    dir.write("s/south/data.enc", own);
    std::fs::remove_file(dir.path("south/keys/sums.enc")).unwrap();
    ok(&dir, &encrypt("south"));
    std::fs::copy(dir.path("south/keys/sums.enc"), dir.path("s/south/data.enc")).unwrap();
    for party in PARTIES {
        dir.refused(&decrypt(party), 4, &["the encrypted sums has changed since this party answered"]);
    }

    let dir = copy_of(prepared());
    dir.refused(&create(&dir, 5, "--sums --out s"), 5, &["at most 5 samples"]);
    let uneven = create(&dir, 100, "--sums --out s");
    let uneven =
        uneven.replacen(&format!("{}:100", key(&dir, "west")), &format!("{}:5", key(&dir, "west")), 1);
    dir.refused(&uneven, 2, &["--participant west: 5 samples", "take 6 of each party"]);
    dir.refused(&create(&dir, 100, "--sums --flooding-bits 60 --out s"), 4, &["60"]);
    dir.refused(&create(&dir, 100, "--sums --widen 0.5 --out s"), 2, &["--widen 0.5"]);
    dir.refused(&create(&dir, 100, "--sums --ridge 0 --out s"), 2, &["--ridge 0"]);
    for more in ["--threshold 2", "--recomputations 1", "--weighting equal"] {
        dir.refused(&create(&dir, 100, &format!("--sums {more} --out s")), 2, &["cannot be used with"]);
    }
    dir.refused(&create(&dir, 100, "--out s"), 2, &["--compute"]);
    dir.refused(&create(&dir, 100, "--ridge 2 --out s"), 2, &["--sums"]);
    // standardising is a map as well
    dir.ok(&create(&dir, 100, "--sums --map standardize --out s"));
}

/// One party trains behind constants that were written by hand.
#[test]
fn constants_are_a_feature_map() {
    let dir = Dir::new();
    dir.write("table.csv", table(80));
    let constants = |fields: &str| format!(r#"{{"format": "train-head feature map 1", {fields}}}"#);
    // matched by name, in another order than the table's
    let good = constants(r#""names": ["c", "a", "b"], "mean": [100, 0, 0], "deviation": [1.2, 1.2, 7]"#);
    dir.write("map.json", good);
    let estimate = format!("estimate --features table.csv {FAST} --out plan.json");
    let behind = format!("{estimate} --feature-map map.json");
    let planned = dir.ok(&behind).stdout;
    assert!(
        planned.contains("by a map that was given; all 3 directions kept")
            || planned.contains("by a map that was given; all 3 kept"),
        "{planned}"
    );
    assert_eq!(ok(&dir, "inspect map.json")["map"]["inputs"], 3);
    let given = ok(&dir, "inspect plan.json")["plan"]["given_map"].clone();
    assert_eq!(given["file"], ok(&dir, "inspect map.json")["map"]["digest"]);
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc");
    dir.ok("train --data data.enc --keys keys/eval --out head.enc");
    dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
    let measured = ok(&dir, "eval --head head --features table.csv");
    assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.8, "{measured}");

    let behind = behind.replace("plan.json", "other.json");
    for flags in ["--preprocess standardize", "--ridge 1", "--n-components 2", "--warm-start head"] {
        dir.refused(&format!("{behind} {flags}"), 2, &["cannot be used with"]);
    }
    dir.refused(&behind.replace("map.json", "none.json"), 4, &["none.json"]);
    for (fields, code, why) in [
        (r#""names": ["d", "a", "b"], "mean": [1, 0, 0], "deviation": [1, 1, 1]"#, 3, "no feature \"c\""),
        (r#""mean": [1, 0], "deviation": [1, 1]"#, 3, "for 2 features, the data have 3: a, b, c"),
        (r#""mean": [1, 0, 0], "deviation": [1, 0, 1]"#, 4, "positive"),
        (r#""mean": [1, 0, 0]"#, 4, "one of `deviation` and `matrix`"),
        (r#""mean": [1, 0, 0], "scale": [1, 1, 1]"#, 4, "scale"),
    ] {
        dir.write("map.json", constants(fields));
        dir.refused(&behind, code, &[why]);
    }
    dir.write("map.json", "not JSON");
    dir.refused(&behind, 4, &["not a feature map"]);
}
