//! kill -9 at random moments of a joint training. The session goes on, and what travels of the keys is the same, byte by byte: a second share
//! with other errors would give a party's secret away.
//!
//! Two sessions: two parties who both decrypt; three of whom two decrypt, after the third has left.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::row::Row;
use super::site::Site;
use crate::rng::Rng;

/// Who takes part, and how many decrypt.
pub(super) struct Parties {
    /// The command's name in the table.
    name: &'static str,
    /// The folder in which the session is made, and the one in which all have joined.
    folders: [&'static str; 2],
    names: &'static [&'static str],
    decrypt: usize,
}

pub(super) const ALL: Parties = Parties {
    name: "joint",
    folders: ["joint-created", "joint-joined"],
    names: &["north", "south"],
    decrypt: 2,
};
const SOME: Parties = Parties {
    name: "joint, 2 of 3 decrypt",
    folders: ["joint3-created", "joint3-joined"],
    names: &["north", "south", "west"],
    decrypt: 2,
};

/// The folder that a training under test works in.
const WORK: &str = "new-joint";
/// The identities.
const IDENTITIES: &str = "joint-identities";

/// Tries `tries` kills of the first session, and a quarter as many of the second.
pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    ALL.run(site, tries, rng, show)?;
    SOME.run(site, tries.div_ceil(4), rng, show)
}

impl Parties {
    /// A party's command.
    fn of(&self, party: &str, step: &str, more: &str) -> String {
        format!(
            "joint {step} --session {WORK}/s --keys {WORK}/{party} --identity {IDENTITIES}/{party}.key {more}"
        )
    }

    /// How the parties join. The number of these steps is that of the parties.
    fn joins(&self) -> Vec<String> {
        self.names.iter().map(|party| self.of(party, "join", "--no-passphrase")).collect()
    }

    /// What the parties do afterwards, one after the other.
    pub(super) fn steps(&self) -> Vec<String> {
        let each = |step: &str, more: &str| -> Vec<String> {
            self.names.iter().map(|party| self.of(party, step, more)).collect()
        };
        let keys = (0..3).flat_map(|_| each("keys", ""));
        let encrypt = each("encrypt", "--features table.csv --test-size 0");
        let train = format!("joint train --session {WORK}/s --identity {IDENTITIES}/cloud.key");
        let set = match self.decrypt < self.names.len() {
            true => format!("--set {}", self.names[..self.decrypt].join(",")),
            false => String::new(),
        };
        // the first names the set, the others follow, the first makes its share when they have, and all open
        let decrypts = (0..3).flat_map(|turn| {
            let set = if turn == 0 { &set } else { "" };
            let more = |party: &str, set: &str| {
                format!("--features table.csv --out {WORK}/head-{party} --overwrite {set}")
            };
            self.names[..self.decrypt]
                .iter()
                .enumerate()
                .map(|(i, party)| self.of(party, "decrypt", &more(party, if i == 0 { set } else { "" })))
                .collect::<Vec<_>>()
        });
        keys.chain(encrypt).chain([train]).chain(decrypts).collect()
    }

    /// Makes a session that all have joined, in the folder under test.
    pub(super) fn start(&self, site: &Site) -> Result<()> {
        let joined = self.folders[1];
        if !site.path(joined).exists() {
            self.prepare(site)?;
        }
        site.copy(joined, WORK)
    }

    /// The files of the session, in the shared folder and at the parties.
    pub(super) fn files(&self, site: &Site) -> Result<Vec<String>> {
        let names = site.list()?.into_keys().filter(|name| name.starts_with(&format!("{WORK}/")));
        Ok(names.filter(|name| site.read(name).is_ok_and(|bytes| !bytes.is_empty())).collect())
    }

    fn run(&self, site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
        self.prepare(site)?;
        let [created, joined] = self.folders;
        let mut times = Vec::new();
        site.copy(created, WORK)?;
        for join in self.joins() {
            times.push(site.time_once(&join)?);
        }
        site.clear()?;
        site.copy(joined, WORK)?;
        for step in self.steps() {
            times.push(site.time_once(&step)?);
        }
        let undisturbed = keys_that_travel(site)?;
        self.expect_head(site)?;
        site.clear()?;
        let mut problems = Vec::new();
        for _ in 0..tries {
            let at = rng.below(times.len());
            let after = times[at].mul_f64(rng.below(1000) as f64 / 1000.0);
            let problem = self.killed(site, at, after, &undisturbed)?;
            problems.extend(problem.map(|problem| format!("killed in step {at} after {after:?}: {problem}")));
            site.clear()?;
        }
        let note = format!("in one of {} steps", times.len());
        show(Row { fault: "kill -9", command: self.name.into(), tries, note, problems });
        Ok(())
    }

