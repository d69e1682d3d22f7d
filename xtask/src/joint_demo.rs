//! `cargo xtask demo --joint 3`: three hospitals and a compute party as processes with folders of their own. They share one folder, or with
//! `--server` none: a server passes on what they have to say, and trains.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::demo::{Prepared, emptied};
use crate::paired::Paired;
use crate::server_demo::Server;
use crate::workspace::size;
use crate::{notes, process};

const OUT: &str = "target/demo-joint";
const HOSPITALS: [&str; 3] = ["north", "south", "west"];
/// Seconds that a party waits for the others.
const PATIENCE: &str = "900";

/// The program, and the folder in which all folders are.
struct Stage {
    binary: PathBuf,
    folder: PathBuf,
    model: PathBuf,
    server: Option<Server>,
}

/// What came of one process.
struct Done {
    seconds: f64,
    result: Value,
}

/// Makes the notes of three hospitals, embeds them, and trains one head on all of them.
///
/// # Errors
/// A step failed. Its exit code is passed on.
pub(crate) fn run(by_server: bool) -> Result<()> {
    let Prepared { model, binary } = Prepared::new()?;
    let folder = emptied(OUT)?;
    let server = by_server.then(|| Server::start(&binary, &folder)).transpose()?;
    let stage = Stage { binary, folder, model, server };
    stage.notes()?;
    for name in ["public"].into_iter().chain(HOSPITALS).chain(["union", "test"]) {
        stage.embed(name)?;
    }
    let session = stage.session()?;
    stage.train(&session)?;
    stage.server.map_or(Ok(()), Server::stop)
}

impl Stage {
    /// A command of a party, with an identity of its own.
    fn command(&self, party: &str, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).args(["--json", "--quiet"]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TRAIN_HEAD_HOME", self.folder.join(party).join("home"));
        command
    }

    fn say(&self, party: &str, words: &[&str]) -> Result<Done> {
        let begun = Instant::now();
        let text = process::output(&mut self.command(party, words))?;
        Ok(Done { seconds: begun.elapsed().as_secs_f64(), result: serde_json::from_str(&text)? })
    }

    /// The same step of all hospitals at once, each a process.
    fn all(&self, words: impl Fn(&str) -> Vec<String>) -> Result<Vec<Done>> {
        let begun = Instant::now();
        let mut children = Vec::new();
        for party in HOSPITALS {
            let words = words(party);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let child = self.command(party, &words).stdout(Stdio::piped()).spawn();
            children.push(child.with_context(|| format!("cannot start {}", self.binary.display()))?);
        }
        let mut done = Vec::new();
        for (party, child) in HOSPITALS.iter().zip(children) {
            let output = child.wait_with_output()?;
            if !output.status.success() {
                bail!("{party}: {}", String::from_utf8_lossy(&output.stdout));
            }
            let result = serde_json::from_slice(&output.stdout)?;
            done.push(Done { seconds: begun.elapsed().as_secs_f64(), result });
        }
        Ok(done)
    }

    fn notes(&self) -> Result<()> {
        // what no party could have, to compare with
        let mut union = Vec::new();
        for (name, bytes) in notes::places()? {
            let folder = self.folder.join(name);
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            if HOSPITALS.contains(&name) {
                let head = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                union.extend_from_slice(if union.is_empty() { &bytes[..] } else { &bytes[head..] });
            }
            fs::write(folder.join("notes.csv"), bytes)?;
        }
        fs::create_dir_all(self.folder.join("union"))?;
        fs::write(self.folder.join("union/notes.csv"), union)?;
        fs::create_dir_all(self.folder.join("cloud"))?;
        Ok(())
    }

    fn embed(&self, name: &str) -> Result<()> {
        let input = format!("{name}/notes.csv");
        let model = self.model.display().to_string();
        let out = format!("{name}/own.safetensors");
        let words = [
            "embed",
            "--input",
            &input,
            "--text-column",
            "text",
            "--label-column",
            "label",
            "--model-id",
            &model,
            "--out",
            &out,
        ];
        let done = self.say(name, &words)?;
        println!("==> {name}: embedded its notes in {:.1} s", done.seconds);
        Ok(())
    }

