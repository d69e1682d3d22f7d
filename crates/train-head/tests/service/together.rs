//! Two hospitals that share no folder: a server passes on what they have to say, and trains.

use crate::faults::{processes, signal};
use crate::server::{Server, until};
use crate::util::{Dir, table};

/// A party: its commands have a home of their own, which knows the server by the party's token.
struct Party<'a> {
    server: &'a Server<'a>,
    name: &'static str,
}

impl Party<'_> {
    fn ok(&self, line: &str) -> serde_json::Value {
        let mut command = self.server.command(&format!("{line} --json"));
        let output =
            command.env("TRAIN_HEAD_HOME", self.server.dir.path(&format!("{}/home", self.name))).output();
        let said = crate::util::Said::of(output.unwrap());
        assert_eq!(
            said.code,
            0,
            "{}: {line}\n{}{}\n{}",
            self.name,
            said.stdout,
            said.stderr,
            self.server.log()
        );
        said.json()
    }

    fn refused(&self, line: &str) -> String {
        let mut command = self.server.command(line);
        let output =
            command.env("TRAIN_HEAD_HOME", self.server.dir.path(&format!("{}/home", self.name))).output();
        let said = crate::util::Said::of(output.unwrap());
        assert_ne!(said.code, 0, "{}: {line}\n{}", self.name, said.stdout);
        said.stderr
    }

    /// A step with this party's own folders.
    fn step(&self, step: &str) -> serde_json::Value {
        self.ok(&format!("joint {step} --session {0}/session --keys {0}/keys", self.name))
    }
}

/// Two hospitals with samples and an account each, and public samples. Gives their public keys.
fn hospitals(dir: &Dir, server: &Server<'_>) -> Vec<String> {
    let rows = table(400);
    let rows: Vec<&str> = rows.lines().collect();
    dir.write("public.csv", rows[..121].join("\n"));
    let mut keys = Vec::new();
    for (name, from, to) in [("north", 121, 260), ("south", 261, 340)] {
        std::fs::create_dir(dir.path(name)).unwrap();
        let own: Vec<&str> = rows[..1].iter().chain(&rows[from..to]).copied().collect();
        dir.write(&format!("{name}/own.csv"), own.join("\n"));
        let added = server.ok(&format!("operator add {name} --project trial --folder service"));
        dir.write(&format!("{name}/token"), added["token"].as_str().unwrap());
        let party = Party { server, name };
        let (address, fingerprint) = (server.address, &server.fingerprint);
        party.ok(&format!("remote add cloud https://{address} --fingerprint {fingerprint}"));
        party.ok(&format!("remote login --token-file {name}/token"));
        keys.push(party.ok("identity create")["public_key"].as_str().unwrap().to_owned());
    }
    keys
}

/// The server passes on encrypted sums as well; the parties add them, and no job runs.
#[test]
fn sums_by_consent_pass_through_a_server() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    let keys = hospitals(&dir, &server);
    let north = Party { server: &server, name: "north" };
    let south = Party { server: &server, name: "south" };
    north.ok("estimate --features public.csv --preset n16-joint2-l25 --max-iter 2 --out plan.json");
    let created = north.ok(&format!(
        "joint create --sums --plan plan.json --features public.csv --participant north={}:150 --participant south={}:80 \
         --server cloud --session-name sums-1 --out north/session",
        keys[0], keys[1]
    ));
    assert_eq!(created["least_samples"], 6);
    north.step("join --no-passphrase");
    south.step("join --no-passphrase --server cloud");
    for party in [&north, &south, &north, &south, &north] {
        party.step("keys");
    }
    assert_eq!(south.step("keys")["done"], true);
    for party in [&north, &south] {
        party.step(&format!("encrypt --features {}/own.csv", party.name));
    }
    let decrypt = |party: &Party<'_>| party.step(&format!("decrypt --out {}/map", party.name));
    assert_eq!(decrypt(&north)["waiting_for"], "south (sums)");
    assert_eq!(decrypt(&south)["waiting_for"], "north (share of the decryption)");
    for party in [&north, &south] {
        assert_eq!(decrypt(party)["done"], true);
    }
    assert_eq!(dir.read("north/map/map.json"), dir.read("south/map/map.json"));
    assert!(north.ok("remote status")["jobs"].as_array().unwrap().is_empty());
    let status = north.ok("joint status --session north/session");
    assert!(status["parties"]["south"].as_object().unwrap().values().all(|done| done == true), "{status}");
}

