//! Accounts that are known by the tokens of an issuer: the real server with the issuer's keys in a file, the real client with a command that
//! prints tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::server::Server;
use crate::util::{Dir, FAST, table};

const ISSUER: &str = "https://issuer.example";

/// An issuer.
struct Issuer(SigningKey);

impl Issuer {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    fn keys(&self) -> String {
        let x = base64(self.0.verifying_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": x }] })
            .to_string()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64(value.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        format!("{message}.{}", base64(&self.0.sign(message.as_bytes()).to_bytes()))
    }

    /// A token that is valid for so many seconds.
    fn of(&self, subject: &str, seconds: i64) -> String {
        self.token(&json!({ "alg": "EdDSA", "kid": "one" }), &claims(subject, seconds))
    }
}

fn claims(subject: &str, seconds: i64) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({ "iss": ISSUER, "aud": "train-head", "sub": subject, "exp": i64::try_from(now).unwrap() + seconds })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        text.extend((0..=three.len()).map(|at| char::from(LETTERS[(word >> (18 - 6 * at)) as usize & 63])));
    }
    text
}

#[test]
fn an_account_is_opened_by_the_tokens_of_an_issuer_and_no_others() {
    let dir = Dir::new();
    let (issuer, theirs) = (Issuer::new(1), Issuer::new(2));
    dir.write("keys.json", issuer.keys());
    let mut server = Server::with(
        &dir,
        &["--oidc-issuer", ISSUER, "--oidc-audience", "train-head", "--oidc-keys", "keys.json"],
    );
    let added = server.ok("operator add hospital --oidc-subject u|7 --folder service");
    assert!(added["token"].is_null() && added["oidc_subject"] == "u|7", "{added}");
    let twice = server.client("operator add other --oidc-subject u|7 --folder service");
    assert!(twice.code == 2 && twice.stderr.contains("another account"), "{}", twice.stderr);

    let get = |server: &Server<'_>, token: &str| server.request("GET", "/v1/account", token, b"").status;
    let good = issuer.of("u|7", 300);
    let header = json!({ "alg": "EdDSA", "kid": "one" });
    let mut for_another = claims("u|7", 300);
    for_another["aud"] = json!("another");
    let unsigned = {
        let header = base64(json!({ "alg": "none", "kid": "one" }).to_string().as_bytes());
        format!("{header}.{}.", base64(claims("u|7", 300).to_string().as_bytes()))
    };
    for (what, token, status) in [
        ("a good one", good.clone(), 200),
        ("of nobody", issuer.of("u|8", 300), 403),
        ("expired", issuer.of("u|7", -120), 401),
        ("of another issuer", theirs.of("u|7", 300), 401),
        ("for another audience", issuer.token(&header, &for_another), 401),
        (
            "of an unknown key",
            issuer.token(&json!({ "alg": "EdDSA", "kid": "two" }), &claims("u|7", 300)),
            401,
        ),
        (
            "of another algorithm",
            issuer.token(&json!({ "alg": "HS256", "kid": "one" }), &claims("u|7", 300)),
            401,
        ),
        ("without a signature", unsigned, 401),
        ("cut", good[..good.len() - 4].to_owned(), 401),
        ("of 9 000 bytes", issuer.token(&header, &json!({ "x": "x".repeat(6500) })), 401),
        ("the subject alone", "u|7".to_owned(), 401),
        ("of our own that is none", "th_0000".to_owned(), 401),
        ("of our own", server.token.clone(), 200),
    ] {
        assert_eq!(get(&server, &token), status, "{what}");
    }
    // no figures of the operator, and no other's project
    assert_eq!(server.request("GET", "/metrics", &good, b"").status, 403);
    assert_eq!(server.request("GET", "/v1/projects/operator/jobs", &good, b"").status, 404);
    let log = server.log();
    assert!(log.contains("token refused") && !log.contains(&good) && !log.contains("u|7"), "{log}");

    // the client asks a command for tokens, and again when one has expired
    dir.write("token-now", issuer.of("u|7", -120));
    let said = server.client("remote login --token-file token-now");
    assert!(said.code == 2 && said.stderr.contains("a valid token is needed"), "{}", said.stderr);
    let login = |command: &str| {
        let mut client = server.command("remote login --json --token-command");
        crate::util::Said::of(client.arg(command).output().unwrap())
    };
    let counted = format!("echo x >> {0}/asked; cat {0}/token-now", dir.path("").display());
    assert_eq!(login(&counted).code, 2);
    dir.write("token-now", &good);
    let kept = login(&counted);
    assert_eq!((kept.code, kept.json()["account"].as_str()), (0, Some("hospital")), "{}", kept.stderr);
    dir.write("asked", "");
    dir.write("table.csv", table(120));
    let expires = format!(
        "if [ -s {0}/asked ]; then cat {0}/token-now; else cat {0}/expired; fi; echo x >> {0}/asked",
        dir.path("").display()
    );
    dir.write("asked", "x\n").write("expired", issuer.of("u|7", -120));
    assert_eq!(login(&expires).code, 0);
    dir.write("asked", "");
    let run = "run --features table.csv --label-column label --server here --out out";
    let report = server.ok(&format!("{run} {FAST}"));
    assert_eq!(report["on_server"], true);
    assert_eq!(dir.read("asked"), b"x\nx\n", "it was asked once more than at the start");
    let environment = server.command("remote status").env("TRAIN_HEAD_TOKEN", &good).output().unwrap();
    assert!(environment.status.success());

    // keys that the issuer has no more open nothing, and those of a subject that was taken neither
    dir.write("keys.json", theirs.keys());
    assert_eq!((get(&server, &good), get(&server, &theirs.of("u|7", 300))), (401, 200));
    server.kill_and_start();
    server.ok("operator revoke hospital --folder service");
    assert_eq!(get(&server, &theirs.of("u|7", 300)), 403);
    server.ok("operator renew hospital --oidc-subject u|9 --folder service");
    assert_eq!(get(&server, &theirs.of("u|9", 300)), 200);
    let audit = String::from_utf8(dir.read("service/audit.jsonl")).unwrap();
    assert!(audit.contains("\"actor\":\"hospital\""), "{audit}");
}

