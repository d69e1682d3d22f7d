//! A server as a process that is killed, and whose disk is lost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use head_service::{Bucket, Options, Task, Worker, serve};

use super::store::{BUCKET, KEY_ID, SECRET};
use super::util::{Server, options};

/// Variables that tell a process of this test to be a server.
const FOLDER: &str = "TRAIN_HEAD_TEST_FOLDER";
const STORE: &str = "TRAIN_HEAD_TEST_STORE";
const SCRIPT: &str = "TRAIN_HEAD_TEST_SCRIPT";

/// What a backup of a service with a bucket has in it.
const SAVED: [&str; 4] = ["service.db", "service.db-wal", "audit.jsonl", "tls"];

/// A server that runs.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) log: PathBuf,
    process: Child,
}

/// Jobs are scripts of the shell.
#[derive(Debug)]
struct Script(String);

impl Worker for Script {
    fn command(&self, task: &Task<'_>) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", &self.0, "sh"]).arg(task.out);
        command
    }
}

/// In a process that is told to be a server: runs it. In others it passes at once.
#[test]
fn server_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let endpoint = std::env::var(STORE).unwrap();
    let bucket = endpoint.starts_with("http").then(|| Bucket {
        name: BUCKET.to_owned(),
        endpoint: Some(endpoint),
        prefix: "north/one".to_owned(),
        ..Bucket::default()
    });
    let script = Script(std::env::var(SCRIPT).unwrap());
    let result = serve(Options { bucket, ..options(Path::new(&folder)) }, Arc::new(script), |started| {
        println!("\n{}", serde_json::json!({ "address": started.address, "token": started.token }));
    });
    if let Err(error) = result {
        println!("\n{}", serde_json::json!({ "refused": error.to_string() }));
    }
}

/// Starts a server. The first one of a service tells its token; later ones have the same.
///
/// # Errors
/// Why it did not start.
pub(crate) fn start(
    folder: &Path,
    store: &str,
    script: &str,
    token: Option<&str>,
) -> Result<Running, String> {
    let log = folder.with_extension("log");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["server::server_process", "--exact", "--nocapture"]);
    command.env(FOLDER, folder).env(STORE, store).env(SCRIPT, script);
    command.env("AWS_ACCESS_KEY_ID", KEY_ID).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let said = lines.find_map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).ok()).unwrap();
    // what it says later must not fill the pipe
    std::thread::spawn(move || lines.for_each(drop));
    if let Some(why) = said["refused"].as_str() {
        process.wait().unwrap();
        return Err(why.to_owned());
    }
    let address: SocketAddr = said["address"].as_str().unwrap().parse().unwrap();
    let token = said["token"].as_str().or(token).unwrap().to_owned();
    Ok(Running { server: Server { folder: folder.to_owned(), address, token }, log, process })
}

impl Running {
    /// Kills it, and takes its disk away but for what a backup has. Returns the folder of the next one.
    pub(crate) fn lose(mut self) -> PathBuf {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let old = &self.server.folder;
        let new = old.with_file_name(format!("{}-", old.file_name().unwrap().display()));
        fs::create_dir(&new).unwrap();
        for name in SAVED.iter().filter(|name| old.join(name).exists()) {
            fs::rename(old.join(name), new.join(name)).unwrap();
        }
        fs::remove_dir_all(old).unwrap();
        new
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
