//! The main path: what works when nothing goes wrong.

use crate::server::Server;
use crate::util::{Dir, FAST, OVERFIT, noise, table};

/// Plan, keys and data of the fastest training, beside a server.
pub(crate) fn prepare(dir: &Dir, flags: &str) {
    dir.write("table.csv", table(200));
    dir.ok(&format!("estimate --features table.csv --out plan.json {flags}"));
    dir.ok("keygen --plan plan.json --out keys --no-passphrase");
    dir.ok("encrypt --features table.csv --plan plan.json --keys keys --out data.enc");
}

/// Sends keys and data. Returns the ids of both.
pub(crate) fn push(server: &Server<'_>) -> [String; 2] {
    let pushed = server.ok("remote push keys/eval data.enc --server here");
    [0, 1].map(|at| pushed[at]["upload"].as_str().unwrap().to_owned())
}

/// Asks for a training.
pub(crate) fn submit(server: &Server<'_>, [keys, data]: &[String; 2]) -> String {
    let job = server.ok(&format!("remote submit --keys {keys} --data {data} --server here"));
    job["id"].as_str().unwrap().to_owned()
}

/// The head of the file workflow, under the server's signature, is that of the service, bit for bit.
pub(crate) fn expect_same_head(dir: &Dir, server: &Server<'_>, job: &str) {
    server.ok(&format!("remote fetch {job} --out head.enc --server here"));
    let identity = server.folder("identity.key");
    dir.ok(&format!(
        "train --data data.enc --keys keys/eval --out by-files.enc --identity {}",
        identity.display()
    ));
    assert_eq!(dir.read("head.enc"), dir.read("by-files.enc"));
}

#[test]
fn step_by_step_it_gives_the_head_of_the_file_workflow() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    prepare(&dir, FAST);
    let uploads = push(&server);
    // again: the same uploads, and nothing is sent
    let stored = server.ok("remote status")["project"]["bytes"].clone();
    assert_eq!(push(&server), uploads);
    assert_eq!(server.ok("remote status")["project"]["bytes"], stored);

    let job = submit(&server, &uploads);
    let done = server.ok(&format!("remote watch {job}"));
    assert_eq!((done["state"].as_str(), done["attempts"].as_u64()), (Some("done"), Some(1)));
    assert_eq!(done["result"]["report"]["iterations"].as_u64(), Some(1));
    assert!(done["result"]["report"].get("file").is_none(), "{done}");
    // a training is a function of its files
    assert_eq!(submit(&server, &uploads), job);
    expect_same_head(&dir, &server, &job);
    let head = server.client("decrypt --head head.enc --plan plan.json --keys keys --out head");
    assert_eq!(head.code, 0, "{}", head.stderr);

    // what was done is in the log, and no name of a file is
    let events =
        server.request("GET", &format!("/v1/projects/operator/jobs/{job}/events"), &server.token, b"");
    assert!(events.head.contains("text/event-stream"), "{events:?}");
    assert!(String::from_utf8_lossy(&events.body).contains("\"state\":\"done\""), "{events:?}");
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
    assert!(!server.log().contains("data.enc"));

    server.ok(&format!("remote rm {job} {} {}", uploads[0], uploads[1]));
    let status = server.ok("remote status");
    assert_eq!(status["project"]["bytes"].as_u64(), Some(0));
    assert!(
        status["jobs"].as_array().unwrap().is_empty() && status["uploads"].as_array().unwrap().is_empty()
    );
    assert_eq!(dir.list().iter().filter(|name| name.starts_with("service/blobs/1/")).count(), 0);
}

