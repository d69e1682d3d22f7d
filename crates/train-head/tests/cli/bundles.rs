//! One archive each way between the parties, and what must not travel.

use crate::util::{Dir, copy_of_finished, finished};

#[test]
fn one_archive_each_way() {
    let hospital = copy_of_finished();
    let said = hospital.ok("bundle keys/eval data.enc --out to-cloud.tar");
    assert!(
        said.stdout.contains("evaluation key") && said.stdout.contains("1 x encrypted data"),
        "{}",
        said.stdout
    );

    let cloud = Dir::new();
    cloud.write("to-cloud.tar", hospital.read("to-cloud.tar"));
    let said = cloud.ok("unbundle to-cloud.tar --out job");
    assert!(said.stdout.contains("every digest and signature holds"), "{}", said.stdout);
    cloud.ok("train --data job/data.enc --keys job/eval --out head.enc");
    assert_eq!(cloud.read("head.enc"), hospital.read("head.enc"));
    cloud.ok("bundle head.enc --out back.tar");

    hospital.write("back.tar", cloud.read("back.tar"));
    hospital.ok("unbundle back.tar --out from-cloud");
    hospital.ok("decrypt --head from-cloud/head.enc --plan plan.json --keys keys --out head-2");
    assert_eq!(hospital.read("head-2/head.json"), hospital.read("head/head.json"));
    // equal files make equal bundles
    hospital.ok("bundle keys/eval data.enc --out again.tar");
    assert_eq!(hospital.read("again.tar"), hospital.read("to-cloud.tar"));
}

#[test]
fn nothing_secret_goes_in() {
    let dir = copy_of_finished();
    dir.refused("bundle keys --out b.tar", 4, &["the data party's folder of keys", "keys/eval"]);
    dir.refused("bundle keys/secret.key --out b.tar", 4, &["secret key, which never leaves"]);
    dir.refused("bundle data.enc plan.json --out b.tar", 4, &["plan.json is not encrypted"]);
    dir.refused("bundle head/head.safetensors --out b.tar", 4, &["is not encrypted"]);
    dir.refused("bundle table.csv --out b.tar", 4, &["is not encrypted"]);
    dir.refused("bundle data.enc data.enc --out b.tar", 2, &["two files would be named data.enc"]);
    dir.refused("bundle nowhere.enc --out b.tar", 4, &["nowhere.enc"]);
    dir.write("notes", "patient 7");
    dir.refused("bundle notes --out b.tar", 4, &["notes"]);
    dir.ok("keygen --plan plan.json --out others --no-passphrase");
    dir.refused("bundle others/eval data.enc --out b.tar", 4, &["of key", "data.enc"]);
}

#[test]
fn what_comes_out_was_checked() {
    let dir = Dir::new();
    let source = finished();
    for name in ["data.enc", "head.enc"] {
        dir.write(name, source.read(name));
    }
    dir.ok("bundle data.enc head.enc --out b.tar");
    let good = dir.read("b.tar");
    assert!(
        dir.ok("inspect b.tar --verify").stdout.contains("verified"),
        "nothing is said of a sound bundle"
    );
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    dir.write("bad.tar", &bad);
    dir.refused("inspect bad.tar --verify", 4, &["is damaged: its digest differs"]);
    // every header and the middle of every file
    for at in (0..good.len()).step_by(good.len() / 97) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        dir.write("bad.tar", &bad);
        let said = dir.run("unbundle bad.tar --out out");
        assert_eq!(said.code, 4, "{at}: {}", said.stderr);
        assert!(!dir.path("out").exists(), "{at}");
    }
    for length in [0, 100, 512, 2000, good.len() / 2] {
        dir.write("bad.tar", &good[..length]);
        dir.refused("unbundle bad.tar --out out", 4, &["not a bundle"]);
    }
    // one byte more or less at the end, and a second archive behind it
    let more = [&good[..], b"x"].concat();
    let twice = [&good[..], &good[..]].concat();
    for (bad, why) in [
        (&more[..], "more than its list says"),
        (&twice, "more than its list says"),
        (&good[..good.len() - 1], "its end is missing"),
        (&good[..good.len() - 1024], "its end is missing"),
    ] {
        dir.write("bad.tar", bad);
        dir.refused("unbundle bad.tar --out out", 4, &["not a bundle", why]);
    }
    dir.refused("unbundle data.enc --out out", 4, &["not a bundle"]);
    dir.refused("unbundle nowhere.tar --out out", 4, &["nowhere.tar"]);
}

