//! `cargo xtask mpi`: trainings of several processes against one. The heads must be the same files, whatever the number of processes, and
//! also if one of them is killed and another number goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::rng::Rng;
use crate::workspace::{Metadata, root};

/// Longest time that a training may take.
const DEADLINE: Duration = Duration::from_secs(600);
/// Longest time that the others may go on after one process was killed.
const TO_END: Duration = Duration::from_secs(30);

/// A training that is tried.
struct Training {
    name: &'static str,
    rows: usize,
    columns: usize,
    flags: &'static str,
}

/// Trains with one process and with several, kills some of them, and prints what it measured.
///
/// # Errors
/// A build that fails; heads that differ; processes that stay after one was killed.
pub(crate) fn run(quick: bool, seed: Option<u64>) -> Result<()> {
    let build = ["build", "--release", "--workspace", "--features", "train-head/mpi", "--bin", "train-head"];
    process::step("build", process::cargo(build).current_dir(root()))?;
    let metadata = Metadata::read()?;
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("==> mpi: seed {seed} (`--seed {seed}` tries the same)");
    let mut rng = Rng::new(seed);
    let leveled = "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --solver nesterov --sigmoid-interval 8 --learning-rate 1";
    let bootstrapped =
        "--preset n15-boot-l6 --max-iter 4 --sigmoid-degree 3 --sigmoid-interval 8 --learning-rate 1";
    let trainings = [
        Training { name: "leveled", rows: if quick { 6_000 } else { 60_000 }, columns: 30, flags: leveled },
        Training { name: "bootstrapped", rows: 2_000, columns: 30, flags: bootstrapped },
    ];
    println!(
        "{:<14} {:>9} {:>10} {:>12} {:>14}",
        "training", "processes", "training", "of which", "whole command"
    );
    println!("{:<14} {:>9} {:>10} {:>12} {:>14}", "", "", "", "bootstraps", "");
    for training in &trainings {
        let site = Site::prepare(&metadata, training)?;
        let alone = site.train(None)?;
        alone.show(training.name, "no MPI");
        let reference = site.head()?;
        let all: &[usize] = if quick && training.name == "bootstrapped" { &[2] } else { &[1, 2, 4] };
        for &ranks in all {
            let run = site.train(Some(ranks))?;
            run.show(training.name, &ranks.to_string());
            ensure!(site.head()? == reference, "{}: {ranks} processes made another head", training.name);
        }
        let kills = if quick { 2 } else { 20 };
        for _ in 0..kills {
            let (first, then) = ([2, 3, 4][rng.below(3)], [1, 2, 3][rng.below(3)]);
            let wait = alone.whole.mul_f64(rng.below(1000) as f64 / 1000.0);
            site.killed(first, rng.below(first), wait)?;
            site.resume(then)?;
            ensure!(
                site.head()? == reference,
                "{}: {first} processes, one of them killed after {:.2} s, then {then}: another head",
                training.name,
                wait.as_secs_f64()
            );
        }
        println!(
            "{:<14} one of 2 to 4 killed (-9) {kills} times, then 1 to 3 went on: the same head",
            training.name
        );
    }
    Ok(())
}

/// The files of a training.
struct Site {
    program: PathBuf,
    folder: PathBuf,
}

/// What a training took.
struct Run {
    whole: Duration,
    training: f64,
    bootstraps: f64,
}

impl Run {
    fn show(&self, training: &str, processes: &str) {
        println!(
            "{training:<14} {processes:>9} {:>8.2} s {:>10.2} s {:>12.2} s",
            self.training,
            self.bootstraps,
            self.whole.as_secs_f64()
        );
    }
}

impl Site {
    fn prepare(metadata: &Metadata, training: &Training) -> Result<Self> {
        let folder = metadata.target_directory.join("mpi").join(training.name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("table.csv"), table(training.rows, training.columns))?;
        let site = Self { program: metadata.train_head(), folder };
        for line in [
            format!("estimate --features table.csv --out plan.json {}", training.flags),
            "keygen --plan plan.json --out keys --no-passphrase".into(),
            "encrypt --features table.csv --plan plan.json --keys keys --out data.enc".into(),
        ] {
            let mut command = site.command(None);
            command.args(line.split_whitespace()).stdout(Stdio::null());
            ensure!(command.status()?.success(), "train-head {line}");
        }
        Ok(site)
    }

