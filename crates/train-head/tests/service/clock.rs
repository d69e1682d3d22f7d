//! The clock of a server jumps, forwards and backwards, while files arrive, while it trains, and while it is down. libfaketime changes what the
//! server and its jobs take for the time; the clock that measures durations goes on as ever.

use std::path::Path;
use std::process::Stdio;

use crate::faults::SLOW;
use crate::path::{expect_same_head, prepare, push, submit};
use crate::server::{Server, until};
use crate::util::Dir;

/// Where Debian has it, and where others do.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

fn library() -> String {
    let found = std::env::var("LIBFAKETIME").ok();
    let known = || LIBRARIES.into_iter().find(|path| Path::new(path).exists()).map(str::to_owned);
    found.or_else(known).expect("libfaketime is not installed (`apt-get install faketime`, or LIBFAKETIME)")
}

#[test]
#[ignore = "needs libfaketime: .ci/run installs it and runs this every fourth day (by day of the year), step `turn of disk_and_clock`, and whenever CI_WHOLE=1"]
fn a_clock_that_jumps_changes_nothing_that_was_accepted() {
    let dir = Dir::new();
    prepare(&dir, SLOW);
    let shift = |by: &str| {
        dir.write("shift.new", by);
        std::fs::rename(dir.path("shift.new"), dir.path("shift")).unwrap();
    };
    shift("+0");
    let under = [
        "env".to_owned(),
        format!("LD_PRELOAD={}", library()),
        format!("FAKETIME_TIMESTAMP_FILE={}", dir.path("shift").display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        "NO_FAKE_STAT=1".to_owned(),
    ];
    let mut server = Server::under(&dir, &["--keep-days", "30"], &under);

    // while files arrive: by forty days, back before the beginning, and by three days with a new start
    let mut pushing = server.command("remote push keys/eval --quiet").stdout(Stdio::null()).spawn().unwrap();
    let arrived = || dir.list().iter().filter(|name| name.starts_with("service/arriving/1/")).count();
    for (count, by) in [(1, "+40d"), (3, "-4000d"), (5, "+3d")] {
        until("files arrive", || (arrived() >= count || pushing.try_wait().unwrap().is_some()).then_some(()));
        shift(by);
    }
    server.kill_and_start();
    assert!(pushing.wait().unwrap().success(), "{}", server.log());
    let uploads = push(&server);
    let status = |server: &Server<'_>, job: &str| server.ok(&format!("remote status {job}"));

    // while it trains
    let job = submit(&server, &uploads);
    until("it trains", || (status(&server, &job)["progress"]["phase"] == "train").then_some(()));
    shift("+20d");
    // the server sees it: the log has the time that the test set
    let (of_today, log) = (status(&server, &job)["created"].clone(), server.log());
    let line = log.lines().rfind(|line| line.contains("\"time\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert!(line["time"].as_str() > of_today.as_str(), "{line} {of_today}");
    shift("-20d");
    let done = server.ok(&format!("remote watch {job}"));
    assert_eq!((done["state"].as_str(), done["attempts"].as_u64()), (Some("done"), Some(1)), "{done}");
    expect_same_head(&dir, &server, &job);

    // order is by number, not by time: what was asked for last stands first
    shift("-400d");
    let other = server.ok(&format!("remote submit --keys {} --data {} --priority 1", uploads[0], uploads[1]));
    assert_eq!(other["id"].as_str(), Some(job.as_str()), "a training is a function of its files");
    server.kill_and_start();
    assert_eq!(status(&server, &job)["state"], "done");
    assert_eq!(push(&server), uploads);
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
}
