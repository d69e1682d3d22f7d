//! `cargo xtask bucket`: a whole encrypted training whose files are in a bucket of a store that others wrote (moto's, from Python's package
//! index). The server then loses its disk but for what a backup has, and goes on with the bucket.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::emptied;
use crate::process;
use crate::python::Python;
use crate::server_demo::Server;
use crate::workspace::{Metadata, root};

const OUT: &str = "target/bucket";
/// How long the store may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// A store with the interface of S3 by others, as a Python package.
const STORE: &str = "moto[server]==5.2.5";
const BUCKET: &str = "heads";
const PREFIX: &str = "trial";
/// What a backup of a service has whose files are in a bucket.
const BACKUP: [&str; 6] =
    ["service.db", "service.db-wal", "service.db-shm", "audit.jsonl", "tls", "identity.key"];
const PLAN: &str = "--preset n14-l8 --max-iter 2 --sigmoid-degree 3 --sigmoid-interval 8 --solver nesterov --learning-rate 1";
const MAKE: &str = "
import boto3, sys
boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket=sys.argv[2])
";
const LIST: &str = "
import boto3, json, sys
pages = boto3.client('s3', endpoint_url=sys.argv[1]).get_paginator('list_objects_v2').paginate(Bucket=sys.argv[2])
print(json.dumps([one['Key'] for page in pages for one in page.get('Contents', [])]))
";
const SECRETS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")];

/// The store, which is killed when it is dropped.
struct Store(Child);