    /// Makes identities, plans on the public notes and creates the session.
    fn session(&self) -> Result<Value> {
        let mut participants = Vec::new();
        let key = |party: &str| -> Result<String> {
            let done = self.say(party, &["identity", "create"])?;
            Ok(done.result["public_key"].as_str().context("no public key")?.to_owned())
        };
        for name in HOSPITALS {
            let table = fs::read_to_string(self.folder.join(name).join("notes.csv"))?;
            let rows = csv::Reader::from_reader(table.as_bytes()).records().count();
            participants.extend(["--participant".to_owned(), format!("{name}={}:{rows}", key(name)?)]);
        }
        let cloud = match &self.server {
            // its key is the server's own
            Some(server) => {
                HOSPITALS.iter().try_for_each(|name| self.account(name, server))?;
                server.said["identity"].as_str().context("no identity of the server")?.to_owned()
            }
            None => key("cloud")?,
        };
        let planned = self.say(
            "north",
            &[
                "estimate",
                "--features",
                "public/own.safetensors",
                "--preset",
                "n16-joint3-l25",
                "--out",
                "plan.json",
            ],
        )?;
        let mut words =
            vec!["joint", "create", "--plan", "plan.json", "--features", "public/own.safetensors"];
        words.extend(participants.iter().map(String::as_str));
        let place = self.place("north");
        words.extend(["--compute", &cloud, "--recomputations", "1", "--out", &place]);
        if self.server.is_some() {
            words.extend(["--server", "cloud"]);
        }
        let created = self.say("north", &words)?;
        println!(
            "==> method chosen on the public notes in {:.1} s, session made in {:.1} s",
            planned.seconds, created.seconds
        );
        Ok(created.result)
    }

    /// The folder of the session: the one that all share, or a hospital's own copy.
    fn place(&self, party: &str) -> String {
        match self.server {
            Some(_) => format!("{party}/session"),
            None => "shared".to_owned(),
        }
    }

    /// An account of a hospital on the server, in the project that all share.
    fn account(&self, name: &str, server: &Server) -> Result<()> {
        let said = |field: &str| server.said[field].as_str().unwrap_or_default().to_owned();
        let service = self.folder.join("service").display().to_string();
        let added = self.say(name, &["operator", "add", name, "--project", "trial", "--folder", &service])?;
        let token = format!("{name}/token");
        fs::write(self.folder.join(&token), added.result["token"].as_str().unwrap_or_default())?;
        self.say(name, &["remote", "add", "cloud", &said("url"), "--fingerprint", &said("fingerprint")])?;
        self.say(name, &["remote", "login", "--token-file", &token])?;
        if name == HOSPITALS[0] {
            println!("==> dashboard: {} (a hospital's token is in {OUT}/{token})", said("url"));
        }
        Ok(())
    }

    fn train(&self, session: &Value) -> Result<()> {
        let of = |party: &str, step: &[&str]| -> Vec<String> {
            let (keys, session) = (format!("{party}/keys"), self.place(party));
            let place = ["--session", &session, "--keys", &keys];
            ["joint"].iter().chain(step).chain(&place).map(|word| (*word).to_owned()).collect()
        };
        let with = |mut words: Vec<String>, more: &[&str]| {
            words.extend(more.iter().map(|word| (*word).to_owned()));
            words
        };
        let slowest = |all: &[Done]| all.iter().map(|done| done.seconds).fold(0.0, f64::max);
        let server: &[&str] = if self.server.is_some() { &["--server", "cloud"] } else { &[] };
        let joined =
            self.all(|party| with(of(party, &["join"]), &[&["--no-passphrase"], server].concat()))?;
        let keys = self.all(|party| with(of(party, &["keys"]), &["--wait", PATIENCE]))?;
        let own = |party: &str| format!("{party}/own.safetensors");
        let encrypted = self.all(|party| with(of(party, &["encrypt"]), &["--features", &own(party)]))?;
        let computes = if self.server.is_some() { HOSPITALS[0] } else { "cloud" };
        let trained = self.say(computes, &["joint", "train", "--session", &self.place(computes)])?;
        let checked = self.say("south", &["joint", "train", "--session", &self.place("south"), "--check"])?;
        let opened = self.all(|party| {
            let out = format!("{party}/head");
            with(of(party, &["decrypt"]), &["--features", &own(party), "--out", &out, "--wait", PATIENCE])
        })?;

        println!(
            "==> joined {:.1} s, keys {:.1} s, encrypted {:.1} s (the slowest of three at once)",
            slowest(&joined),
            slowest(&keys),
            slowest(&encrypted)
        );
        println!(
            "==> trained {:.1} s, of which {:.1} s iterations; computed again by south {:.1} s; decrypted {:.1} s",
            trained.seconds,
            trained.result["seconds"].as_f64().unwrap_or_default(),
            checked.seconds,
            slowest(&opened)
        );
        for name in HOSPITALS {
            let folder = self.folder.join(self.place(name)).join(name);
            println!(
                "==> {name} sent {} MB: keys {} MB, data {} MB",
                mb(&folder)?,
                mb(&folder)? - mb(&folder.join("data.enc"))?,
                mb(&folder.join("data.enc"))?
            );
        }
        self.compare(session, &opened)
    }

