//! `cargo xtask fuzz`: builds the targets of `fuzz/` with coverage counters, makes their seeds, and lets libFuzzer run each for its share
//! of the time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::{Metadata, root};

const PACKAGE: &str = "head-fuzz";
/// Environment variables that the targets read (`fuzz/src/target.rs`).
const RUN: &str = "HEAD_FUZZ_RUN";
const SEEDS: &str = "HEAD_FUZZ_SEEDS";
/// An input that takes longer is a finding.
const SLOWEST_SECONDS: u32 = 10;
/// Longest inputs: mutations of long ones seldom meet what matters.
const LONGEST_BYTES: usize = 1 << 15;

/// Runs all targets, or one, for `minutes` in total.
///
/// # Errors
/// A build that fails; an input that panics, aborts, asks for more memory than the budget or takes too long. Such inputs are kept.
pub(crate) fn run(minutes: f64, only: Option<&str>) -> Result<()> {
    let metadata = Metadata::read()?;
    let all = names(&metadata);
    let names: Vec<&str> =
        all.iter().map(String::as_str).filter(|name| only.is_none_or(|only| only == *name)).collect();
    if names.is_empty() {
        bail!("no target of that name; there are {}", all.join(", "));
    }
    let folder = metadata.target_directory.join("fuzz");
    build(&names)?;
    let sample = ordinary_run(&metadata, &folder)?;
    let seconds = ((minutes * 60.0 / names.len() as f64) as u64).max(1);
    println!("==> fuzz: {} targets, {seconds} s each", names.len());
    let mut found = Vec::new();
    let mut executions = 0;
    println!("{:<12} {:>12} {:>9} {:>7} {:>7}", "target", "executions", "a second", "edges", "inputs");
    for name in names {
        let target =
            Target { name, program: metadata.target_directory.join("release").join(name), folder: &folder };
        let Fuzzed { stats, artifacts } = target.fuzz(&sample, seconds)?;
        executions += stats.executions;
        println!(
            "{name:<12} {:>12} {:>9.0} {:>7} {:>7}",
            stats.executions,
            stats.executions as f64 / stats.seconds.max(1e-3),
            stats.edges,
            stats.inputs
        );
        found.extend(artifacts);
    }
    println!("{:<12} {executions:>12}", "all");
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
    bail!(
        "inputs that no reader survives (`target/release/TARGET FILE` repeats one; then keep it in fuzz/regressions/TARGET/):\n  {}",
        lines.join("\n  ")
    )
}

/// The targets: the programs of the package.
fn names(metadata: &Metadata) -> Vec<String> {
    let targets = metadata
        .packages
        .iter()
        .filter(|package| package.name == PACKAGE)
        .flat_map(|package| &package.targets);
    let programs = targets.filter(|target| target.kind.iter().any(|kind| kind == "bin"));
    programs.filter_map(|target| Some(target.src_path.file_stem()?.to_str()?.to_owned())).collect()
}

/// Builds the program, and the targets with counters. The whole workspace is selected for the same choice of features, so that crates of
/// others are built once.
fn build(names: &[&str]) -> Result<()> {
    let program = ["build", "--release", "--workspace", "--bin", "train-head"];
    process::step("build of the program", process::cargo(program).current_dir(root()))?;
    let mut targets =
        process::cargo(["build", "--release", "--workspace", "--features", "head-fuzz/libfuzzer"]);
    names.iter().for_each(|name| {
        targets.args(["--bin", name]);
    });
    targets.env("RUSTC_WORKSPACE_WRAPPER", root().join("fuzz").join("rustc"));
    process::step("build of the targets", targets.current_dir(root()))
}

/// The files of an ordinary run of the program: what seeds are made of.
fn ordinary_run(metadata: &Metadata, folder: &Path) -> Result<PathBuf> {
    let run = folder.join("run");
    fs::create_dir_all(&run)?;
    fs::write(run.join("table.csv"), table())?;
    fs::write(run.join("notes.csv"), "text,label\none,a\ntwo,b\nthree,a\n")?;
    let encoder = root().join("crates/text-encoder/tests/golden/tiny-tokens");
    let embed = format!("embed --input notes.csv --overwrite --model-id {}", encoder.display());
    let train_head = |line: &str| {
        let mut command = Command::new(metadata.train_head());
        let words = line.split_whitespace();
        process::step(
            "files for seeds",
            command.args(words).arg("--quiet").current_dir(&run).stdin(Stdio::null()),
        )
    };
    for line in [
        "run --features table.csv --out out --overwrite --preset n13-l3 --max-iter 1 --sigmoid-degree 3"
            .to_owned(),
        format!("{embed} --label-column label --text-column text --out embeddings.safetensors"),
        format!("{embed} --text-column text --out embeddings.npy"),
        "estimate --features table.csv --out joint.json --overwrite --preset n16-joint2-l25 --max-iter 1"
            .into(),
    ] {
        train_head(&line)?;
    }
    let mut keys = Vec::new();
    for name in ["north", "south", "cloud"] {
        train_head(&format!("identity create --identity {name}.key --overwrite"))?;
        keys.push(fs::read_to_string(run.join(format!("{name}.pub")))?.trim().to_owned());
    }
    let [north, south, cloud] = &keys[..] else { bail!("three identities") };
    train_head(&format!(
        "joint create --plan joint.json --features table.csv --participant north={north}:9 --participant south={south}:9 \
         --compute {cloud} --identity north.key --out joint --overwrite"
    ))?;
    train_head(&format!(
        "joint create --sums --plan joint.json --features table.csv --participant north={north}:90 --participant south={south}:90 \
         --identity north.key --out sums --overwrite"
    ))?;
    Ok(run)
}

