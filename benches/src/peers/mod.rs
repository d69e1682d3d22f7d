//! `peers`: compares with other libraries: the same work, data and number of threads, in the same run.

mod ours;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde_json::{Value, json};

use crate::data::{Dataset, Embedder, Manifest, Place, Split, default_cache, default_model};
use crate::machine::project;
use crate::measure::Threads;
use crate::records::{Label, store};

/// Arguments of `peers`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Python interpreter with some or all of the packages in benches/peers/requirements.txt
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Measured runs, after one warm-up run
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Only operations, few runs: takes a minute
    #[arg(long)]
    quick: bool,
    /// Only peers whose script name contains one of these words
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

/// Scripts in benches/peers, the fast ones first.
const SCRIPTS: [&str; 4] =
    ["scikit_learn.py", "tenseal_operations.py", "openfhe_operations.py", "concrete_ml_training.py"];
/// The script that takes minutes.
const SLOW: &str = "concrete_ml_training.py";
/// The data set for trainings.
const SET: &str = "breast-cancer";

/// Measurements that are compared although their names differ.
struct Pair {
    theirs: &'static str,
    ours: &'static str,
}

const PAIRS: [Pair; 4] = [
    Pair { theirs: "bootstrap of 2^9 slots", ours: "bootstrap of 2^9 slots, N = 2^15" },
    Pair { theirs: "one batch of 8", ours: "training" },
    Pair { theirs: "one epoch", ours: "training" },
    Pair { theirs: "one pass of its logistic regression", ours: "training" },
];

/// Measures this library, then every available peer.
///
/// # Errors
/// This library fails, or the record cannot be written. A peer that is missing or fails is recorded as not available.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let split = breast_cancer()?.splits(0).into_iter().next().context("no fold")?;
    let file = split_file(&split, &arguments.out)?;
    let repeat = if arguments.quick { 2 } else { arguments.repeat };
    let threads = arguments.threads.install(|threads| threads)?;
    let ours =
        arguments.threads.install(|threads| ours::measure(&split, repeat, threads, arguments.quick))??;
    let mut peers = Vec::new();
    let mut ratios = Vec::new();
    for script in SCRIPTS {
        let wanted = arguments.only.is_empty() || arguments.only.iter().any(|name| script.contains(&**name));
        if !wanted || (arguments.quick && script == SLOW && arguments.only.is_empty()) {
            continue;
        }
        match ask(arguments, script, &file, threads, repeat) {
            Ok(peer) => {
                ratios.extend(self::ratios(&ours, &peer));
                peers.push(peer);
            }
            Err(reason) => {
                println!("{script}: not available: {reason:#}");
                peers.push(json!({ "script": script, "not_available": format!("{reason:#}") }));
            }
        }
    }
    std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    for ratio in &ratios {
        println!(
            "{:<14} {:<52} {:>12.4} s  ours {:>10.4} s  {:>10.1} x, by processor time {:>10.1} x",
            ratio["peer"].as_str().unwrap_or_default(),
            ratio["name"].as_str().unwrap_or_default(),
            ratio["theirs_s"].as_f64().unwrap_or(f64::NAN),
            ratio["ours_s"].as_f64().unwrap_or(f64::NAN),
            ratio["ratio"].as_f64().unwrap_or(f64::NAN),
            ratio["cpu_ratio"].as_f64().unwrap_or(f64::NAN),
        );
    }
    let published = std::fs::read_to_string(scripts().join("published.toml"))?;
    let published: Value = basic_toml::from_str(&published).context("published.toml is malformed")?;
    let body = json!({
        "quick": arguments.quick,
        "dataset": SET,
        "samples": split.train.len(),
        "test_samples": split.test.len(),
        "ours": ours,
        "peers": peers,
        "ratios": ratios,
        "published": published["figure"],
    });
    let name = format!("peers-{threads}");
    store(&arguments.out, Label { name: &name, kind: "peers", threads }, &body)
}