    /// Whether a head is right on each of the notes that nobody has.
    fn right(&self, party: &str, head: &str) -> Result<Vec<bool>> {
        let out = format!("{head}-on-test.csv");
        let words = ["predict", "--head", head, "--features", "test/own.safetensors", "--out", &out];
        self.say(party, &words)?;
        let mut table = csv::Reader::from_path(self.folder.join(&out))?;
        let column = |headers: &csv::StringRecord, name: &str| {
            headers.iter().position(|header| header == name).with_context(|| format!("{out} has no {name}"))
        };
        let headers = table.headers()?.clone();
        let (label, predicted) = (column(&headers, "label")?, column(&headers, "predicted")?);
        table.records().map(|row| row.map(|row| row[label] == row[predicted]).map_err(Into::into)).collect()
    }

    /// The joint head against one of the union in the clear, and each hospital's own, on notes that none of them has.
    fn compare(&self, session: &Value, opened: &[Done]) -> Result<()> {
        println!(
            "\n{} iterations, {} bits of flooding, noise {:.1e} on a weight",
            session["iterations"],
            session["flooding_bits"],
            session["weight_noise"].as_f64().unwrap_or_default()
        );
        for (name, done) in HOSPITALS.iter().zip(opened) {
            let of = &done.result["report"]["comparison"];
            println!(
                "{name:<6} its own test notes: head of all {:.3}, head of its own notes {:.3} (95 % interval of the difference {:+.3} to {:+.3}, p = {:.3})",
                of["joint"].as_f64().unwrap_or_default(),
                of["alone"].as_f64().unwrap_or_default(),
                of["interval"][0].as_f64().unwrap_or_default(),
                of["interval"][1].as_f64().unwrap_or_default(),
                of["p_value"].as_f64().unwrap_or_default(),
            );
        }
        let joint = self.right("north", "north/head")?;
        println!(
            "\non {} other notes (standard error {:.4}); every head from three quarters of the notes it had, and how the joint head does beside it:",
            joint.len(),
            standard_error(&joint)
        );
        println!("joint head                       {:.4}", accuracy(&joint));
        for name in HOSPITALS.into_iter().chain(["union"]) {
            let own = format!("{name}/own.safetensors");
            let out = format!("{name}/alone");
            // as many notes stay at home as in the joint training
            self.say(name, &["run", "--features", &own, "--test-size", "0.25", "--out", &out])?;
            let alone = self.right(name, &out)?;
            let whose = match name {
                "union" => "all notes in one place".to_owned(),
                name => format!("{name}'s notes alone"),
            };
            println!("head of {whose:<24} {:.4}  {}", accuracy(&alone), Paired::new(&joint, &alone).words());
        }
        let place = self.place("NAME");
        println!("\nThe session's folder is {OUT}/{place}; each hospital's head is in {OUT}/NAME/head.");
        Ok(())
    }
}

/// Standard error of the accuracy.
fn standard_error(right: &[bool]) -> f64 {
    let accuracy = accuracy(right);
    (accuracy * (1.0 - accuracy) / right.len().max(1) as f64).sqrt()
}

fn accuracy(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len().max(1) as f64
}

/// Megabytes of a file, or of all files below a folder.
fn mb(path: &Path) -> Result<u64> {
    Ok(size(path)? / 1_000_000)
}
