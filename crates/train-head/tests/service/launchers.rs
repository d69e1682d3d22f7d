//! Jobs that a launcher starts, such as `mpirun`: scripts stand for it. Signals, locks, limits and restarts of the server reach through.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;

use crate::faults::{SLOW, processes, signal};
use crate::path::{expect_same_head, prepare, push, submit};
use crate::server::{Server, until};
use crate::util::{Dir, FAST};

/// Some seconds, without bootstraps.
const SHORT: &str = "--preset n15-l18 --max-iter 4 --sigmoid-degree 3 --solver nesterov --learning-rate 1 --sigmoid-interval 8";

/// Reads its standard input to the end and closes it, says something on both outputs, and starts the job beside it.
const CHATTY: &str = "cat >/dev/null 2>&1; exec </dev/null; echo starting $2 of 1; echo no slots lost >&2; shift 2; \"$@\"; \
                      code=$?; echo ended with $code; exit $code";

/// Writes a launcher, and gives the flags that name it.
fn launcher(dir: &Dir, name: &str, script: &str) -> [String; 2] {
    dir.write(name, format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(dir.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    ["--launcher".into(), format!("{} -n {{ranks}} {{command}}", dir.path(name).display())]
}

fn with<'a>(dir: &'a Dir, launcher: &[String; 2]) -> Server<'a> {
    Server::with(dir, &[&launcher[0], &launcher[1]])
}

#[test]
fn a_launcher_that_stands_between_changes_nothing() {
    let dir = Dir::new();
    let mut server = with(&dir, &launcher(&dir, "chatty", CHATTY));
    prepare(&dir, SLOW);
    let uploads = push(&server);
    let job = submit(&server, &uploads);
    let status = |server: &Server<'_>| server.ok(&format!("remote status {job}"));
    until("it trains", || (status(&server)["progress"]["phase"] == "train").then_some(()));

    // the limit on memory holds for what the launcher started
    let limits: Vec<String> = processes(&job)
        .iter()
        .filter_map(|id| std::fs::read_to_string(format!("/proc/{id}/limits")).ok())
        .filter_map(|text| text.lines().find(|line| line.starts_with("Max data size")).map(str::to_owned))
        .collect();
    let most = (2u64 << 30) / 4 * 5 + (1 << 30);
    assert!(limits.len() >= 2 && limits.iter().all(|line| line.contains(&most.to_string())), "{limits:?}");

    // a server that is killed leaves it alone, and the next takes it up
    server.kill_and_start();
    assert_eq!(status(&server)["attempts"].as_u64(), Some(1));
    // the launcher is killed where no server saw it start: the job is not alone, and goes on
    let checkpoint = || dir.list().iter().any(|name| name.ends_with(".checkpoint"));
    until("a checkpoint", || (checkpoint() || status(&server)["state"] == "done").then_some(()));
    let shells = processes(&job).into_iter().filter(|id| is_shell(id)).collect::<Vec<_>>();
    assert_eq!(shells.len(), 1, "{shells:?}");
    server.kill_and_start();
    shells.iter().for_each(|id| signal(id, "-KILL"));
    let done = server.ok(&format!("remote watch {job}"));
    assert_eq!(done["attempts"].as_u64(), Some(1), "{done}");
    expect_same_head(&dir, &server, &job);

    // the words around a report are none of it
    assert_eq!(done["result"]["report"]["iterations"].as_u64(), Some(3), "{done}");

    // a stop in order
    server.ok(&format!("remote rm {job}"));
    let job = submit(&server, &push(&server));
    until("it trains", || {
        (server.ok(&format!("remote status {job}"))["progress"]["phase"] == "train").then_some(())
    });
    assert_eq!(server.stop(), Some(0), "{}", server.log());
    assert!(processes(&job).is_empty(), "a process outlived a stop");
}

fn is_shell(id: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "chatty")
}