#[test]
fn a_folder_of_keys_is_complete_or_refused_by_name() {
    let dir = copy_of_finished();
    let key = dir.list().into_iter().find(|name| name.contains("relinearisation")).unwrap();
    let train = "train --data data.enc --keys keys/eval --out again.enc";
    dir.refused(&train.replace("keys/eval", "keys"), 4, &["keys holds a secret key", "keys/eval"]);
    std::fs::remove_file(dir.path(&key)).unwrap();
    let name = key.rsplit('/').next().unwrap();
    dir.refused(train, 4, &[&format!("keys/eval lacks {name}"), "bundle"]);
    std::fs::remove_file(dir.path("keys/eval/keys.json")).unwrap();
    dir.refused(train, 4, &["has no keys.json"]);
    dir.write(
        "keys/eval/keys.json",
        r#"{"format": "train-head evaluation keys 1", "keys": ["../secret.key"]}"#,
    );
    dir.refused(train, 4, &["this program reads \"train-head evaluation keys 2\""]);
    let mut list = finished().json("keys/eval/keys.json");
    list["keys"][0]["name"] = "../secret.key".into();
    dir.write("keys/eval/keys.json", list.to_string());
    dir.refused(train, 4, &["not a list of evaluation keys"]);
}

/// Archives with an entry that `bundle` never writes, with valid checksums throughout.
#[test]
fn entries_of_other_types_and_names_are_refused_by_name() {
    let dir = Dir::new();
    dir.write("head.enc", finished().read("head.enc"));
    dir.ok("bundle head.enc --out b.tar");
    let good = dir.read("b.tar");
    let start = 512 + manifest_bytes(&good).next_multiple_of(512);
    let with_header = |change: &dyn Fn(&mut [u8])| {
        let mut bad = good.clone();
        let header = &mut bad[start..start + 512];
        change(header);
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        bad
    };
    // a symbolic link, a hard link, a device, a folder, an owner, a time
    let typed = |kind: u8| with_header(&move |header| header[156] = kind);
    let mut cases = vec![typed(b'2'), typed(b'1'), typed(b'3'), typed(b'5'), typed(b'L')];
    cases.push(with_header(&|header| header[157..163].copy_from_slice(b"secret")));
    cases.push(with_header(&|header| header[265..269].copy_from_slice(b"root")));
    cases.push(with_header(&|header| header[0] = b'H'));
    for bad in cases {
        dir.write("bad.tar", bad);
        dir.refused("unbundle bad.tar --out out", 4, &["\"head.enc\" is not the plain file"]);
    }
    // the list itself names something odd
    for name in ["nul.enc\"", "../a.enc\"", "-a.enc\" ", "head.enc/\"", "a:b.enc\""] {
        let list = String::from_utf8(good[512..512 + manifest_bytes(&good)].to_vec()).unwrap();
        let odd = list.replacen("head.enc\"", name, 1);
        let mut bad = good[..512].to_vec();
        bad[124..136].copy_from_slice(format!("{:011o}\0", odd.len()).as_bytes());
        bad[148..156].fill(b' ');
        let sum: u32 = bad.iter().map(|&byte| u32::from(byte)).sum();
        bad[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        bad.extend(odd.as_bytes());
        bad.resize(bad.len().next_multiple_of(512), 0);
        bad.extend(&good[start..]);
        dir.write("bad.tar", bad);
        dir.refused("unbundle bad.tar --out out", 4, &["an entry named"]);
    }
    dir.write("odd:name.enc", dir.read("head.enc"));
    dir.refused("bundle odd:name.enc --out c.tar", 2, &["odd:name.enc", "cannot hold a file of this name"]);
}

/// The size in the header of the first entry.
fn manifest_bytes(archive: &[u8]) -> usize {
    usize::from_str_radix(std::str::from_utf8(&archive[124..135]).unwrap(), 8).unwrap()
}

#[test]
fn progress_counts_what_there_is() {
    let dir = copy_of_finished();
    let said = dir.ok("bundle data.enc --out b.tar");
    for phase in ["digest", "bundle"] {
        assert_eq!(said.stderr.lines().filter(|line| line.starts_with(phase)).count(), 1, "{}", said.stderr);
    }
}
