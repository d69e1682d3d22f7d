//! A folder with the files of a training, in which the program is started. What a command under test writes has a name that starts with
//! `new`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::{Metadata, root};

/// Longest time that a command may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(300);
/// The exit codes that `train-head --help` lists.
pub(super) const DOCUMENTED: [i32; 8] = [0, 1, 2, 3, 4, 5, 6, 130];

pub(super) struct Site {
    program: PathBuf,
    folder: PathBuf,
    /// Flags of the training that is interrupted.
    pub(super) method: &'static str,
}

/// A command under test.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The command's name.
    pub(super) name: &'static str,
    /// All words.
    pub(super) words: String,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The exit code; minus the signal's number if a signal ended it.
    pub(super) code: i32,
    pub(super) stderr: String,
}

impl Site {
    /// Makes the folder anew: data, plans, keys, ciphertexts, heads.
    ///
    /// # Errors
    /// A command that fails.
    pub(super) fn prepare(metadata: &Metadata, quick: bool) -> Result<Self> {
        let folder = metadata.target_directory.join("faults");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let method = if quick {
            "--preset n14-l8 --max-iter 2 --sigmoid-degree 3 --sigmoid-interval 8 --learning-rate 1"
        } else {
            "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --solver nesterov --sigmoid-interval 8 --learning-rate 1"
        };
        let site = Self { program: metadata.train_head(), folder, method };
        site.write("table.csv", table(200, 3).as_bytes())?;
        site.write("wide.csv", table(if quick { 200 } else { 600 }, 400).as_bytes())?;
        site.write("notes.csv", format!("text,label\n{}", "one two,a\nthree,b\n".repeat(500)).as_bytes())?;
        site.write("labels.csv", format!("label\n{}", "a\nb\n".repeat(500)).as_bytes())?;
        let encoder = site.encoder();
        for line in [
            format!("estimate --features table.csv --out slow.json {method}"),
            "keygen --plan slow.json --out slow-keys --no-passphrase".into(),
            "encrypt --features table.csv --plan slow.json --keys slow-keys --out slow.enc".into(),
            "train --data slow.enc --keys slow-keys/eval --out slow-head.enc".into(),
            "estimate --features table.csv --out plan.json --scoring --preset n14-l8 --max-iter 1 --sigmoid-degree 3".into(),
            "keygen --plan plan.json --out keys --no-passphrase".into(),
            "encrypt --features table.csv --plan plan.json --keys keys --out data.enc".into(),
            "train --data data.enc --keys keys/eval --out head.enc".into(),
            "decrypt --head head.enc --plan plan.json --keys keys --out head".into(),
            "encrypt --for-scoring --features table.csv --plan plan.json --keys keys --out samples.enc".into(),
            "score --head head.enc --data samples.enc --keys keys/eval --out scores.enc".into(),
            "bundle keys/eval data.enc --out all.tar".into(),
            format!("embed --input notes.csv --model-id {encoder} --text-column text --label-column label --out x.safetensors"),
            format!("embed --input notes.csv --model-id {encoder} --text-column text --out x.npy"),
        ] {
            let ended = site.run(&line)?;
            if ended.code != 0 {
                bail!("train-head {line}: exit code {}\n{}", ended.code, ended.stderr);
            }
        }
        Ok(site)
    }

    pub(super) fn encoder(&self) -> String {
        root().join("crates/text-encoder/tests/golden/tiny-tokens").display().to_string()
    }

    /// Commands that write something, by the time that they take.
    pub(super) fn writing(&self) -> Vec<Line> {
        let line = |name, words: &str| Line { name, words: format!("{name} {words}") };
        vec![
            line("train", "--data slow.enc --keys slow-keys/eval --out new.enc"),
            line("run", &format!("--features table.csv --out new {}", self.method)),
            line("keygen", "--plan slow.json --out new --no-passphrase"),
            line("encrypt", "--features table.csv --plan slow.json --keys slow-keys --out new.enc"),
            line("bundle", "slow-keys/eval slow.enc --out new.tar"),
        ]
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>> {
        fs::read(self.path(name)).with_context(|| format!("cannot read {name}"))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.path(name), bytes).with_context(|| format!("cannot write {name}"))
    }

    /// Removes what a command under test wrote.
    pub(super) fn clear(&self) -> Result<()> {
        let mut written =
            self.list()?.into_keys().filter(|name| name.starts_with("new") && !name.contains('/'));
        written.try_for_each(|name| self.remove(&name))
    }

