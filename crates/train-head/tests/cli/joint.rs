//! Two hospitals and a compute party around a shared folder, each with an identity and a folder of its own.

use std::sync::OnceLock;

use crate::util::{Dir, copy_of, table};

/// A party's command.
fn of(party: &str, step: &str) -> String {
    format!("joint {step} --session s --keys {party}/keys --identity {party}/id.key")
}

fn ok(dir: &Dir, line: &str) -> serde_json::Value {
    dir.ok(&format!("{line} --json")).json()
}

/// Public samples, and a folder with samples of its own for each hospital: rows of one table, which the public ones are not of.
pub(crate) fn hospitals(dir: &Dir, own: &[(&str, std::ops::Range<usize>)]) {
    dir.write("public.csv", table(120));
    let rows = table(400);
    let rows: Vec<&str> = rows.lines().collect();
    for (party, range) in own {
        std::fs::create_dir_all(dir.path(party)).unwrap();
        let own: Vec<&str> = rows[..1].iter().chain(&rows[range.clone()]).copied().collect();
        dir.write(&format!("{party}/own.csv"), own.join("\n"));
    }
}

/// Three of them, of different sizes.
pub(crate) const THREE: [(&str, std::ops::Range<usize>); 3] =
    [("north", 121..220), ("south", 221..300), ("west", 301..380)];

/// A folder in which both have joined.
fn joined() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Dir::new();
        hospitals(&dir, &[("north", 121..260), ("south", 261..340)]);
        let mut keys = Vec::new();
        for party in ["north", "south", "cloud"] {
            std::fs::create_dir_all(dir.path(party)).unwrap();
            dir.ok(&format!("identity create --identity {party}/id.key"));
            keys.push(String::from_utf8(dir.read(&format!("{party}/id.pub"))).unwrap().trim().to_owned());
        }
        dir.ok("estimate --features public.csv --preset n16-joint2-l25 --max-iter 2 --out plan.json");
        let created = ok(
            &dir,
            &format!(
                "joint create --plan plan.json --features public.csv --participant north={}:150 \
                 --participant south={}:80 --compute {} --recomputations 1 --identity north/id.key --out s",
                keys[0], keys[1], keys[2]
            ),
        );
        assert_eq!(created["preset"], "n16-joint2-l25");
        for party in ["north", "south"] {
            dir.ok(&format!("{} --no-passphrase", of(party, "join")));
        }
        dir
    })
}

/// A folder in which the keys are made and the samples encrypted.
fn encrypted() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = copy_of(joined());
        // they come online one after the other, again and again
        let turns = ["north", "south", "north", "south", "north", "south", "north", "south"];
        let done = turns.map(|party| ok(&dir, &of(party, "keys"))["done"] == true);
        assert_eq!(done[..2], [false, false]);
        assert_eq!(done[6..], [true, true]);
        for party in ["north", "south"] {
            let encrypted = ok(&dir, &format!("{} --features {party}/own.csv", of(party, "encrypt")));
            assert!(encrypted["samples"].as_u64() > encrypted["test_samples"].as_u64(), "{encrypted}");
        }
        dir
    })
}

/// A folder in which the head is trained, and computed again by one who signs it.
fn trained() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = copy_of(encrypted());
        assert_eq!(ok(&dir, "joint train --session s --identity cloud/id.key")["iterations"], 2);
        let waiting = ok(&dir, &format!("{} --features north/own.csv --out head", of("north", "decrypt")));
        assert!(waiting["waiting_for"].as_str().unwrap().contains("1 more to compute"), "{waiting}");
        assert_eq!(ok(&dir, "joint train --session s --identity south/id.key --check")["same"], true);
        dir
    })
}

fn decrypt(party: &str) -> String {
    format!("{} --features {party}/own.csv --out {party}/head", of(party, "decrypt"))
}