fn scripts() -> PathBuf {
    project().join("benches").join("peers")
}

fn breast_cancer() -> anyhow::Result<Dataset> {
    let manifest = Manifest::read()?;
    let entry = manifest.entry(SET)?;
    let mut embedder = Embedder::new(default_model(), default_cache());
    Place::new(None, None).find(entry, &mut embedder)?.map_err(anyhow::Error::msg)
}

/// Writes the samples that all libraries train on as JSON.
fn split_file(split: &Split, folder: &Path) -> anyhow::Result<PathBuf> {
    let rows = |x: &ndarray::Array2<f64>| x.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
    let value = json!({
        "train_x": rows(&split.train.x), "train_y": split.train.y,
        "test_x": rows(&split.test.x), "test_y": split.test.y,
    });
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = std::path::absolute(folder.join("split.partial"))?;
    std::fs::write(&path, value.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Runs a script. The last line that it prints is the result.
fn ask(
    arguments: &Arguments,
    script: &str,
    split: &Path,
    threads: usize,
    repeat: usize,
) -> anyhow::Result<Value> {
    let mut command = Command::new(&arguments.python);
    command
        .arg(scripts().join(script))
        .args(["--threads", &threads.to_string(), "--repeat", &repeat.to_string(), "--split"])
        .arg(split)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null());
    if arguments.quick {
        command.arg("--quick");
    }
    let output = command.output().with_context(|| format!("cannot start {}", arguments.python.display()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        anyhow::bail!("{}", errors.lines().last().unwrap_or("it failed without a message"));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    let mut peer: Value = serde_json::from_str(last).context("its last line is not JSON")?;
    peer["script"] = json!(script);
    Ok(peer)
}

/// The ratio of each of a peer's times to ours.
fn ratios(ours: &[Value], peer: &Value) -> Vec<Value> {
    let measured = peer["measurements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let compared = |theirs: &str, ours: &str| {
        theirs == ours || PAIRS.iter().any(|pair| pair.theirs == theirs && pair.ours == ours)
    };
    let ratio = |(theirs, ours): (&Value, &Value)| {
        let (name, ours_name) = (theirs["name"].as_str()?, ours["name"].as_str()?);
        let (theirs_s, ours_s) = (theirs["median_s"].as_f64()?, ours["median_s"].as_f64()?);
        let label = if name == ours_name { name.to_owned() } else { format!("{name} (ours: {ours_name})") };
        compared(name, ours_name).then(|| {
            json!({
                "peer": peer["peer"],
                "name": label,
                "ours": ours_name,
                "theirs_s": theirs_s,
                "ours_s": ours_s,
                "theirs_cpu_s": theirs.get("cpu_s"),
                "ours_cpu_s": ours.get("cpu_s"),
                "ratio": theirs_s / ours_s,
                "cpu_ratio": theirs["cpu_s"].as_f64().zip(ours["cpu_s"].as_f64()).map(|(theirs, ours)| theirs / ours),
                "extrapolated": theirs.get("extrapolated"),
                "encrypted": peer["encrypted"],
            })
        })
    };
    let pairs = measured.iter().flat_map(|theirs| ours.iter().map(move |ours| (theirs, ours)));
    pairs.filter_map(ratio).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_pair_equal_names_and_trainings() {
        let ours = [json!({"name": "rotate", "median_s": 2.0}), json!({"name": "training", "median_s": 0.5})];
        let peer = json!({"peer": "p", "encrypted": true, "measurements": [
            {"name": "rotate", "median_s": 6.0}, {"name": "one epoch", "median_s": 50.0}, {"name": "else", "median_s": 1.0}
        ]});
        let ratios: Vec<f64> =
            ratios(&ours, &peer).iter().filter_map(|ratio| ratio["ratio"].as_f64()).collect();
        assert_eq!(ratios, [3.0, 100.0]);
    }
}