    /// Removes a file or folder, if there is one.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {name}"))
            }
            _ => Ok(()),
        }
    }

    /// Names and sizes of everything in the folder.
    pub(super) fn list(&self) -> Result<BTreeMap<String, u64>> {
        fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, u64>) -> Result<()> {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                let name = path.strip_prefix(root)?.display().to_string();
                let is_folder = path.is_dir();
                found.insert(name, if is_folder { 0 } else { fs::symlink_metadata(&path)?.len() });
                if is_folder {
                    walk(root, &path, found)?;
                }
            }
            Ok(())
        }
        let mut found = BTreeMap::new();
        walk(&self.folder, &self.folder, &mut found)?;
        Ok(found)
    }

    /// What is in the folder now and was not, or not so, `before`.
    pub(super) fn changed(&self, before: &BTreeMap<String, u64>) -> Result<Vec<String>> {
        let now = self.list()?;
        let gone = before.keys().filter(|name| !now.contains_key(*name)).cloned();
        let new =
            now.iter().filter(|(name, size)| before.get(*name) != Some(size)).map(|(name, _)| name.clone());
        Ok(gone.chain(new).collect())
    }

    /// The program with the words of a line.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(line.split_whitespace());
        self.at_home(command)
    }

    /// A program that is started in the folder.
    pub(super) fn at_home(&self, mut command: Command) -> Command {
        command.current_dir(&self.folder).env("HF_HUB_OFFLINE", "1").env_remove("TRAIN_HEAD_PASSPHRASE");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn run(&self, line: &str) -> Result<Ended> {
        self.started(self.command(line))?.end(DEADLINE)
    }

    /// The time that a command takes, undisturbed. What it wrote is removed.
    ///
    /// # Errors
    /// It fails.
    pub(super) fn time(&self, line: &str) -> Result<Duration> {
        let took = self.time_once(line)?;
        self.clear()?;
        Ok(took)
    }

    /// How long a command takes that must succeed. What it wrote stays.
    pub(super) fn time_once(&self, line: &str) -> Result<Duration> {
        let began = Instant::now();
        let ended = self.run(line)?;
        if ended.code != 0 {
            bail!("train-head {line}: exit code {}\n{}", ended.code, ended.stderr);
        }
        Ok(began.elapsed())
    }

    /// Copies a folder.
    pub(super) fn copy(&self, from: &str, to: &str) -> Result<()> {
        for name in self.list()?.into_keys().filter(|name| name.starts_with(&format!("{from}/"))) {
            let (from, to) = (self.path(&name), self.path(&name.replacen(from, to, 1)));
            if from.is_dir() {
                fs::create_dir_all(&to)?;
                continue;
            }
            to.parent().map(fs::create_dir_all).transpose()?;
            fs::copy(&from, &to)?;
        }
        Ok(())
    }

    pub(super) fn started(&self, mut command: Command) -> Result<Started> {
        // to a file: nobody reads a pipe while the program runs
        let log = self.folder.with_extension("log");
        let child = command.stderr(fs::File::create(&log)?).spawn().context("cannot start the program")?;
        Ok(Started { child, log })
    }
}

/// A program that runs. Dropped, it is killed.
pub(super) struct Started {
    child: Child,
    log: PathBuf,
}

impl Started {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(super) fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends a signal, such as `-INT`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        Command::new("kill").args([name, &self.child.id().to_string()]).stderr(Stdio::null()).status()?;
        Ok(())
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// It does not end within the limit; then it is killed.
    pub(super) fn end(mut self, limit: Duration) -> Result<Ended> {
        let began = Instant::now();
        let status: ExitStatus = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if began.elapsed() > limit => {
                    bail!("it went on for more than {:.1} s", limit.as_secs_f64())
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
        Ok(Ended { code, stderr: String::from_utf8_lossy(&fs::read(&self.log)?).into_owned() })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A table of numbers with two classes that overlap a little.
fn table(rows: usize, columns: usize) -> String {
    let names: Vec<String> = (0..columns).map(|j| format!("x{j}")).collect();
    let row = |i: usize| {
        let noise = |j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
        let cells: Vec<String> = (0..columns)
            .map(|j| format!("{:.4}", noise(j) + 0.4 * f64::from(u8::from(i % 2 == j % 2))))
            .collect();
        format!("{},{}\n", cells.join(","), ["well", "sick"][i % 2])
    };
    std::iter::once(format!("{},label\n", names.join(","))).chain((0..rows).map(row)).collect()
}
