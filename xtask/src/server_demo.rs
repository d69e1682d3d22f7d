//! `cargo xtask demo --server`: the demo with a service as its compute party, each in a folder of its own, and what the service costs beside
//! the exchange of files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::demo::{METHOD, Prepared, TEST, TRAIN, emptied};
use crate::process;
use crate::workspace::root;

const OUT: &str = "target/demo-server";

/// A server that is stopped in order when the demo ends.
pub(crate) struct Server {
    child: Child,
    /// What it said when it had started: address, fingerprint, token.
    pub(crate) said: Value,
}

/// Fetches the model, builds, starts a server, and trains through it.
///
/// # Errors
/// A step failed. Its exit code is passed on.
pub(crate) fn run() -> Result<()> {
    let Prepared { model, binary } = Prepared::new()?;
    let folder = emptied(OUT)?;
    let server = Server::start(&binary, &folder)?;
    let text = |name: &str| server.said[name].as_str().unwrap_or_default().to_owned();
    fs::write(folder.join("token"), text("token"))?;
    println!("==> dashboard: {} (the token is in {OUT}/token)", text("url"));
    let client = |words: &[&str]| {
        let mut command = Command::new(&binary);
        command
            .args(words)
            .current_dir(root())
            .stdin(Stdio::null())
            .env("TRAIN_HEAD_HOME", folder.join("home"));
        command
    };
    let token = folder.join("token").display().to_string();
    process::output(&mut client(&[
        "remote",
        "add",
        "demo",
        &text("url"),
        "--fingerprint",
        &text("fingerprint"),
    ]))?;
    process::output(&mut client(&["remote", "login", "--token-file", &token]))?;

    let (model, out) = (model.display().to_string(), folder.join("out"));
    let shown = out.display().to_string();
    let mut words =
        vec!["run", "--server", "demo", "--input", TRAIN, "--test-input", TEST, "--text-column", "text"];
    words.extend(["--label-column", "label", "--model-id", &model]);
    words.extend(METHOD.iter().chain(&["--out", &shown]));
    process::step("train on the server", &mut client(&words))?;
    compare(&client, &folder)?;
    server.stop()?;
    println!(
        "\n{OUT}/out/report.html shows the run to a reader; `train-head serve --folder {OUT}/service` starts the server again."
    );
    Ok(())
}

impl Server {
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let service = folder.join("service").display().to_string();
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--json", "--folder", &service]);
        Self::by(command, &folder.join("server.log"))
    }

    /// A server that `command` starts. What it logs is added to `log`.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn by(mut command: Command, log: &Path) -> Result<Self> {
        let log_file = fs::OpenOptions::new().append(true).create(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().context("cannot start the server")?;
        let mut line = String::new();
        let Some(out) = child.stdout.take() else { bail!("the server has no output") };
        BufReader::new(out).read_line(&mut line)?;
        let said = serde_json::from_str(&line)
            .with_context(|| format!("the server did not start: see {}", log.display()))?;
        Ok(Self { child, said })
    }

    /// Most memory that it has had, in bytes.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        process::output(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server did not stop in order: {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it has ended, unless a step failed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same training by files, and what the way over the server took longer.
fn compare(client: &dyn Fn(&[&str]) -> Command, folder: &Path) -> Result<()> {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    let shown = |name: &str| path(name).display().to_string();
    let report: Value = serde_json::from_slice(&fs::read(path("out/report.json"))?)?;
    let seconds = |name: &str| report["seconds"][name].as_f64().unwrap_or(f64::NAN);
    let mut words = vec!["train".to_owned(), "--quiet".to_owned()];
    for (flag, name) in [
        ("--data", "out/server/data.enc"),
        ("--keys", "out/server/eval"),
        ("--identity", "service/identity.key"),
        ("--out", "by-files.enc"),
    ] {
        words.extend([flag.to_owned(), shown(name)]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let begun = Instant::now();
    process::output(&mut client(&words))?;
    let by_files = begun.elapsed().as_secs_f64();
    let same = fs::read(path("by-files.enc"))? == fs::read(path("out/server/head.enc"))?;
    ensure!(same, "the head of the server is not that of the file workflow");
    let (by_server, total) = (seconds("load") + seconds("train"), seconds("total"));
    let over = by_server - by_files;
    let bytes =
        report["bytes"]["keys"].as_f64().unwrap_or(0.0) + report["bytes"]["data"].as_f64().unwrap_or(0.0);
    println!("\nbeside the exchange of files (`train-head train` on the same files, on this machine)");
    println!("  head         the same, bit for bit");
    println!("  by files     {by_files:.1} s");
    println!(
        "  by server    {by_server:.1} s: {:.0} MiB sent over TLS, queued, trained, fetched",
        bytes / f64::from(1 << 20)
    );
    println!("  difference   {over:.1} s, {:.1} % of the run without it", 100.0 * over / (total - over));
    Ok(())
}
