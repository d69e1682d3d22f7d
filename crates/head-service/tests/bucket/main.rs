//! Files in a bucket: the real server, killed, and without its disk but for the database; a store with the interface of S3 beside it.
#![allow(clippy::unwrap_used)]

mod server;
mod store;
#[path = "../util/mod.rs"]
mod util;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use head_service::api::CHUNK_BYTES;
use head_service::chunk_digest;
use serde_json::json;
use server::{Running, start};
use store::{SECRET, Store};

/// What a job does: it leaves a state, or goes on from it, waits to be let go, and writes its result. `GO` is a path.
const JOB: &str = r#"
    env | grep -c ^AWS_ > "GO.env"
    echo $$ > "GO.process"
    state=out.enc.0a1b2c3d.checkpoint
    if [ -e $state ]; then echo yes > "GO.resumed"; else echo one > state.new && mv state.new $state; fi
    while [ ! -e "GO" ]; do sleep 0.1; done
    cat session/north/data.enc $state > "$1.new" && mv "$1.new" "$1"
    echo '{"iterations": 2}'
"#;

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(90), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The process of a job goes with its machine.
fn kill(process: &Path) {
    let number = fs::read_to_string(process).unwrap();
    assert!(Command::new("kill").args(["-9", number.trim()]).status().unwrap().success());
}

#[test]
fn a_service_goes_on_without_its_disk() {
    let (store, address) = Store::start();
    let place = tempfile::tempdir().unwrap();
    let (url, go) = (format!("http://{address}"), place.path().join("go"));
    let script = JOB.replace("GO", go.to_str().unwrap());
    let beside = |ending: &str| go.with_extension(ending);
    let begin = |folder: &Path, token: Option<&str>| start(folder, &url, &script, token);
    let first = begin(&place.path().join("service"), None).unwrap();
    let token = first.server.token.clone();
    let again = |running: Running| begin(&running.lose(), Some(&token)).unwrap();

    // an upload, interrupted by the loss of the disk
    let big = CHUNK_BYTES as usize;
    let data: Vec<u8> = [vec![1; big], vec![2; big], b"end".to_vec()].concat();
    let chunks: Vec<&[u8]> = data.chunks(big).collect();
    let digests: Vec<String> = chunks.iter().map(|chunk| chunk_digest(chunk).to_hex()).collect();
    let info = b"{}".as_slice();
    let files = json!([
        { "name": "north_data.enc", "bytes": data.len(), "chunks": digests },
        { "name": "north_info.json", "bytes": 2, "chunks": [chunk_digest(info).to_hex()] },
    ]);
    let new = json!({ "kind": "messages", "files": files }).to_string();
    let announced = first.server.request("POST", "uploads", new.as_bytes());
    let id = announced.json()["id"].as_str().unwrap().to_owned();
    let send = |running: &Running, file: &str, number: usize, chunk: &[u8]| {
        running.server.request("PUT", &format!("uploads/{id}/files/{file}/chunks/{number}"), chunk).status
    };
    assert_eq!(send(&first, "north_data.enc", 2, chunks[2]), 204);
    assert_eq!(send(&first, "north_info.json", 0, info), 204);
    assert_eq!(store.names().len(), 3, "{:?}", store.names());
    assert!(store.names().iter().all(|name| name.starts_with("north/one/")));

    let second = again(first);
    let missing = second.server.request("GET", &format!("uploads/{id}"), b"").json();
    assert_eq!(missing["missing"], json!([{ "file": "north_data.enc", "chunks": [0, 1] }]));
    // what is not in the bucket is not answered
    store.fail(true);
    assert_eq!(send(&second, "north_data.enc", 0, chunks[0]), 503);
    store.fail(false);
    assert_eq!(send(&second, "north_data.enc", 0, chunks[0]), 204);
    assert_eq!(send(&second, "north_data.enc", 1, chunks[1]), 204);
    let finished = second.server.request("POST", &format!("uploads/{id}/finish"), b"");
    assert_eq!(finished.json()["state"], "ready", "{}", finished.text());
    let delivery = json!({ "upload": id }).to_string();
    assert_eq!(second.server.request("POST", "sessions/trial", delivery.as_bytes()).status, 200);

    // a job, interrupted by the loss of the disk
    let asked = json!({ "kind": "joint", "keys": "", "data": "trial" }).to_string();
    let job = second.server.request("POST", "jobs", asked.as_bytes()).json();
    let job = format!("jobs/{}", job["id"].as_str().unwrap());
    until("a state is kept", || store.names().iter().any(|name| name.ends_with("/checkpoint")));
    assert_eq!(fs::read_to_string(beside("env")).unwrap().trim(), "0", "jobs know nothing of the bucket");
    let folder = second.lose();
    kill(&beside("process"));
    let third = begin(&folder, Some(&token)).unwrap();
    until("the job goes on", || beside("resumed").exists());
    // its end is noted once its result is in the bucket
    store.fail(true);
    fs::write(&go, "").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let state = |running: &Running| running.server.request("GET", &job, b"").json()["state"].clone();
    assert_eq!(state(&third), "running");
    store.fail(false);
    until("the job ends", || state(&third) == "done");

    // its result, and the messages of the session, from the bucket alone
    let result = [&data[..], b"one\n"].concat();
    let fourth = again(third);
    for place in [format!("{job}/result"), "sessions/trial/messages/head.enc".to_owned()] {
        let fetched = fourth.server.request("GET", &place, b"");
        assert_eq!(fetched.status, 200, "{}", fetched.text());
        assert!(fetched.body == result);
    }
    assert!(fourth.server.request("GET", "sessions/trial/messages/north_data.enc", b"").body == data);
    let log = fs::read_to_string(&fourth.log).unwrap();
    assert!(!log.contains(SECRET) && log.contains("\"route\""));

    // another service, and this one without its bucket
    let refused = begin(&place.path().join("other"), None).map(|_| ()).unwrap_err();
    assert!(refused.contains("belongs to another service"), "{refused}");
    assert_eq!(fourth.server.request("DELETE", &job, b"").status, 204);
    assert_eq!(fourth.server.request("DELETE", "sessions/trial", b"").status, 204);
    assert_eq!(store.names(), ["north/one/owner"]);
    let folder = fourth.lose();
    let refused = start(&folder, "no bucket", &script, Some(&token)).map(|_| ()).unwrap_err();
    assert!(refused.contains("none is named"), "{refused}");
}
