//! `run --server`, interrupted again and again: by ^C and by kill -9, in each of its phases. `--resume` continues it: nothing is sent or trained
//! twice, and the head is that of the file workflow.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::faults::{SLOW, processes, signal};
use crate::proxy::Proxy;
use crate::server::{Server, until};
use crate::util::{Dir, table};

/// A run through a proxy, which is interrupted.
struct Interrupted<'a> {
    server: &'a Server<'a>,
    proxy: Proxy,
    line: String,
}

/// Where the data party's part has written something before the results are in their place.
const STAGED: &str = "out/.partial";

impl<'a> Interrupted<'a> {
    fn new(server: &'a Server<'a>, flags: &str) -> Self {
        let dir = server.dir;
        dir.write("table.csv", table(200));
        let proxy = Proxy::before(server.address);
        let (address, fingerprint) = (proxy.address, &server.fingerprint);
        server.ok(&format!("remote add between https://{address} --fingerprint {fingerprint}"));
        server.ok("remote login --server between --token-file token");
        let line = format!(
            "run --features table.csv --label-column label --test-size 0.25 --random-state 0 {flags} --server between --out out"
        );
        Self { server, proxy, line }
    }

    fn start(&self, more: &str) -> Child {
        let mut command = self.server.command(&format!("{} {more}", self.line));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts the run, or continues it, and sends it a signal once `there` says so.
    #[track_caller]
    fn interrupt(&self, more: &str, what: &str, name: &str, there: impl Fn(&Self) -> bool) {
        let mut child = self.start(more);
        until(what, || {
            assert!(
                child.try_wait().unwrap().is_none(),
                "{what}: the run ended before\n{}",
                self.server.log()
            );
            there(self).then_some(())
        });
        signal(&child.id().to_string(), name);
        let code = child.wait().unwrap().code();
        assert_eq!(code, if name == "-INT" { Some(130) } else { None }, "{what}");
        assert!(!self.server.dir.path("out/report.json").exists(), "{what}: it had ended");
    }

    /// Whether a file of the run is there.
    fn has(&self, name: &str) -> bool {
        self.server.dir.path(STAGED).join(name).exists()
    }

    /// Chunks that the server has.
    fn chunks(&self) -> usize {
        self.server
            .log()
            .lines()
            .filter(|line| line.contains("/chunks/") && line.contains("\"status\":204"))
            .count()
    }

    fn jobs(&self) -> Vec<Value> {
        self.server.ok("remote status --server here")["jobs"].as_array().unwrap().clone()
    }

    /// The job of this kind, once it is in one of the states.
    fn is(&self, kind: &str, state: &str) -> bool {
        self.jobs().iter().any(|job| job["kind"] == kind && job["state"] == state)
    }

    /// What the server must have done, and no more: each chunk came once, each job was started once.
    fn expect_once(&self, jobs: usize) {
        let status = self.server.ok("remote status --server here");
        let names = self.server.dir.list();
        let sent = names.iter().filter(|name| name.starts_with("service/blobs/1/")).map(|name| {
            let bytes = std::fs::metadata(self.server.dir.path(name)).unwrap().len();
            usize::try_from(bytes.div_ceil(8 << 20)).unwrap()
        });
        // a chunk whose client was gone when it was stored is not logged: four connections, interrupted twice
        let (logged, all) = (self.chunks(), sent.sum::<usize>());
        assert!((all.saturating_sub(8)..=all).contains(&logged), "{logged} chunks came, of {all}");
        let found = status["jobs"].as_array().unwrap();
        assert_eq!(found.len(), jobs, "{status}");
        assert!(found.iter().all(|job| job["attempts"] == 1 && job["state"] == "done"), "{status}");
        let audit = String::from_utf8(self.server.dir.read("service/audit.jsonl")).unwrap();
        assert_eq!(audit.matches("job started").count(), jobs, "{audit}");
    }
}

/// The head of the file workflow, from the files of a run that has ended, under the server's signature.
fn expect_head_by_files(dir: &Dir) {
    dir.ok("train --data out/server/data.enc --keys out/server/eval --out by-files.enc --identity service/identity.key");
    assert_eq!(dir.read("out/server/head.enc"), dir.read("by-files.enc"));
}

#[test]
fn a_run_on_a_server_is_continued_in_whatever_phase_it_was_interrupted() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    let run = Interrupted::new(&server, SLOW);

