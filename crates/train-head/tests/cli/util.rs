//! A fresh folder for each test, and what the program said in it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own, in which the program runs.
pub(crate) struct Dir {
    root: TempDir,
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Dir {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), contents).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    /// Names of everything in the folder, with subfolders, sorted.
    pub(crate) fn list(&self) -> Vec<String> {
        fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                names.push(path.strip_prefix(root).unwrap().display().to_string());
                if path.is_dir() {
                    walk(root, &path, names);
                }
            }
        }
        let mut names = Vec::new();
        walk(self.root.path(), self.root.path(), &mut names);
        names.sort();
        names
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train-head"));
        command.current_dir(self.root.path()).stdin(Stdio::null());
        for variable in ["TRAIN_HEAD_PASSPHRASE", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(variable);
        }
        // no test opens a connection
        command.env("HF_HUB_OFFLINE", "1").env("HF_HOME", self.path("no-cache"));
        command
    }

    /// Runs the program with the words of a line.
    pub(crate) fn run(&self, line: &str) -> Said {
        Said::of(self.command().args(line.split_whitespace()).output().unwrap())
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line}\n{}{}", said.stdout, said.stderr);
        said
    }

    /// Runs the program, which must fail with this code, say all of `messages`, and leave the folder as it was.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str, code: i32, messages: &[&str]) {
        let before = self.list();
        let said = self.run(line);
        assert_eq!(said.code, code, "{line}\n{}{}", said.stdout, said.stderr);
        assert!(said.stdout.is_empty(), "{}", said.stdout);
        if code != 2 || !said.stderr.contains("Usage:") {
            assert!(said.stderr.lines().any(|line| line.starts_with("error: ")), "{}", said.stderr);
        }
        for message in messages {
            assert!(said.stderr.contains(message), "{message:?} is not in:\n{}", said.stderr);
        }
        assert_eq!(self.list(), before, "something was left behind");
    }
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A table of numbers with two classes that overlap a little.
pub(crate) fn table(rows: usize) -> String {
    let mut text = "a,b,c,label\n".to_owned();
    for i in 0..rows {
        let noise = |j: usize| ((i * 37 + j * 101) as f64 * 0.71).sin();
        let class = i % 2;
        let shift = if class == 1 { 0.9 } else { -0.9 };
        let name = if class == 1 { "sick" } else { "well" };
        writeln!(
            text,
            "{:.4},{:.4},{:.4},{name}",
            noise(0) + shift,
            10.0 * noise(1),
            100.0 + noise(2) - shift
        )
        .unwrap();
    }
    text
}

/// A table of numbers with three classes, two of its features telling them apart.
pub(crate) fn table_of_three(rows: usize) -> String {
    let mut text = "a,b,c,label\n".to_owned();
    for i in 0..rows {
        let noise = |j: usize| ((i * 37 + j * 101) as f64 * 0.71).sin();
        let (name, a, b) = [("ill", 2.0, 0.0), ("unsure", -1.0, 2.0), ("well", -1.0, -2.0)][i % 3];
        writeln!(text, "{:.4},{:.4},{:.4},{name}", noise(0) + a, noise(1) + b, 10.0 * noise(2)).unwrap();
    }
    text
}

/// The flags of the fastest training there is: the smallest secure ring, one iteration.
pub(crate) const FAST: &str = "--preset n13-l3 --max-iter 1 --sigmoid-degree 3";

/// A folder in which every step was done once: `table.csv`, `plan.json`, `keys/`, `data.enc`, `head.enc`, `head/`.
pub(crate) fn finished() -> &'static Dir {
    static DIR: OnceLock<Dir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Dir::new();
        dir.write("table.csv", table(80));
        dir.ok(&format!("estimate --features table.csv --out plan.json {FAST}"));
        dir.ok("keygen --plan plan.json --out keys --no-passphrase");
        dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc");
        dir.ok("train --data data.enc --keys keys/eval --out head.enc");
        dir.ok("decrypt --head head.enc --plan plan.json --keys keys --out head");
        dir
    })
}

/// A copy of [`finished`] that a test may damage.
pub(crate) fn copy_of_finished() -> Dir {
    fn copy(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let from = entry.unwrap().path();
            let to = to.join(from.file_name().unwrap());
            if from.is_dir() {
                std::fs::create_dir(&to).unwrap();
                copy(&from, &to);
            } else {
                std::fs::copy(&from, &to).unwrap();
            }
        }
    }
    let dir = Dir::new();
    copy(finished().root.path(), dir.root.path());
    dir
}