#[test]
fn one_command_trains_and_scores_on_a_server() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    dir.write("table.csv", table(200));
    let line = format!(
        "run --features table.csv --label-column label --test-size 0.3 --random-state 0 {FAST} --scoring --server here --out out"
    );
    let report = server.ok(&line);
    assert_eq!(report["on_server"].as_bool(), Some(true));
    assert!(report["scoring"]["agreement"].as_f64().unwrap() > 0.99, "{}", report["scoring"]);
    assert!(report["encrypted"]["accuracy"].as_f64().unwrap() > 0.85, "{}", report["encrypted"]);
    let page = String::from_utf8(dir.read("out/report.html")).unwrap();
    assert!(page.contains("a service on a server") && !page.contains("one machine"));
    // the server never had what opens the head
    let names = dir.list();
    let has = |name: &str| names.iter().any(|found| found.starts_with("service/") && found.ends_with(name));
    assert!(!has("secret.key") && !has("plan.json"));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_done() {
    let dir = Dir::new();
    dir.write("table.csv", table(80));
    let home = |line: &str| {
        let mut command = dir.command();
        command.args(line.split_whitespace()).env("TRAIN_HEAD_HOME", dir.path("home"));
        crate::util::Said::of(command.output().unwrap())
    };
    let run = "run --features table.csv --label-column label --out out --server";
    let said = home(&format!("{run} nowhere"));
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(
        said.stderr.contains("no server nowhere is known") && said.stderr.contains("remote add"),
        "{}",
        said.stderr
    );

    let server = Server::new(&dir);
    for (line, code, message) in [
        (format!("{run} here --memory 1G"), 2, "limits of its own"),
        (format!("{run} here --project other"), 2, "no such project"),
        ("remote submit --keys 0 --data 0".into(), 2, "no such upload"),
        ("remote watch 0".into(), 2, "no such job"),
        ("remote push table.csv".into(), 4, "table.csv"),
        ("remote push out".into(), 4, "out"),
        ("remote rm 0".into(), 2, "no upload, job or session"),
        ("remote add here https://127.0.0.1:1".into(), 1, "cannot reach"),
        ("remote add x http://127.0.0.1:1".into(), 2, "not the address"),
        ("remote add x https://127.0.0.1:1 --fingerprint sha256:00".into(), 2, "64 hexadecimal"),
        ("serve --folder service --listen 127.0.0.1:0".into(), 2, "another service"),
    ] {
        let said = server.client(&line);
        assert_eq!(said.code, code, "{line}\n{}", said.stderr);
        assert!(said.stderr.contains(message), "{line}\n{}", said.stderr);
    }
    assert!(!dir.path("out").exists());
    // another server in its place has another certificate
    let other = Dir::new();
    let stranger = Server::new(&other);
    let book = String::from_utf8(dir.read("home/remotes.json")).unwrap();
    dir.write("home/remotes.json", book.replace(&server.address.to_string(), &stranger.address.to_string()));
    let said = server.client("remote status");
    assert_eq!(said.code, 4, "{}", said.stderr);
    assert!(said.stderr.contains("another certificate"), "{}", said.stderr);
}

#[test]
fn a_training_on_a_server_ends_early_where_the_validation_says_so() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    dir.write("table.csv", noise());
    let line = format!(
        "run --features table.csv --preset n15-l18 --max-iter 4 --sigmoid-degree 3 --sigmoid-interval 8 {OVERFIT} \
         --validation-fraction 0.3 --early-stopping --n-iter-no-change 1"
    );
    let report = server.ok(&format!("{line} --server here --out out"));
    // the training goes on while the answer is under way, and may be over before it is there
    let seen = report["validation"].as_array().map_or(0, Vec::len);
    assert!((2..=4).contains(&seen), "{}", report["validation"]);
    let iterations = report["iterations"].as_u64();
    assert!(iterations == Some(1) || (seen, iterations) == (4, Some(4)), "{}", report["validation"]);
    assert!(server.log().contains("/stop"), "the answer went over the network");
    // an ended training takes no answer
    let jobs = server.ok("remote status");
    let job = jobs["jobs"][0]["id"].as_str().unwrap();
    let path = format!("/v1/projects/operator/jobs/{job}");
    assert_eq!(server.request("PUT", &format!("{path}/stop"), &server.token, b"{}").status, 409);
    assert_eq!(server.request("GET", &format!("{path}/validation/99"), &server.token, b"").status, 404);
    assert_eq!(server.request("GET", &format!("{path}/validation"), "th_none", b"").status, 401);
}