    /// The program, started in the folder by mpirun or alone.
    fn command(&self, ranks: Option<usize>) -> Command {
        let mut command = match ranks {
            None => Command::new(&self.program),
            Some(ranks) => {
                let mut command = Command::new("mpirun");
                // more processes than cores, and root in containers, are refused otherwise; bound processes would share a core with their threads
                command.args(["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]);
                command.args(["-n", &ranks.to_string()]);
                command.arg(&self.program);
                command
            }
        };
        command.current_dir(&self.folder).stdin(Stdio::null()).arg("--quiet");
        command
    }

    fn training(&self, ranks: Option<usize>, more: &[&str]) -> Command {
        let mut command = self.command(ranks);
        command.args(["--json", "train", "--data", "data.enc", "--keys", "keys/eval", "--out", "head.enc"]);
        command.args(more).stdout(Stdio::piped());
        command
    }

    /// Trains anew.
    fn train(&self, ranks: Option<usize>) -> Result<Run> {
        let _ = fs::remove_file(self.folder.join("head.enc"));
        let began = Instant::now();
        let printed = process::output(&mut self.training(ranks, &["--overwrite"]))?;
        let whole = began.elapsed();
        let result: serde_json::Value = serde_json::from_str(&printed).context("no JSON from train-head")?;
        let number = |name: &str| result.get(name).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
        ensure!(number("processes") == ranks.unwrap_or(1) as f64, "{result}");
        Ok(Run { whole, training: number("seconds"), bootstraps: number("bootstrap_seconds") })
    }

    /// Goes on after a fault.
    fn resume(&self, ranks: usize) -> Result<()> {
        process::output(&mut self.training(Some(ranks), &["--resume", "--overwrite"])).map(drop)
    }

    fn head(&self) -> Result<Vec<u8>> {
        fs::read(self.folder.join("head.enc")).context("no head")
    }

    /// Starts a training and kills one of its processes after a while, if it has not ended before.
    fn killed(&self, ranks: usize, victim: usize, wait: Duration) -> Result<()> {
        let _ = fs::remove_file(self.folder.join("head.enc"));
        let mut command = self.training(Some(ranks), &["--overwrite"]);
        let mut running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        std::thread::sleep(wait);
        let processes = children(running.0.id())?;
        if let Some(pid) = processes.get(victim) {
            Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status()?;
        }
        // before they were started, or after the end, there is nobody to kill
        let limit = if processes.is_empty() {
            DEADLINE
        } else {
            TO_END.max(DEADLINE * u32::from(victim >= processes.len()))
        };
        running.expect_end(limit)?;
        let left =
            processes.iter().filter(|pid| Path::new("/proc").join(pid.to_string()).join("exe").exists());
        ensure!(left.count() == 0, "processes stay after one of {ranks} was killed");
        Ok(())
    }
}

/// A program that is killed when this is dropped.
struct Running(Child);

impl Running {
    fn expect_end(&mut self, limit: Duration) -> Result<()> {
        let began = Instant::now();
        while self.0.try_wait()?.is_none() {
            if began.elapsed() > limit {
                bail!("the others went on for more than {} s after one was killed", limit.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The processes that a process started.
fn children(parent: u32) -> Result<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_whitespace().map(|pid| Ok(pid.parse()?)).collect()
}

/// A table of numbers with two classes that overlap.
fn table(rows: usize, columns: usize) -> String {
    let names: Vec<String> = (0..columns).map(|j| format!("x{j}")).collect();
    let row = |i: usize| {
        let noise = |j: usize| ((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0 - 0.5;
        let shift = |j: usize| 0.4 * f64::from(u8::from(i % 2 == j % 2));
        let cells: Vec<String> = (0..columns).map(|j| format!("{:.4}", noise(j) + shift(j))).collect();
        format!("{},{}\n", cells.join(","), ["well", "sick"][i % 2])
    };
    std::iter::once(format!("{},label\n", names.join(","))).chain((0..rows).map(row)).collect()
}
