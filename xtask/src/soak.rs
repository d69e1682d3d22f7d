//! `cargo xtask soak`: many clients at once against one server. Prints how fast uploads are beside a plain copy through TLS, how long calls took
//! while trainings ran, and what memory the server needed. Any error of a client ends it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::demo::{Prepared, emptied};
use crate::process;
use crate::python::Python;
use crate::server_demo::Server;
use crate::workspace::size;

const OUT: &str = "target/soak";
const CLIENTS: usize = 50;
/// Rows and columns of the table that is trained on.
const TABLE: [usize; 2] = [400, 16];
const PLAN: &str = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3 --solver nesterov --learning-rate 1";
/// A copy of some bytes through TLS into a file, which is synced at the end: what an upload cannot be faster than. Prints the seconds.
const COPY: &str = r#"
import os, socket, ssl, sys, threading, time
certificate, key, size, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); server.load_cert_chain(certificate, key)
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); client.check_hostname = False; client.verify_mode = ssl.CERT_NONE
listener = socket.create_server(("127.0.0.1", 0))
begun = time.perf_counter()
def take():
    with server.wrap_socket(listener.accept()[0], server_side=True) as stream, open(out, "wb") as file:
        while piece := stream.recv(1 << 20): file.write(piece)
        file.flush(); os.fsync(file.fileno())
taker = threading.Thread(target=take); taker.start()
block = os.urandom(1 << 20)
with client.wrap_socket(socket.create_connection(listener.getsockname())) as stream:
    for at in range(0, size, len(block)): stream.sendall(block[: size - at])
taker.join(); print(time.perf_counter() - begun)
"#;

/// Everything that the clients share.
struct Site {
    binary: PathBuf,
    folder: PathBuf,
    server: Server,
}

/// Lets the clients work for some minutes.
///
/// # Errors
/// A client, or the server, failed.
pub(crate) fn run(minutes: f64) -> Result<()> {
    let Prepared { binary, .. } = Prepared::new()?;
    let folder = emptied(OUT)?;
    let server = Server::start(&binary, &folder)?;
    let site = Site { binary, folder, server };
    site.prepare()?;
    let bytes = size(&site.folder.join("keys/eval"))? + size(&site.folder.join("data.enc"))?;
    let all = bytes * CLIENTS as u64;

    let begun = Instant::now();
    site.at_once(|client| site.push(client).map(drop))?;
    let uploads = begun.elapsed().as_secs_f64();
    let copy = site.copy(all)?;
    let rate = |seconds: f64| all as f64 / 1e6 / seconds;
    println!("{CLIENTS} clients upload {:.1} MB each at once: {:.0} MB/s", bytes as f64 / 1e6, rate(uploads));
    println!(
        "a copy of as many bytes through TLS, one connection: {:.0} MB/s; uploads are at {:.0} % of it",
        rate(copy),
        100.0 * copy / uploads
    );

    let (until, from) = (Instant::now() + Duration::from_secs_f64(60.0 * minutes), site.log()?.len());
    let rounds = Mutex::new(0_u64);
    site.at_once(|client| {
        while Instant::now() < until {
            site.round(client)?;
            *rounds.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        }
        Ok(())
    })?;
    let calls = calls(&site.log()?[from..]);
    let rounds = rounds.into_inner().unwrap_or_default();
    println!(
        "{minutes} minutes of uploads and trainings: {rounds} trainings, {} calls, no error",
        calls.len()
    );
    println!(
        "calls beside chunks: half within {:.1} ms, 95 % within {:.1} ms",
        at(&calls, 0.5),
        at(&calls, 0.95)
    );
    println!("memory of the server at the most: {} MB", site.server.peak_memory()? / 1_000_000);
    site.ok(0, &["operator", "audit", "--folder", &site.shown("service")])?;
    site.server.stop()
}

