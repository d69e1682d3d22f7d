//! kill -9 at random moments of a joint training. The session goes on, and what travels of the keys is the same, byte by byte: a second share
//! with other errors would give a party's secret away.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::row::Row;
use super::site::Site;
use crate::rng::Rng;

/// The folder of the session in which both parties have joined.
const JOINED: &str = "joint";

/// What the parties do one after the other, each with its command.
fn steps(folder: &str) -> Vec<String> {
    let of = |party: &str, step: &str, more: &str| {
        format!(
            "joint {step} --session {folder}/s --keys {folder}/{party} --identity {JOINED}/{party}.key {more}"
        )
    };
    let both = |step: &str, more: &str| [of("north", step, more), of("south", step, more)];
    let keys = (0..3).flat_map(|_| both("keys", ""));
    let encrypt = both("encrypt", "--features table.csv --test-size 0");
    let train = format!("joint train --session {folder}/s --identity {JOINED}/cloud.key");
    let opened = |party: &str| {
        of(party, "decrypt", &format!("--features table.csv --out {folder}/head-{party} --overwrite"))
    };
    keys.chain(encrypt).chain([train, opened("north"), opened("south"), opened("north")]).collect()
}

pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    prepare(site)?;
    site.copy(JOINED, "new-joint")?;
    let mut times = Vec::new();
    for step in steps("new-joint") {
        times.push(site.time_once(&step)?);
    }
    let undisturbed = keys_that_travel(site, "new-joint")?;
    let head = site.read("new-joint/head-north/head.safetensors")?;
    ensure!(
        head == site.read("new-joint/head-south/head.safetensors")?,
        "the parties opened different heads"
    );
    site.clear()?;
    let mut problems = Vec::new();
    for _ in 0..tries {
        let (at, moment) = (rng.below(times.len()), rng.below(1000) as f64 / 1000.0);
        site.copy(JOINED, "new-joint")?;
        for (i, step) in steps("new-joint").into_iter().enumerate() {
            if i == at {
                let started = site.started(site.command(&step))?;
                std::thread::sleep(times[i].mul_f64(moment));
                drop(started);
            }
            let ended = site.run(&step)?;
            // what was done before the kill is refused, not done twice
            let done = i == at && ended.code == 2 && ended.stderr.contains("exists");
            if ended.code != 0 && !done {
                problems
                    .push(format!("{step}, killed in step {at}: exit code {}: {}", ended.code, ended.stderr));
                break;
            }
        }
        let travels = keys_that_travel(site, "new-joint")?;
        if travels != undisturbed {
            let differs = undisturbed.iter().find(|(name, bytes)| travels.get(*name) != Some(*bytes));
            problems.push(format!("killed in step {at}: {:?} differs", differs.map(|(name, _)| name)));
        }
        if !site.path("new-joint/head-north/head.safetensors").exists() {
            problems.push(format!("killed in step {at}: no head"));
        }
        site.clear()?;
    }
    let note = format!("in one of {} steps", times.len());
    show(Row { fault: "kill -9", command: "joint".into(), tries, note, problems });
    Ok(())
}

/// Makes a session of two parties who have joined.
fn prepare(site: &Site) -> Result<()> {
    std::fs::create_dir_all(site.path(JOINED))?;
    let mut keys = Vec::new();
    for name in ["north", "south", "cloud"] {
        expect(site, &format!("identity create --identity {JOINED}/{name}.key"))?;
        keys.push(String::from_utf8(site.read(&format!("{JOINED}/{name}.pub"))?)?.trim().to_owned());
    }
    let [north, south, cloud] = &keys[..] else { bail!("three identities") };
    expect(
        site,
        &format!(
            "estimate --features table.csv --preset n16-joint2-l25 --max-iter 1 --out {JOINED}/plan.json"
        ),
    )?;
    expect(
        site,
        &format!(
            "joint create --plan {JOINED}/plan.json --features table.csv --participant north={north}:200 \
             --participant south={south}:200 --compute {cloud} --identity {JOINED}/north.key --out {JOINED}/s"
        ),
    )?;
    for name in ["north", "south"] {
        expect(
            site,
            &format!(
                "joint join --session {JOINED}/s --keys {JOINED}/{name} --identity {JOINED}/{name}.key --no-passphrase"
            ),
        )?;
    }
    Ok(())
}

fn expect(site: &Site, line: &str) -> Result<()> {
    let ended = site.run(line)?;
    ensure!(ended.code == 0, "train-head {line}: exit code {}\n{}", ended.code, ended.stderr);
    Ok(())
}

/// The messages and shares of keys in the shared folder.
fn keys_that_travel(site: &Site, folder: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let names = site.list()?.into_keys().filter(|name| {
        name.starts_with(&format!("{folder}/s/")) && (name.ends_with(".share") || name.ends_with(".json"))
    });
    names
        .map(|name| {
            let bytes = site.read(&name).with_context(|| format!("cannot read {name}"))?;
            Ok((name, bytes))
        })
        .collect()
}