#[test]
fn two_hospitals_train_one_head() {
    let dir = copy_of(trained());
    let waiting = ok(&dir, &decrypt("north"));
    assert_eq!(waiting["waiting_for"], "south (share of the decryption)");
    for party in ["south", "north"] {
        let opened = ok(&dir, &decrypt(party));
        let comparison = &opened["report"]["comparison"];
        assert!(comparison["joint"].as_f64().unwrap() > 0.8, "{opened}");
        assert!(comparison["samples"].as_u64().unwrap() >= 19 && comparison["p_value"].as_f64().is_some());
        let page = String::from_utf8(dir.read(&format!("{party}/head/report.html"))).unwrap();
        for words in ["What it brought", "Who could see what", "n16-joint2-l25"] {
            assert!(page.contains(words), "{words:?} is not on the page");
        }
        // the head is like any other
        let measured = ok(&dir, &format!("eval --head {party}/head --features public.csv"));
        assert!(measured["metrics"]["accuracy"].as_f64().unwrap() > 0.85, "{measured}");
    }
    assert_eq!(dir.read("north/head/head.safetensors"), dir.read("south/head/head.safetensors"));
    assert_eq!(dir.json("north/head/head.json")["secrecy"], "joint");
    let status = dir.ok("joint status --session s").stdout;
    assert!(status.contains("north       joined yes") && status.contains("head yes"), "{status}");
}

/// The state of a training in the shared folder.
fn checkpoint(dir: &Dir) -> Option<String> {
    dir.list().into_iter().find(|name| is_checkpoint(name))
}

fn is_checkpoint(name: &str) -> bool {
    name.ends_with(".checkpoint")
}

#[test]
fn a_joint_training_goes_on_where_it_was_interrupted() {
    let train = "joint train --session s --identity cloud/id.key";
    for name in ["-KILL", "-INT"] {
        let dir = copy_of(encrypted());
        let mut running = dir.start(train);
        assert!(running.wait_for_file(is_checkpoint), "it ended before there was a checkpoint");
        running.signal(name);
        let said = running.end();
        // the last iteration may end before the interruption would end the process
        let ended = name == "-INT" && said.code == 0;
        if !ended {
            assert_eq!(said.code, if name == "-INT" { 130 } else { -1 }, "{}", said.stderr);
            assert_eq!(said.stderr.contains("--resume continues"), name == "-INT", "{}", said.stderr);
            assert!(!dir.path("s/head.enc").exists());
            let why = ["s/head.enc", "the state of an interrupted training", "--resume continues it"];
            dir.refused(train, 2, &why);
            let trained = ok(&dir, &format!("{train} --resume"));
            assert_eq!(
                (trained["resumed_after"].as_u64(), trained["iterations"].as_u64()),
                (Some(1), Some(2))
            );
        }
        assert_eq!(dir.read("s/head.enc"), self::trained().read("s/head.enc"));
        assert_eq!(checkpoint(&dir), None);
    }
}

#[test]
fn a_training_that_is_computed_again_goes_on_from_a_state_of_its_own_alone() {
    let dir = copy_of(encrypted());
    let mut running = dir.start("joint train --session s --identity cloud/id.key");
    assert!(running.wait_for_file(is_checkpoint), "it ended before there was a checkpoint");
    running.signal("-KILL");
    let _ = running.end();
    let of_cloud = checkpoint(&dir).unwrap();
    let state = dir.read(&of_cloud);
    ok(&dir, "joint train --session s --identity cloud/id.key --resume");

    let check = "joint train --session s --identity south/id.key --check";
    // the compute party's state, where the checker's own would be
    std::fs::create_dir_all(dir.path("s/checks")).unwrap();
    let own = of_cloud.replace("s/head.enc.", "s/checks/south.json.");
    dir.write(&own, &state);
    dir.refused(&format!("{check} --resume"), 4, &["south.json", "and not by this party"]);
    std::fs::remove_file(dir.path(&own)).unwrap();

    let mut running = dir.start(check);
    assert!(running.wait_for_file(is_checkpoint), "it ended before there was a checkpoint");
    running.signal("-KILL");
    let _ = running.end();
    assert_eq!(checkpoint(&dir), Some(own));
    let checked = ok(&dir, &format!("{check} --resume"));
    assert_eq!((checked["same"].as_bool(), checked["resumed_after"].as_u64()), (Some(true), Some(1)));
    assert_eq!(checkpoint(&dir), None);
}