impl Store {
    /// Starts it in the environment of Python in `tools`.
    fn start(tools: &Path, log: &Path, port: u16) -> Result<Self> {
        let mut command = Command::new(tools.join("bin/moto_server"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).stdin(Stdio::null());
        let file = fs::File::create(log)?;
        command.stdout(file.try_clone()?).stderr(file);
        let store = Self(command.spawn().context("cannot start the store")?);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "the store did not start: see {}", log.display());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(store)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Site {
    binary: PathBuf,
    python: PathBuf,
    folder: PathBuf,
    store: String,
}

/// Trains through a bucket, loses the disk, and trains again.
///
/// # Errors
/// A step failed, or something is not what it should be.
pub(crate) fn run() -> Result<()> {
    let build = ["build", "--release", "--workspace", "--bin", "train-head", "--features", "train-head/s3"];
    process::step("build", process::cargo(build).current_dir(root()))?;
    let metadata = Metadata::read()?;
    let (folder, tools) = (emptied(OUT)?, metadata.target_directory.join("tools").join("moto"));
    let python = tools.join("bin/python");
    process::step("environment", Python::with_pip()?.command().args(["-m", "venv"]).arg(&tools))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", STORE];
    process::step("install", Command::new(&python).args(install))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let _store = Store::start(&tools, &folder.join("store.log"), port)?;
    let site =
        Site { binary: metadata.train_head(), python, folder, store: format!("http://127.0.0.1:{port}") };
    site.ask(MAKE)?;
    site.train_twice()
}

impl Site {
    fn train_twice(&self) -> Result<()> {
        let mut table = String::from("a,b,c,d,label\n");
        for i in 0..200 {
            let value = |j: usize| (((i * 37 + j * 101) % 97) as f64 / 97.0 + (i % 2) as f64 * 0.5).sin();
            (0..4).for_each(|j| table.push_str(&format!("{:.4},", value(j))));
            table.push_str(&format!("{}\n", i % 2));
        }
        fs::write(self.folder.join("table.csv"), table)?;
        self.ok(&format!("estimate --features table.csv --out plan.json {PLAN}"))?;
        self.ok("keygen --plan plan.json --out keys --no-passphrase")?;
        self.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc")?;

        let server = self.serve("127.0.0.1:0")?;
        let text = |name: &str| server.said[name].as_str().unwrap_or_default().to_owned();
        fs::write(self.folder.join("token"), text("token"))?;
        let address = text("url").trim_start_matches("https://").to_owned();
        self.ok(&format!("remote add here {} --fingerprint {}", text("url"), text("fingerprint")))?;
        self.ok("remote login --token-file token")?;
        let uploads = self.push()?;
        let job = self.head(&uploads, "first.enc")?;
        let by_files =
            "train --data data.enc --keys keys/eval --out by-files.enc --identity service/identity.key";
        self.ok(by_files)?;
        self.expect_same("first.enc")?;
        let objects = self.objects()?;
        let kind = |kind: &str| objects.iter().filter(|name| name.contains(&format!("/{kind}/"))).count();
        ensure!(kind("blobs") > 2 && kind("jobs") > 0, "not in the bucket: {objects:?}");
        println!("a training through the bucket: {} objects, the head of the file workflow", objects.len());

        drop(server);
        self.lose_the_disk()?;
        let server = self.serve(&address)?;
        ensure!(self.push()? == uploads, "uploads are sent again, although the bucket has them");
        self.ok(&format!("remote fetch {job} --out again.enc"))?;
        self.expect_same("again.enc")?;
        self.ok(&format!("remote rm {job}"))?;
        let second = self.head(&uploads, "second.enc")?;
        ensure!(second != job, "nothing was trained");
        self.expect_same("second.enc")?;
        self.ok(&format!("remote rm {second} {} {}", uploads[0], uploads[1]))?;
        let left = self.objects()?;
        ensure!(left == [format!("{PREFIX}/owner")], "left in the bucket: {left:?}");
        self.ok("operator audit --folder service")?;
        drop(server);
        println!("without its disk the server has head and uploads, trains again, and removes everything");
        Ok(())
    }

    /// Removes everything in the server's folder that a backup does not have.
    fn lose_the_disk(&self) -> Result<()> {
        for entry in fs::read_dir(self.folder.join("service"))? {
            let entry = entry?;
            if !BACKUP.iter().any(|kept| entry.file_name() == *kept) {
                let path = entry.path();
                if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
            }
        }
        Ok(())
    }

    fn serve(&self, address: &str) -> Result<Server> {
        let mut command = self.command("serve --folder service --memory 2G --json");
        command.args(["--listen", address, "--s3-bucket", BUCKET, "--s3-endpoint", &self.store]);
        command.args(["--s3-prefix", PREFIX]).envs(SECRETS);
        Server::by(command, &self.folder.join("server.log"))
    }

    fn push(&self) -> Result<[String; 2]> {
        let pushed = self.ok("remote push keys/eval data.enc")?;
        Ok([0, 1].map(|at| pushed[at]["upload"].as_str().unwrap_or_default().to_owned()))
    }

    /// Trains, and fetches the head. Returns the job.
    fn head(&self, [keys, data]: &[String; 2], out: &str) -> Result<String> {
        let job = self.ok(&format!("remote submit --keys {keys} --data {data}"))?;
        let job = job["id"].as_str().context("no job")?.to_owned();
        self.ok(&format!("remote fetch {job} --out {out}"))?;
        Ok(job)
    }

    fn expect_same(&self, head: &str) -> Result<()> {
        let read = |name: &Path| fs::read(self.folder.join(name));
        let same = read(Path::new(head))? == read(Path::new("by-files.enc"))?;
        ensure!(same, "{head} is not the head of the file workflow");
        Ok(())
    }

    fn objects(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_str(&self.ask(LIST)?)?)
    }

    fn ask(&self, script: &str) -> Result<String> {
        process::output(Command::new(&self.python).args(["-c", script, &self.store, BUCKET]).envs(SECRETS))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(line.split_whitespace()).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TRAIN_HEAD_HOME", self.folder.join("home"));
        command
    }

    fn ok(&self, line: &str) -> Result<Value> {
        let said = process::output(self.command(line).args(["--json", "--quiet"]))?;
        Ok(serde_json::from_str(&said)?)
    }
}