#[test]
fn a_launcher_whose_processes_outlive_it_loses_them() {
    let dir = Dir::new();
    // it ends at once, and what it started goes on in its group
    let server = with(&dir, &launcher(&dir, "hasty", "shift 2; \"$@\" & sleep 0.3; exit 0"));
    prepare(&dir, SHORT);
    let job = submit(&server, &push(&server));
    let said = server.client(&format!("remote watch {job}"));
    assert!(said.code == 1 && said.stderr.contains("without a word"), "{}", said.stderr);
    assert!(processes(&job).is_empty());
    assert_eq!(server.ok(&format!("remote status {job}"))["attempts"].as_u64(), Some(3));
}

#[test]
fn a_launcher_that_ignores_signals_is_ended() {
    let dir = Dir::new();
    let stubborn = "trap '' TERM INT HUP; shift 2; \"$@\"; sleep 600 & wait; sleep 600";
    let server = with(&dir, &launcher(&dir, "stubborn", stubborn));
    prepare(&dir, SHORT);
    let job = submit(&server, &push(&server));
    until("it runs", || (processes(&job).len() >= 2).then_some(()));
    server.ok(&format!("remote cancel {job}"));
    let said = server.client(&format!("remote watch {job}"));
    assert!(said.code == 2 && said.stderr.contains("was cancelled"), "{}", said.stderr);
    until("its processes end", || processes(&job).is_empty().then_some(()));
    until("its folder is removed", || (!server.folder("jobs").join(&job).exists()).then_some(()));
}

#[test]
fn a_launcher_that_fails_is_told_to_the_operator() {
    let dir = Dir::new();
    let server = with(&dir, &launcher(&dir, "failing", "echo there are not enough slots >&2; exit 3"));
    prepare(&dir, FAST);
    let uploads = push(&server);
    let job = submit(&server, &uploads);
    let said = server.client(&format!("remote watch {job}"));
    assert!(said.code == 1 && said.stderr.contains("without a word"), "{}", said.stderr);
    assert!(server.log().contains("there are not enough slots"), "{}", server.log());
    assert!(!said.stderr.contains("slots"), "what a launcher says is the operator's: {}", said.stderr);

    // one that is gone
    std::fs::remove_file(dir.path("failing")).unwrap();
    let job = submit(&server, &uploads);
    let said = server.client(&format!("remote watch {job}"));
    assert!(said.code == 1 && said.stderr.contains("could not be started"), "{}", said.stderr);
    assert!(!said.stderr.contains("failing"), "{}", said.stderr);
    // and is back
    launcher(&dir, "failing", "shift 2; exec \"$@\"");
    let job = submit(&server, &uploads);
    server.ok(&format!("remote watch {job}"));
    expect_same_head(&dir, &server, &job);
}

#[test]
fn a_template_that_cannot_work_stops_the_server_before_it_starts() {
    let dir = Dir::new();
    let serve = |flags: &[&str]| {
        let mut command = dir.command();
        crate::util::Said::of(
            command
                .args(["serve", "--folder", "service", "--listen", "127.0.0.1:0"])
                .args(flags)
                .output()
                .unwrap(),
        )
    };
    for (flags, why) in [
        (&["--launcher", "sh"][..], "a word of its own"),
        (&["--launcher", "sh {rank} {command}"], "nothing takes"),
        (&["--launcher", "/no/such/mpirun -n {ranks} {command}"], "there is no program"),
        (&["--launcher", "sh {command}", "--ranks", "2"], "needs the place {ranks}"),
        (&["--ranks", "2"], "no --launcher"),
        (&["--launcher", "sh {command}", "--ranks", "0"], "--ranks"),
    ] {
        let said = serve(flags);
        assert_eq!(said.code, 2, "{flags:?}\n{}", said.stderr);
        assert!(said.stderr.contains(why), "{flags:?}\n{}", said.stderr);
    }
    if !cfg!(feature = "mpi") {
        let said = serve(&["--launcher", "sh {ranks} {command}", "--ranks", "2"]);
        assert!(said.code == 2 && said.stderr.contains("--features mpi"), "{}", said.stderr);
    }
    // the same in a file
    dir.write("serve.toml", "launcher = \"sh {command\"\n");
    let said = serve(&["--config", "serve.toml"]);
    assert!(said.code == 2 && said.stderr.contains("a word of its own"), "{}", said.stderr);
}