/// Columns of each kind that a table may have.
fn table() -> String {
    let row = |i: usize| {
        let (age, sick) = (40 + i * 7 % 50, i.is_multiple_of(3));
        let (ward, label) = (["A", "B"][i / 2 % 2], if sick { "sick" } else { "well" });
        format!("{age},{}.5,{ward},2024-01-{:02},{label}\n", i * 13 % 29 + 20 * usize::from(sick), i % 28 + 1)
    };
    std::iter::once("age,marker,ward,admitted,label\n".to_owned()).chain((0..60).map(row)).collect()
}

struct Target<'a> {
    name: &'a str,
    program: PathBuf,
    folder: &'a Path,
}

/// What came of a target.
struct Fuzzed {
    stats: Stats,
    /// Inputs that broke a reader.
    artifacts: Vec<PathBuf>,
}

/// What libFuzzer says at its end.
#[derive(Debug, Default, PartialEq)]
struct Stats {
    executions: u64,
    seconds: f64,
    edges: u64,
    inputs: u64,
}

impl Target<'_> {
    /// Makes the seeds anew, as formats change, and mutates them and what earlier runs found.
    fn fuzz(&self, run: &Path, seconds: u64) -> Result<Fuzzed> {
        let at = |what: &str| self.folder.join(what).join(self.name);
        let (seeds, corpus, artifacts) = (at("seeds"), at("corpus"), at("artifacts"));
        let _ = fs::remove_dir_all(&seeds);
        for folder in [&seeds, &corpus, &artifacts, &self.folder.join("logs")] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        // one thread: what a pool does between inputs would be counted as coverage of the next
        let command = || {
            let mut command = Command::new(&self.program);
            command
                .env(RUN, run)
                .env("RAYON_NUM_THREADS", "1")
                .env("HF_HUB_OFFLINE", "1")
                .stdin(Stdio::null());
            command
        };
        let made =
            command().env(SEEDS, &seeds).output().with_context(|| format!("cannot start {}", self.name))?;
        if !made.status.success() {
            bail!("{}: {}", self.name, String::from_utf8_lossy(&made.stderr));
        }
        let log = self.folder.join("logs").join(self.name);
        let before = list(&artifacts);
        let began = Instant::now();
        let status = command()
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={SLOWEST_SECONDS}"))
            .arg(format!("-max_len={LONGEST_BYTES}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-print_final_stats=1", "-rss_limit_mb=2048"])
            .args([&corpus, &seeds])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .status()?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let stats = Stats { seconds: began.elapsed().as_secs_f64(), ..Stats::of(&text) };
        let artifacts: Vec<_> = list(&artifacts).into_iter().filter(|path| !before.contains(path)).collect();
        if !status.success() && artifacts.is_empty() {
            bail!("{}: {status}; see {}", self.name, log.display());
        }
        Ok(Fuzzed { stats, artifacts })
    }
}

impl Stats {
    /// From the log: `stat::number_of_executed_units: 7` at its end, `cov: 5 ft: 9 corp: 3/40b` in its last line of progress.
    fn of(log: &str) -> Self {
        let number = |text: &str| {
            text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
        };
        let after = |mark: &str| log.rfind(mark).and_then(|at| number(log[at + mark.len()..].trim_start()));
        Self {
            executions: after("stat::number_of_executed_units:").unwrap_or(0),
            seconds: 0.0,
            edges: after(" cov: ").unwrap_or(0),
            inputs: after(" corp: ").unwrap_or(0),
        }
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read() {
        let log = "#9\tNEW    cov: 12 ft: 20 corp: 3/40b exec/s: 0\n#81\tDONE   cov: 34 ft: 56 corp: 7/89b lim: 4\n\
                   stat::number_of_executed_units: 81\nstat::average_exec_per_sec:     40\n";
        assert_eq!(Stats::of(log), Stats { executions: 81, seconds: 0.0, edges: 34, inputs: 7 });
        assert_eq!(Stats::of("nothing"), Stats::default());
    }
}