#[test]
fn hospitals_train_together_through_a_server_and_share_no_folder() {
    let dir = Dir::new();
    let mut server = Server::new(&dir);
    let keys = hospitals(&dir, &server);
    {
        let north = Party { server: &server, name: "north" };
        let south = Party { server: &server, name: "south" };
        north.ok("estimate --features public.csv --preset n16-joint2-l25 --max-iter 2 --out plan.json");
        assert!(
            south
                .refused(
                    "joint join --server cloud --session south/session --keys south/keys --no-passphrase"
                )
                .contains("no session")
        );
        let created = north.ok(&format!(
            "joint create --plan plan.json --features public.csv --participant north={}:150 --participant south={}:80 \
             --recomputations 1 --server cloud --session-name trial-1 --out north/session",
            keys[0], keys[1]
        ));
        // nobody names the compute party: it is the server
        assert_eq!(created["compute"][0]["name"], "server");
        north.step("join --no-passphrase");
        south.step("join --no-passphrase --server cloud");
        for party in [&north, &south, &north, &south, &north] {
            party.step("keys");
        }
        assert_eq!(south.step("keys")["done"], true);
        assert_eq!(north.step("keys")["done"], true);
        assert!(north.step("encrypt --features north/own.csv")["job"].is_null());
    }
    // the server is killed; what it had accepted is there
    server.kill_and_start();
    let north = Party { server: &server, name: "north" };
    let south = Party { server: &server, name: "south" };
    // the last to encrypt sets the training going
    let job = south.step("encrypt --features south/own.csv")["job"].as_str().unwrap().to_owned();
    // the job's process is killed after an iteration: the next goes on from there
    until("a checkpoint", || dir.list().iter().any(|name| name.ends_with(".checkpoint")).then_some(()));
    let ids = processes(&job);
    assert!(!ids.is_empty(), "no process of the job runs\n{}", server.log());
    ids.iter().for_each(|id| signal(id, "-KILL"));
    let trained = north.ok("joint train --session north/session");
    assert_eq!((trained["done"].as_bool(), trained["iterations"].as_u64()), (Some(true), Some(2)));
    let done = north.ok(&format!("remote status {job}"));
    assert_eq!(
        (done["attempts"].as_u64(), done["result"]["report"]["resumed_after"].as_u64()),
        (Some(2), Some(1))
    );
    assert_eq!(south.ok("joint train --session south/session --check")["same"], true);

    let waiting = north.step("decrypt --features north/own.csv --out north/head");
    assert!(waiting["waiting_for"].as_str().unwrap().contains("south"), "{waiting}");
    let opened = [
        south.step("decrypt --features south/own.csv --out south/head"),
        north.step("decrypt --features north/own.csv --out north/head"),
    ];
    for (opened, name) in opened.iter().zip(["south", "north"]) {
        assert_eq!((opened["done"].as_bool(), opened["party"].as_str()), (Some(true), Some(name)));
        assert!(opened["report"]["comparison"]["joint"].as_f64().unwrap() > 0.8, "{opened}");
    }
    assert_eq!(dir.read("north/head/head.safetensors"), dir.read("south/head/head.safetensors"));

    // nobody has what it did not need, and no share of a secret left
    let names = dir.list();
    let has = |name: &str| names.iter().any(|found| found == name);
    assert!(!has("north/session/south/data.enc") && has("south/session/north/data.enc"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("service/") && name.ends_with("secret.key")));
    let status = north.ok("joint status --session north/session");
    for party in ["north", "south"] {
        let steps = status["parties"][party].as_object().unwrap();
        assert!(steps.values().all(|done| done == true), "{status}");
    }

    let session = server.request("GET", "/v1/projects/trial/sessions/trial-1", &server.token, b"");
    assert_eq!(session.status, 404, "the operator is no member: {session:?}");
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
    let audit = String::from_utf8(dir.read("service/audit.jsonl")).unwrap();
    for what in ["account added", "messages delivered", "job done", "result fetched"] {
        assert_eq!(audit.contains(what), what != "result fetched", "{what}: {audit}");
    }
    south.ok("remote rm trial-1");
    assert!(south.ok("remote status")["sessions"].as_array().unwrap().is_empty());
}
