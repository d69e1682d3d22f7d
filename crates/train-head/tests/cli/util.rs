//! A fresh folder for each test, and what the program said in it.

use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own, in which the program runs.
pub(crate) struct Dir {
    root: TempDir,
}

/// The folder of the identity that signs in all tests, and of known parties.
pub(crate) fn home() -> &'static Path {
    static HOME: OnceLock<TempDir> = OnceLock::new();
    HOME.get_or_init(|| tempfile::tempdir().unwrap()).path()
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

    /// A plan, but for what each plan has of its own: the run, its salt, and the digests that are made with it.
    pub(crate) fn plan(&self, name: &str) -> Value {
        let mut plan = self.json(name);
        for own in ["digest", "run", "salt", "samples", "validation"] {
            plan.as_object_mut().unwrap().remove(own);
        }
        plan
    }

    /// Changes a file that holds a digest of itself, and the digest.
    pub(crate) fn reseal(&self, name: &str, change: &dyn Fn(&mut Value)) {
        const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";
        let mut value = self.json(name);
        change(&mut value);
        // the first field of this name is the file's own
        let mut fields = value.as_object().unwrap().clone();
        fields.remove("digest");
        let rest = serde_json::to_string(&fields).unwrap();
        let text = format!("{{\"digest\": \"{BLANK}\",{}", &rest[1..]);
        let digest = blake3::hash(text.as_bytes()).to_hex();
        self.write(name, text.replacen(BLANK, &digest, 1));
    }

    /// Names of everything in the folder, with subfolders, sorted. A subfolder may vanish meanwhile.
    pub(crate) fn list(&self) -> Vec<String> {
        fn walk(root: &Path, folder: &Path, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let Ok(entry) = entry else { continue };
                let path = entry.path();
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
        self.command_under(&[])
    }

    /// The program, under a command that becomes the one in its last words.
    pub(crate) fn command_under(&self, under: &[String]) -> Command {
        let program = env!("CARGO_BIN_EXE_train-head");
        let mut command = match under {
            [] => Command::new(program),
            [first, words @ ..] => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
        };
        command.current_dir(self.root.path()).stdin(Stdio::null());
        for variable in ["TRAIN_HEAD_PASSPHRASE", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(variable);
        }
        // no test opens a connection
        command.env("HF_HUB_OFFLINE", "1").env("HF_HOME", self.path("no-cache"));
        command.env_remove("TRAIN_HEAD_IDENTITY_PASSPHRASE").env("TRAIN_HEAD_HOME", home());
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

    /// Starts the program with the words of a line.
    pub(crate) fn start(&self, line: &str) -> Running<'_> {
        let mut command = self.command();
        command.args(line.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running { dir: self, child, stderr, line: line.to_owned() }
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
        // what a killed process left may be cleared away
        let after = self.list();
        let kept = before.into_iter().filter(|name| after.contains(name) || !name.ends_with(".partial"));
        assert_eq!(after, kept.collect::<Vec<_>>(), "something was left behind");
    }
}

/// A program that runs. Dropped, it is killed.
pub(crate) struct Running<'a> {
    dir: &'a Dir,
    child: Child,
    stderr: BufReader<ChildStderr>,
    line: String,
}

/// How long a test waits for an event: longer than any machine needs.
const DEADLINE: Duration = Duration::from_secs(600);

impl Running<'_> {
    /// Waits for a line on standard error that starts like this.
    pub(crate) fn wait_for_line(&mut self, start: &str) {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            let read = self.stderr.read_line(&mut line).unwrap();
            assert!(read > 0, "{}: it ended without a line {start:?}", self.line);
        }
    }

    /// Waits for a file whose name passes; false if the program ended before.
    pub(crate) fn wait_for_file(&mut self, wanted: fn(&str) -> bool) -> bool {
        let began = Instant::now();
        while !self.dir.list().iter().any(|name| wanted(name)) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(began.elapsed() < DEADLINE, "{}: nothing happened", self.line);
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// Sends a signal, such as `-INT`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for the end. What it said is what nobody read before.
    pub(crate) fn end(mut self) -> Said {
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Said { code, stdout: String::new(), stderr }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
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
    copy_of(finished())
}

/// A copy of a folder that a test may damage.
pub(crate) fn copy_of(dir: &Dir) -> Dir {
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
    let copied = Dir::new();
    copy(dir.root.path(), copied.root.path());
    copied
}

/// Labels that the features tell nothing of: a longer training fits noise alone.
pub(crate) fn noise() -> String {
    let names: String = (0..9).map(|j| format!("f{j},")).collect();
    let row = |i: usize| {
        let values: String = (0..9).map(|j| format!("{:.4},", ((i * 37 + j * 101) as f64).sin())).collect();
        values + ["a\n", "b\n"][(i * i / 3) % 2]
    };
    format!("{names}label\n{}", (0..160).map(row).collect::<String>())
}

/// How such a training gets no better from the first iteration on.
pub(crate) const OVERFIT: &str = "--learning-rate 4 --preprocess whiten --ridge 0.1 --solver gd";