    /// A session whose step `at` is killed after some time and run again. What went wrong, if anything did.
    fn killed(
        &self,
        site: &Site,
        at: usize,
        after: Duration,
        undisturbed: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Option<String>> {
        let [created, joined] = self.folders;
        let joins = self.joins();
        let joining = at < joins.len();
        site.copy(if joining { created } else { joined }, WORK)?;
        // who has joined once has the same share of the secret in each try
        let steps: Vec<_> = joins.into_iter().chain(self.steps()).enumerate().collect();
        for (i, step) in steps.iter().skip(if joining { 0 } else { self.names.len() }) {
            if *i == at {
                let started = site.started(site.command(step))?;
                std::thread::sleep(after);
                drop(started);
            }
            let ended = site.run(step)?;
            // what was done before the kill is refused, not done twice
            let done = *i == at && ended.code == 2 && ended.stderr.contains("exists");
            if ended.code != 0 && !done {
                return Ok(Some(format!("{step}: exit code {}: {}", ended.code, ended.stderr)));
            }
        }
        let travels = keys_that_travel(site)?;
        if !joining && travels != *undisturbed {
            let differs = undisturbed.iter().find(|(name, bytes)| travels.get(*name) != Some(*bytes));
            return Ok(Some(format!("{:?} differs", differs.map(|(name, _)| name))));
        }
        Ok(self.expect_head(site).err().map(|error| error.to_string()))
    }

    /// All who decrypt have the same head.
    pub(super) fn expect_head(&self, site: &Site) -> Result<()> {
        let head = |party: &str| site.read(&format!("{WORK}/head-{party}/head.safetensors"));
        let first = head(self.names[0])?;
        for party in &self.names[1..self.decrypt] {
            ensure!(first == head(party)?, "the parties opened different heads");
        }
        Ok(())
    }

    /// Makes the session, and a copy in which all have joined.
    fn prepare(&self, site: &Site) -> Result<()> {
        let [created, joined] = self.folders;
        for folder in [IDENTITIES, created] {
            std::fs::create_dir_all(site.path(folder))?;
        }
        let mut participants = String::new();
        for name in self.names.iter().chain(&["cloud"]) {
            if !site.path(&format!("{IDENTITIES}/{name}.key")).exists() {
                expect(site, &format!("identity create --identity {IDENTITIES}/{name}.key"))?;
            }
            let key = String::from_utf8(site.read(&format!("{IDENTITIES}/{name}.pub"))?)?;
            let key = key.trim();
            participants.push_str(&match *name {
                "cloud" => format!("--compute {key} "),
                name => format!("--participant {name}={key}:200 "),
            });
        }
        let plan = format!("{created}/plan.json");
        let preset = format!("n16-joint{}-l25", self.names.len());
        expect(site, &format!("estimate --features table.csv --preset {preset} --max-iter 1 --out {plan}"))?;
        expect(
            site,
            &format!(
                "joint create --plan {plan} --features table.csv {participants} --threshold {} \
                 --identity {IDENTITIES}/north.key --out {created}/s",
                self.decrypt
            ),
        )?;
        site.copy(created, WORK)?;
        self.joins().iter().try_for_each(|join| expect(site, join))?;
        site.copy(WORK, joined)?;
        site.clear()
    }
}

fn expect(site: &Site, line: &str) -> Result<()> {
    let ended = site.run(line)?;
    ensure!(ended.code == 0, "train-head {line}: exit code {}\n{}", ended.code, ended.stderr);
    Ok(())
}

/// The messages and shares of keys in the shared folder. Which file a party's samples are, is another in each try: encryption is not the same twice.
fn keys_that_travel(site: &Site) -> Result<BTreeMap<String, Vec<u8>>> {
    let names = site.list()?.into_keys().filter(|name| {
        let travels = name.ends_with(".share") || (name.ends_with(".json") && !name.ends_with("/data.json"));
        name.starts_with(&format!("{WORK}/s/")) && travels
    });
    names
        .map(|name| {
            let bytes = site.read(&name).with_context(|| format!("cannot read {name}"))?;
            Ok((name, bytes))
        })
        .collect()
}