#[test]
fn an_issuer_that_is_not_there_or_half_named_is_told() {
    let dir = Dir::new();
    dir.write("empty.json", "{\"keys\": []}");
    let serve = |flags: &str| dir.run(&format!("serve --folder service --listen 127.0.0.1:0 {flags}"));
    for (flags, code, why) in [
        ("--oidc-issuer https://issuer.example", 2, "--oidc-audience go together"),
        ("--oidc-audience x", 2, "--oidc-audience go together"),
        ("--oidc-claim email", 2, "--oidc-audience go together"),
        ("--oidc-issuer http://issuer.example --oidc-audience x", 2, "https is needed"),
        ("--oidc-issuer https://i.example --oidc-audience x --oidc-keys none.json", 2, "none.json"),
        (
            "--oidc-issuer https://i.example --oidc-audience x --oidc-keys empty.json",
            2,
            "no key that verifies",
        ),
    ] {
        let said = serve(flags);
        assert_eq!(said.code, code, "{flags}\n{}", said.stderr);
        assert!(said.stderr.contains(why), "{flags}\n{}", said.stderr);
    }
    // one that cannot be reached lets accounts with tokens of our own work
    let server = Server::with(&dir, &["--oidc-issuer", "http://127.0.0.1:9", "--oidc-audience", "x"]);
    assert_eq!(server.request("GET", "/v1/account", &server.token, b"").status, 200);
    assert_eq!(server.request("GET", "/v1/account", &Issuer::new(1).of("u|7", 300), b"").status, 401);
    assert!(server.log().contains("could not be fetched"), "{}", server.log());
}
