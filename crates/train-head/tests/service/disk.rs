//! A server whose disk is full, and a network that is cut. Nothing that was answered is lost, and what was not is sent again.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::faults::{SLOW, processes, signal};
use crate::path::{expect_same_head, prepare, push, submit};
use crate::proxy::Proxy;
use crate::server::{Server, until};
use crate::util::Dir;

/// Room for what the server notes, but not for what a training keeps.
const LINES: u64 = 256 << 10;

/// A file system of its own in the folder `service` of a test, which nobody else sees. It is there as long as the process that has it.
struct Disk {
    holder: Child,
    /// The folder, as seen from here.
    folder: PathBuf,
}

impl Disk {
    fn of(dir: &Dir, bytes: u64) -> Self {
        fs::create_dir(dir.path("service")).unwrap();
        let script = format!("mount -t tmpfs -o size={bytes},mode=700 none service && echo && exec cat");
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .current_dir(dir.path("."));
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut there = [0];
        holder
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut there)
            .expect("a file system of its own is not allowed");
        let seen = PathBuf::from(format!("/proc/{}/root", holder.id()));
        let folder = seen.join(dir.path("service").strip_prefix("/").unwrap());
        Self { holder, folder }
    }

    /// What a server is started under, to have this disk.
    fn under(&self) -> Vec<String> {
        let id = self.holder.id().to_string();
        ["nsenter", "--target", &id, "--user", "--mount", "--preserve-credentials", "--wd"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Fills it until so many bytes are left.
    fn fill(&self, left: u64) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        let bytes = vec![7; self.room().saturating_sub(left) as usize];
        // the last page may not fit
        let _ = ballast.write_all(&bytes);
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn room(&self) -> u64 {
        let mut command = Command::new("stat");
        let output = command.args(["--file-system", "--format=%a %S"]).arg(&self.folder).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.split_whitespace().map(|number| number.parse::<u64>().unwrap()).product()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Bytes of each file in a folder.
fn files(folder: &Path) -> Vec<u64> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect()
}

/// Bytes of keys and data.
fn sent(dir: &Dir) -> u64 {
    files(&dir.path("keys/eval")).iter().sum::<u64>() + dir.read("data.enc").len() as u64
}

/// Chunks that the server said it has.
fn accepted(server: &Server<'_>) -> usize {
    let log = server.log();
    let lines =
        log.lines().filter(|line| line.contains("/chunks/{number}") && line.contains("\"status\":204"));
    lines.count()
}

/// Does something while the processes of a job stand still.
fn held(server: &Server<'_>, job: &str, work: impl FnOnce()) {
    let ids = processes(job);
    assert!(!ids.is_empty(), "no process of the job runs\n{}", server.log());
    ids.iter().for_each(|id| signal(id, "-STOP"));
    work();
    ids.iter().for_each(|id| signal(id, "-CONT"));
}

#[test]
#[ignore = "mounts a file system of its own (unshare): .ci/run runs this every fourth day (by day of the year), step `turn of disk_and_clock`, and whenever CI_WHOLE=1, where mounts are allowed"]
fn a_full_disk_loses_nothing_that_was_answered() {
    let dir = Dir::new();
    prepare(&dir, SLOW);
    let bytes = sent(&dir);
    let disk = Disk::of(&dir, bytes + (256 << 20));
    let mut server = Server::under(&dir, &[], &disk.under());

    // amid the upload: the server says so, answers others, and keeps what it has, although it is killed as well
    disk.fill(bytes / 2);
    let said = server.client("remote push keys/eval data.enc");
    assert!(said.code == 1 && said.stderr.contains("disk is full"), "{}{}", said.code, said.stderr);
    let before = accepted(&server);
    assert!(before > 0, "{}", server.log());
    disk.make_room();
    server.kill_and_start();
    // sent are the chunks that were not answered, and no others
    let uploads = push(&server);
    let files = files(&dir.path("keys/eval")).into_iter().chain([dir.read("data.enc").len() as u64]);
    assert_eq!(accepted(&server) as u64, files.map(|bytes| bytes.div_ceil(8 << 20)).sum::<u64>());

    // before a training
    disk.fill(0);
    let said = server.client(&format!("remote submit --keys {} --data {}", uploads[0], uploads[1]));
    assert!(said.code == 1 && said.stderr.contains("disk is full"), "{}{}", said.code, said.stderr);
    disk.make_room();
    let job = submit(&server, &uploads);
    let status = || server.ok(&format!("remote status {job}"));

    // and amid it, with room for some lines of the database and the audit log, and with none: the attempt counts for nothing
    for (breaks, left) in [(1, LINES), (2, 0)] {
        until("it trains", || (status()["progress"]["phase"] == "train").then_some(()));
        held(&server, &job, || disk.fill(left));
        let full = "a job broke off on a full disk";
        until("it breaks off", || (server.log().matches(full).count() >= breaks).then_some(()));
        assert!(["running", "queued"].contains(&status()["state"].as_str().unwrap()), "{}", status());
        disk.make_room();
    }
    // without a new start: what waited for room goes on
    let done = server.ok(&format!("remote watch {job}"));
    assert_eq!((done["state"].as_str(), done["attempts"].as_u64()), (Some("done"), Some(1)), "{done}");
    fs::copy(disk.folder.join("identity.key"), dir.path("service/identity.key")).unwrap();
    expect_same_head(&dir, &server, &job);
    let folder = disk.folder.display();
    assert_eq!(server.ok(&format!("operator audit --folder {folder}"))["verified"].as_bool(), Some(true));
}

#[test]
fn a_network_that_is_cut_amid_chunks_costs_those_chunks() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    prepare(&dir, SLOW);
    let proxy = Proxy::before(server.address);
    let (address, fingerprint) = (proxy.address, &server.fingerprint);
    server.ok(&format!("remote add between https://{address} --fingerprint {fingerprint}"));
    server.ok("remote login --server between --token-file token");
    proxy.cut(6);
    server.ok("remote push keys/eval data.enc --server between");
    assert_eq!(proxy.cuts_left(), 0);
    // the server has all of it, and had nothing else: no chunk that came in part was kept
    let stored = server.ok("remote status --server here")["project"]["bytes"].clone();
    assert_eq!(stored.as_u64(), Some(sent(&dir)));
    let job = submit(&server, &push(&server));
    expect_same_head(&dir, &server, &job);
}
