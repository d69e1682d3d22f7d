//! kill -9 of a server at random moments while a client sends, waits and fetches. The client goes on by itself, and the head is the same.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::row::Row;
use super::site::Site;
use crate::rng::Rng;

/// Folder of the service, and the client's identity and list of servers.
const SERVICE: &str = "service";
const HOME: &str = "service-client";
/// The head that an undisturbed training signs as the server.
const REFERENCE: &str = "service-head.enc";

/// A server. Dropped, it is killed.
struct Server {
    child: Child,
    address: String,
    said: Value,
}

/// Kills a server at `tries` moments.
pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    let mut server = Server::start(site, "127.0.0.1:0")?;
    let text = |name: &str| server.said[name].as_str().unwrap_or_default().to_owned();
    site.write("service-token", text("token").as_bytes())?;
    succeed(site, &format!("remote add here {} --fingerprint {}", text("url"), text("fingerprint")))?;
    succeed(site, "remote login --token-file service-token")?;
    succeed(
        site,
        &format!(
            "train --data slow.enc --keys slow-keys/eval --out {REFERENCE} --identity {SERVICE}/identity.key"
        ),
    )?;
    let begun = Instant::now();
    train(site)?;
    let whole = begun.elapsed();
    let mut problems = Vec::new();
    for _ in 0..tries {
        forget(site)?;
        let wait = whole.mul_f64(rng.below(1000) as f64 / 1000.0);
        if let Err(what) = killed(site, &mut server, wait) {
            problems.push(format!("after {:.2} s: {what:#}", wait.as_secs_f64()));
        }
    }
    succeed(site, &format!("operator audit --folder {SERVICE}"))?;
    let note = format!("of {:.1} s", whole.as_secs_f64());
    show(Row { fault: "kill -9", command: "serve".into(), tries, note, problems });
    site.clear()
}

/// Kills the server after `wait`, while a client does everything, and starts it again.
fn killed(site: &Site, server: &mut Server, wait: Duration) -> Result<()> {
    std::thread::scope(|scope| {
        let client = scope.spawn(|| train(site));
        std::thread::sleep(wait);
        let address = server.address.clone();
        server.end();
        *server = Server::start(site, &address)?;
        client.join().map_err(|_| anyhow::anyhow!("the client panicked"))?
    })
}

/// Sends keys and data, asks for the training, waits, fetches the head, which must be the one of the file workflow.
fn train(site: &Site) -> Result<()> {
    site.clear()?;
    let pushed = said(site, "remote push slow-keys/eval slow.enc --json")?;
    let id = |at: usize| pushed[at]["upload"].as_str().unwrap_or_default().to_owned();
    let job = said(site, &format!("remote submit --keys {} --data {} --json", id(0), id(1)))?;
    let job = job["id"].as_str().unwrap_or_default().to_owned();
    succeed(site, &format!("remote fetch {job} --out new.enc"))?;
    ensure!(site.read("new.enc")? == site.read(REFERENCE)?, "another head than undisturbed");
    Ok(())
}

/// Removes everything that the server has.
fn forget(site: &Site) -> Result<()> {
    let status = said(site, "remote status --json")?;
    for kind in ["jobs", "uploads"] {
        for one in status[kind].as_array().into_iter().flatten() {
            succeed(site, &format!("remote rm {}", one["id"].as_str().unwrap_or_default()))?;
        }
    }
    let files =
        |name: &String| name.starts_with("service/blobs/1/") || name.starts_with("service/arriving/1/");
    let left: Vec<String> = site.list()?.into_keys().filter(files).collect();
    ensure!(left.is_empty(), "files of no upload are left: {}", left.join(", "));
    Ok(())
}

fn command(site: &Site, line: &str) -> Command {
    let mut command = site.command(line);
    command.env("TRAIN_HEAD_HOME", site.path(HOME));
    command
}

fn succeed(site: &Site, line: &str) -> Result<()> {
    let ended = site.started(command(site, line))?.end(super::site::DEADLINE)?;
    ensure!(ended.code == 0, "train-head {line}: exit code {}: {}", ended.code, ended.stderr);
    Ok(())
}

fn said(site: &Site, line: &str) -> Result<Value> {
    let output = command(site, line).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    ensure!(output.status.success(), "train-head {line}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Server {
    fn start(site: &Site, address: &str) -> Result<Self> {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(site.path("service.log"))?;
        let mut command =
            site.command(&format!("serve --folder {SERVICE} --listen {address} --memory 2G --json"));
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().context("cannot start the server")?;
        let mut line = String::new();
        child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line)).transpose()?;
        let said: Value =
            serde_json::from_str(&line).context("the server did not start: see faults/service.log")?;
        let address = said["url"].as_str().unwrap_or_default().trim_start_matches("https://").to_owned();
        Ok(Self { child, address, said })
    }

    fn end(&mut self) {
        // it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