impl Site {
    fn shown(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Plan, keys and data, and an account for each client.
    fn prepare(&self) -> Result<()> {
        let [rows, columns] = TABLE;
        let mut table = String::new();
        (0..columns).for_each(|j| table.push_str(&format!("x{j},")));
        table.push_str("label\n");
        for i in 0..rows {
            let value = |j: usize| (((i * 37 + j * 101) % 97) as f64 / 97.0 + (i % 2) as f64 * 0.5).sin();
            (0..columns).for_each(|j| table.push_str(&format!("{:.4},", value(j))));
            table.push_str(&format!("{}\n", i % 2));
        }
        fs::write(self.folder.join("table.csv"), table)?;
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for line in [
            format!("estimate --features table.csv --out plan.json {PLAN}"),
            "keygen --plan plan.json --out keys --no-passphrase".to_owned(),
            "encrypt --features table.csv --plan plan.json --keys keys --out data.enc".to_owned(),
        ] {
            let words = words(&line);
            self.ok(0, &words.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        let said = |field: &str| self.server.said[field].as_str().unwrap_or_default().to_owned();
        for client in 0..CLIENTS {
            let name = format!("client-{client}");
            let added = self.ok(client, &["operator", "add", &name, "--folder", &self.shown("service")])?;
            let token = self.shown(&format!("{name}.token"));
            fs::write(&token, added["token"].as_str().unwrap_or_default())?;
            self.ok(client, &["remote", "add", "soak", &said("url"), "--fingerprint", &said("fingerprint")])?;
            self.ok(client, &["remote", "login", "--token-file", &token])?;
        }
        Ok(())
    }

    /// Uploads keys and data. Returns their ids.
    fn push(&self, client: usize) -> Result<[String; 2]> {
        let pushed = self.ok(client, &["remote", "push", "keys/eval", "data.enc"])?;
        Ok([0, 1].map(|at| pushed[at]["upload"].as_str().unwrap_or_default().to_owned()))
    }

    /// Uploads, trains, fetches the head, and removes everything, so that the next round sends it again.
    fn round(&self, client: usize) -> Result<()> {
        let [keys, data] = self.push(client)?;
        let job = self.ok(client, &["remote", "submit", "--keys", &keys, "--data", &data])?;
        let job = job["id"].as_str().context("no job")?.to_owned();
        let out = format!("head-{client}.enc");
        self.ok(client, &["remote", "fetch", &job, "--out", &out, "--overwrite"])?;
        ensure!(self.folder.join(&out).exists(), "no head came");
        self.ok(client, &["remote", "rm", &job, &keys, &data]).map(drop)
    }

    /// Does something as every client at the same time.
    fn at_once(&self, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
        std::thread::scope(|scope| {
            let work = &work;
            let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || work(client))).collect();
            let ended = clients
                .into_iter()
                .map(|client| client.join().unwrap_or_else(|_| bail!("a client panicked")));
            ended.collect()
        })
    }

    fn ok(&self, client: usize, words: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.binary);
        command.args(words).args(["--json", "--quiet"]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TRAIN_HEAD_HOME", self.folder.join(format!("home-{client}")));
        Ok(serde_json::from_str(&process::output(&mut command)?)?)
    }

    /// Seconds of a copy of `bytes` through TLS.
    fn copy(&self, bytes: u64) -> Result<f64> {
        let tls = self.folder.join("service/tls");
        let mut copy = Python::with_pip()?.command();
        copy.arg("-c").arg(COPY).arg(tls.join("certificate.pem")).arg(tls.join("key.pem"));
        copy.arg(bytes.to_string()).arg(self.folder.join("copied"));
        let seconds = process::output(&mut copy)?.trim().parse().context("the copy printed no time")?;
        fs::remove_file(self.folder.join("copied"))?;
        std::io::stdout().flush()?;
        Ok(seconds)
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("server.log"))?)
    }
}

/// Milliseconds of the calls in a log that were no chunks, sorted.
fn calls(log: &str) -> Vec<f64> {
    let of = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let route = line["route"].as_str()?;
        (!route.ends_with("/chunks/{number}") && !route.ends_with("/events")).then(|| line["ms"].as_f64())?
    };
    let mut all: Vec<f64> = log.lines().filter_map(of).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The value below which this share lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    sorted.get((sorted.len() as f64 * share) as usize).or(sorted.last()).copied().unwrap_or(f64::NAN)
}