/// What each party keeps to itself is not in the shared folder.
#[test]
fn nothing_secret_is_shared() {
    let names = trained().list();
    let shared: Vec<&String> = names.iter().filter(|name| name.starts_with("s/")).collect();
    for name in ["s/session.json", "s/plan.json", "s/north/join.json", "s/south/second.share", "s/head.enc"] {
        assert!(shared.iter().any(|found| *found == name), "{name} is not among {shared:?}");
    }
    assert!(!shared.iter().any(|name| name.ends_with(".key") || name.ends_with("party.json")), "{shared:?}");
    #[cfg(unix)]
    for name in ["north/keys/secret.key", "north/keys/party.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(trained().path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // the others, who may be other users of the system, read what is in the shared folder
    #[cfg(unix)]
    for name in ["s/plan.json", "s/plan.safetensors", "s/north/join.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(trained().path(name)).unwrap().permissions().mode();
        assert_eq!(mode(name), mode("s/session.json"), "{name}");
    }
}

#[test]
fn a_session_that_was_changed_is_refused() {
    let dir = copy_of(joined());
    let text = String::from_utf8(dir.read("s/session.json")).unwrap();
    dir.write("s/session.json", text.replace("\"recomputations\": 1", "\"recomputations\": 0"));
    dir.refused(&of("north", "keys"), 4, &["session.json", "signature does not fit"]);
    // its maker may not change it either, once others have agreed
    let keys: Vec<String> = ["north", "south", "cloud"]
        .map(|party| String::from_utf8(dir.read(&format!("{party}/id.pub"))).unwrap().trim().to_owned())
        .to_vec();
    let create = |more: &str| {
        format!(
            "joint create --plan plan.json --features public.csv --participant north={}:150 --participant south={}:80 \
             --compute {} --identity north/id.key --out s2 {more}",
            keys[0], keys[1], keys[2]
        )
    };
    dir.ok(&create(""));
    dir.refused(
        "joint keys --session s2 --keys south/keys --identity south/id.key",
        4,
        &["not the one that this party agreed to"],
    );
    dir.refused(&create("--attempt x --overwrite"), 2, &["--attempt"]);
}

#[test]
fn only_those_who_take_part_do() {
    let dir = copy_of(joined());
    dir.refused(
        "joint join --session s --keys other --identity cloud/id.key --no-passphrase",
        2,
        &["none of the data parties"],
    );
    dir.refused(
        "joint join --session s --keys other --identity north/id.key --no-passphrase",
        2,
        &["north has joined"],
    );
    dir.refused(
        "joint keys --session s --keys north/keys --identity cloud/id.key",
        2,
        &["none of the data parties"],
    );
    dir.refused(
        "joint keys --session north --keys north/keys --identity north/id.key",
        4,
        &["holds no session"],
    );
    dir.refused(
        "joint keys --session s --keys south --identity south/id.key",
        4,
        &["no folder of a data party"],
    );
    dir.refused(
        &format!("{} --features north/own.csv", of("north", "encrypt")),
        4,
        &["the keys are not made yet"],
    );
}

#[test]
fn messages_of_others_are_refused_by_name() {
    let dir = copy_of(joined());
    // in another's name
    dir.write("s/north/join.json", dir.read("s/south/join.json"));
    dir.refused(&of("south", "keys"), 4, &["s/north/join.json is signed by", "where north signs as"]);

    // a contribution that is not the one that was committed to
    let dir = copy_of(joined());
    for party in ["north", "south"] {
        dir.ok(&of(party, "keys"));
    }
    let text = String::from_utf8(dir.read("s/north/reveal.json")).unwrap();
    let at = text.find("\"contribution\": \"").unwrap() + 17;
    let flipped = if &text[at..=at] == "0" { "1" } else { "0" };
    dir.write("s/north/reveal.json", format!("{}{flipped}{}", &text[..at], &text[at + 1..]));
    dir.refused(&of("south", "keys"), 4, &["reveal.json", "signature does not fit"]);
}

#[test]
fn a_commitment_that_changes_after_the_answer_is_refused() {
    let dir = copy_of(joined());
    let early = dir.read("s/south/join.json");
    dir.ok(&of("north", "keys"));
    // south joins anew, with another contribution, after north has revealed its own
    std::fs::remove_file(dir.path("s/south/join.json")).unwrap();
    dir.ok("joint join --session s --keys south/again --identity south/id.key --no-passphrase");
    assert_ne!(dir.read("s/south/join.json"), early);
    dir.refused(&of("north", "keys"), 4, &["the common randomness has changed", "start a new session"]);
}

#[test]
fn shares_that_were_swapped_damaged_or_changed_are_refused() {
    let first = |name: &str| name.contains("/first/public.share");
    let dir = copy_of(encrypted());
    let train = "joint train --session s --identity cloud/id.key";
    let galois = dir.list().into_iter().find(|name| name.starts_with("s/south/first/galois")).unwrap();
    let good = dir.read(&galois);

    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    dir.write(&galois, damaged);
    dir.refused(train, 4, &[&galois, "signature does not fit"]);

    dir.write(&galois, dir.read(&galois.replace("south", "north")));
    dir.refused(train, 4, &[&galois, "where south signs as"]);

    let public = dir.list().into_iter().find(|name| name.starts_with("s/south") && first(name)).unwrap();
    dir.write(&galois, dir.read(&public));
    dir.refused(train, 4, &[&galois, "share of the public key", "south's"]);

    // a share that was lost on the way is made again, byte by byte
    std::fs::remove_file(dir.path(&galois)).unwrap();
    assert_eq!(ok(&dir, &of("south", "keys"))["done"], true);
    assert!(dir.read(&galois) == good);
    std::fs::remove_file(dir.path("s/south/second.share")).unwrap();
    assert!(ok(&dir, train)["waiting_for"].as_str().unwrap().starts_with("south (second share"));
}

#[test]
fn a_head_without_the_signatures_is_not_decrypted() {
    let dir = copy_of(trained());
    // signed by another
    let good = dir.read("s/head.enc");
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    dir.write("s/head.enc", &changed);
    dir.refused(&decrypt("north"), 4, &["head.enc", "signature does not fit"]);
    let status = dir.ok("joint status --session s").stdout;
    assert!(
        status.contains("compute     head refused") && status.contains("signature does not fit"),
        "{status}"
    );
    dir.write("s/head.enc", &good);

    // the compute party cannot check itself, and nobody else signs in its name
    dir.refused("joint train --session s --identity cloud/id.key --check", 2, &["cannot check itself"]);
    std::fs::remove_file(dir.path("s/head.enc")).unwrap();
    dir.refused(
        "joint train --session s --identity south/id.key",
        2,
        &["does not sign for compute, the compute party"],
    );
}

/// A second share of the same decryption is the first one again: from the same notes, and from notes that were lost.
#[test]
fn a_ledger_that_was_rolled_back_releases_nothing_new() {
    let dir = copy_of(trained());
    let notes = dir.read("north/keys/party.json");
    dir.ok(&decrypt("north"));
    dir.ok(&decrypt("south"));
    dir.ok(&decrypt("north"));
    let first = dir.read("north/head/head.safetensors");
    dir.write("north/keys/party.json", notes);
    std::fs::remove_file(dir.path("s/north/decryption.age")).unwrap();
    dir.ok(&decrypt("north").replace("north/head", "north/again"));
    assert_eq!(dir.read("north/again/head.safetensors"), first);
}

#[test]
fn parties_whose_tables_differ_are_refused_by_name() {
    let dir = copy_of(encrypted());
    std::fs::remove_file(dir.path("s/north/data.enc")).unwrap();
    let text = String::from_utf8(dir.read("north/own.csv")).unwrap();
    for (changed, code, message) in [
        (text.replace("a,b,c,label", "a,b,d,label"), 3, "\"c\""),
        (text.replace(",sick", ",unwell"), 3, "unwell"),
        (text.replace("a,b,c,label", "a,b,c,diagnosis"), 3, "label"),
    ] {
        dir.write("north/own.csv", changed);
        dir.refused(&format!("{} --features north/own.csv", of("north", "encrypt")), code, &[message]);
    }
    // in other units
    let rows = text.lines().map(|line| match line.split_once(',') {
        Some((a, rest)) if a.parse::<f64>().is_ok() => {
            format!("{},{rest}", 1000.0 * a.parse::<f64>().unwrap())
        }
        _ => line.to_owned(),
    });
    dir.write("north/own.csv", rows.collect::<Vec<_>>().join("\n"));
    dir.refused(
        &format!("{} --features north/own.csv", of("north", "encrypt")),
        3,
        &["the data do not fit the terms", "far from those of the public samples"],
    );
    assert!(!dir.list().iter().any(|name| name == "s/north/data.enc"));
}
