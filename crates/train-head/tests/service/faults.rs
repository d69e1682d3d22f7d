//! Servers and processes that are killed: what was accepted is there, and heads are the same bit for bit. `cargo xtask faults --only server`
//! tries fifty more moments.

use std::process::{Command, Stdio};

use crate::path::{expect_same_head, prepare, push, submit};
use crate::server::{Server, until};
use crate::util::Dir;

/// Three iterations of about a second, with bootstraps between; keys of some hundred megabytes.
pub(crate) const SLOW: &str = "--preset n15-boot-l6 --max-iter 3 --sigmoid-degree 7 --solver nesterov --preprocess standardize \
     --learning-rate 0.1 --sigmoid-interval 8";

fn field<'a>(job: &'a serde_json::Value, path: &str) -> &'a serde_json::Value {
    job.pointer(path).unwrap_or(&serde_json::Value::Null)
}

#[test]
fn a_server_may_be_killed_while_files_arrive_and_while_it_trains() {
    let dir = Dir::new();
    let mut server = Server::new(&dir);
    prepare(&dir, SLOW);

    // during an upload, three times; the client that sends sees to the rest
    let mut pushing = server.command("remote push keys/eval --quiet").stdout(Stdio::null()).spawn().unwrap();
    let arrived = || dir.list().iter().filter(|name| name.starts_with("service/arriving/1/")).count();
    for count in [1, 4, 8] {
        until("files arrive", || (arrived() >= count || pushing.try_wait().unwrap().is_some()).then_some(()));
        server.kill_and_start();
    }
    assert!(pushing.wait().unwrap().success(), "{}", server.log());
    let uploads = push(&server);

    // during a training: the process goes on, and the next server takes it up
    let job = submit(&server, &uploads);
    let status = |server: &Server<'_>| server.ok(&format!("remote status {job}"));
    until("it trains", || {
        (field(&status(&server), "/progress/phase").as_str() == Some("train")).then_some(())
    });
    // its limit is what this job may take, not what the operator allows any (here most of the machine's memory)
    let of_job = |id: &String| -> u64 {
        let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max data size")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let limit = processes(&job).iter().map(of_job).max().unwrap();
    assert!(limit > 1 << 30 && limit < 4 << 30, "{limit}");
    server.kill_and_start();
    let taken_up = status(&server);
    assert_eq!(taken_up["attempts"].as_u64(), Some(1), "{taken_up}");

    // its process is killed: the next one goes on from the checkpoint
    let checkpoint = || {
        dir.list().into_iter().any(|name| name.starts_with("service/jobs/") && name.ends_with(".checkpoint"))
    };
    until("a checkpoint", || (checkpoint() || status(&server)["state"] == "done").then_some(()));
    kill_processes(&server, &job);
    let done = server.ok(&format!("remote watch {job}"));
    assert_eq!(done["attempts"].as_u64(), Some(2), "{done}");
    assert!(field(&done, "/result/report/resumed_after").as_u64() >= Some(1), "{done}");
    expect_same_head(&dir, &server, &job);
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
}

#[test]
fn a_server_stops_in_order_and_a_job_can_be_cancelled() {
    let dir = Dir::new();
    let mut server = Server::new(&dir);
    prepare(&dir, SLOW);
    let job = submit(&server, &push(&server));
    let status = |server: &Server<'_>| server.ok(&format!("remote status {job}"));
    until("it trains", || {
        (field(&status(&server), "/progress/phase").as_str() == Some("train")).then_some(())
    });
    assert_eq!(server.stop(), Some(0), "{}", server.log());
    assert!(!runs(&job), "its process outlived a stop");
    server.start_again();
    let again = server.ok(&format!("remote watch {job}"));
    // a stop is no failure of the job
    assert_eq!((again["state"].as_str(), again["attempts"].as_u64()), (Some("done"), Some(1)));
    expect_same_head(&dir, &server, &job);

    server.ok(&format!("remote rm {job}"));
    let job = submit(&server, &push(&server));
    until("it runs", || runs(&job).then_some(()));
    server.ok(&format!("remote cancel {job}"));
    let said = server.client(&format!("remote watch {job}"));
    assert!(said.code == 2 && said.stderr.contains("was cancelled"), "{}", said.stderr);
    until("its process ends", || (!runs(&job)).then_some(()));
    until("its folder is removed", || (!server.folder("jobs").join(&job).exists()).then_some(()));
}

/// Ids of the processes of a job: those that run in its folder.
pub(crate) fn processes(job: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let of_job = all.filter(|process| {
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder.ends_with(job))
    });
    of_job.filter_map(|process| process.file_name().into_string().ok()).collect()
}

fn runs(job: &str) -> bool {
    !processes(job).is_empty()
}

fn kill_processes(server: &Server<'_>, job: &str) {
    let ids = processes(job);
    assert!(!ids.is_empty(), "no process of the job runs\n{}", server.log());
    ids.iter().for_each(|id| signal(id, "-KILL"));
}

/// Sends a process a signal, such as `-INT`.
pub(crate) fn signal(id: &str, name: &str) {
    assert!(Command::new("kill").args([name, id]).status().unwrap().success());
}