    // before anything was sent: keys are being made, or data encrypted. ^C leaves nothing, kill -9 what the next one clears away
    run.interrupt("", "keys", "-INT", |run| run.has("server/eval"));
    assert!(!dir.path("out").exists());
    run.interrupt("", "keys", "-KILL", |run| run.has("server/eval"));
    assert!(run.has("server/eval") && run.chunks() == 0 && run.jobs().is_empty());

    // while files travel, twice: the second goes on where the first was
    run.interrupt("--resume", "the upload begins", "-INT", |run| run.chunks() > 0);
    let (data, sent) = (dir.read(&format!("{STAGED}/server/data.enc")), run.chunks());
    let said = server.client(&run.line);
    assert!(said.code == 2 && said.stderr.contains("--resume continues it"), "{}", said.stderr);
    run.interrupt("--resume", "the upload goes on", "-KILL", |run| run.chunks() > sent + 2);
    assert!(run.jobs().is_empty(), "it was sent whole, and was not interrupted");

    // while the server trains: its process stands still meanwhile
    run.interrupt("--resume", "it trains", "-INT", |run| run.is("train", "running"));
    let id = run.jobs()[0]["id"].as_str().unwrap().to_owned();
    let all = until("its process", || Some(processes(&id)).filter(|found| !found.is_empty()));
    all.iter().for_each(|process| signal(process, "-STOP"));
    let polls = |run: &Interrupted<'_>| run.server.log().matches("/jobs/{job}\"").count();
    let before = polls(&run);
    run.interrupt("--resume", "it is waited for", "-KILL", |run| polls(run) > before + 1);
    all.iter().for_each(|process| signal(process, "-CONT"));

    // while the head is fetched: the rest of it does not come
    until("the training ends", || run.is("train", "done").then_some(()));
    for name in ["-KILL", "-INT"] {
        run.proxy.hold_after(0);
        run.interrupt("--resume", "the head is fetched", name, |run| run.proxy.is_holding());
        run.proxy.let_go();
        assert!(!run.has("server/head.enc"), "half a head");
    }
    // with the head there, before the reports; a fast machine may have written them
    let mut child = run.start("--resume");
    until("the head is there", || {
        (run.has("server/head.enc") || child.try_wait().unwrap().is_some()).then_some(())
    });
    signal(&child.id().to_string(), "-INT");
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    if code == Some(130) {
        assert!(run.has("client/secret.key"), "keys of a head that is trained were lost");
        server.ok(&format!("{} --resume", run.line));
    }
    let report = dir.json("out/report.json");
    assert_eq!(
        (report["on_server"].as_bool(), report["iterations"].as_u64()),
        (Some(true), Some(3)),
        "{report}"
    );
    run.expect_once(1);
    assert_eq!(dir.read("out/server/data.enc"), data, "the data were encrypted anew");
    assert!(!dir.path(STAGED).exists());
    expect_head_by_files(&dir);
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
}

#[test]
fn samples_to_score_are_sent_once_and_scored_once() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    let run = Interrupted::new(&server, &format!("{} --scoring", crate::util::FAST));
    // the head comes, and of the scores no more than a part
    run.proxy.hold_after(1);
    run.interrupt("", "scores are fetched", "-INT", |run| run.proxy.is_holding());
    run.proxy.let_go();
    assert!(run.has("server/head.enc") && !run.has("server/scores.enc"));
    let samples = dir.read(&format!("{STAGED}/server/test.enc"));
    let report = server.ok(&format!("{} --resume", run.line));
    assert!(report["scoring"]["agreement"].as_f64().unwrap() > 0.99, "{report}");
    assert_eq!(dir.read("out/server/test.enc"), samples);
    run.expect_once(2);
    expect_head_by_files(&dir);
}
