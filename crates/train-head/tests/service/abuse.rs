//! What strangers and other tenants try: refused with the right status, logged, and the server goes on.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::path::{prepare, push, submit};
use crate::server::{Server, answer};
use crate::util::{Dir, FAST};

/// The announcement of a file.
fn announcement(kind: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let digest = blake3::hash(bytes).to_hex().to_string();
    json!({ "kind": kind, "files": [{ "name": name, "bytes": bytes.len(), "chunks": [digest] }] })
        .to_string()
        .into_bytes()
}

#[test]
fn strangers_and_other_tenants_get_nothing() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    prepare(&dir, FAST);
    let uploads = push(&server);
    let job = submit(&server, &uploads);
    server.ok(&format!("remote watch {job}"));
    let other = server.ok("operator add other --folder service")["token"].as_str().unwrap().to_owned();
    let mine = "/v1/projects/operator";
    let (upload, result) = (format!("{mine}/uploads/{}", uploads[1]), format!("{mine}/jobs/{job}/result"));
    let in_theirs = format!("/v1/projects/other/uploads/{}", uploads[1]);
    let chunk = format!("{upload}/files/samples.enc/chunks/0");
    let job_of_mine = json!({ "kind": "train", "keys": uploads[0], "data": uploads[1] }).to_string();
    for (method, path, token, body, status) in [
        // no token, a wrong one, something else
        ("GET", upload.as_str(), "", "", 401),
        ("GET", &upload, "th_0000", "", 401),
        ("GET", "/v1/account", &"x".repeat(5000), "", 401),
        ("GET", "/metrics", "", "", 401),
        ("GET", "/v1/overview", "", "", 401),
        // another tenant's: what is there looks like what is not
        ("GET", &upload, &other, "", 404),
        ("GET", &in_theirs, &other, "", 404),
        ("DELETE", &upload, &other, "", 404),
        ("PUT", &chunk, &other, "x", 404),
        ("POST", &format!("{upload}/finish"), &other, "", 404),
        ("GET", &result, &other, "", 404),
        ("GET", &format!("{mine}/jobs/{job}/events"), &other, "", 404),
        ("POST", &format!("{mine}/jobs/{job}/cancel"), &other, "", 404),
        ("POST", &format!("{mine}/jobs"), &other, &job_of_mine, 404),
        ("POST", "/v1/projects/other/jobs", &other, &job_of_mine, 404),
        // the operator's figures
        ("GET", "/metrics", &other, "", 403),
        ("GET", "/v1/overview", &other, "", 403),
        // path tricks
        ("GET", "/v1/projects/../../etc/passwd", &other, "", 404),
        ("GET", "/v1/projects/operator%2F..%2Fother/uploads", &other, "", 404),
        ("GET", "/v1/projects/other/jobs/..%2F..%2Fservice.db/result", &other, "", 404),
        ("GET", "/%00", &other, "", 404),
        ("GET", "/v1/projects/%FF/uploads", &other, "", 404),
        ("BREW", "/v1/account", &other, "", 405),
    ] {
        let got = server.request(method, path, token, body.as_bytes());
        assert_eq!(got.status, status, "{method} {path}: {got:?}");
    }
    // everything is as it was
    assert_eq!(server.request("GET", &result, &server.token, b"").status, 200);
    let log = server.log();
    assert!(
        log.contains("\"status\":401") && log.contains("\"status\":404") && log.contains("\"status\":403")
    );
    assert!(!log.contains(&server.token) && !log.contains(&other));
    // a token that was taken opens nothing
    server.ok("operator revoke other --folder service");
    assert_eq!(server.request("GET", "/v1/account", &other, b"").status, 401);
}

#[test]
fn what_is_malformed_is_refused_before_it_is_stored() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    prepare(&dir, FAST);
    let (uploads, token) = ("/v1/projects/operator/uploads", server.token.as_str());
    let file = |name: &str, bytes: u64, chunks: usize| {
        json!({ "kind": "data", "files": [{ "name": name, "bytes": bytes, "chunks": vec!["0".repeat(64); chunks] }] }).to_string()
    };
    let bomb = format!("{{\"kind\":\"data\",\"files\":{}", "[".repeat(1 << 20));
    let wide = format!("{{\"kind\":\"data\",\"files\":[{}]}}", vec!["{}"; 100_000].join(","));
    let huge = vec![b' '; (4 << 20) + 1];
    for (body, status) in [
        (&b""[..], 422),
        (b"nonsense", 422),
        (b"{\"kind\":\"data\",\"files\":[]}", 422),
        (b"{\"kind\":\"data\",\"files\":[],\"more\":1}", 422),
        (b"{\"kind\":\"\xff\xfe\",\"files\":[]}", 422),
        (bomb.as_bytes(), 422),
        (wide.as_bytes(), 422),
        (&huge, 413),
        (file("../../../etc/passwd", 5, 1).as_bytes(), 422),
        (file("/etc/passwd", 5, 1).as_bytes(), 422),
        (file(".hidden", 5, 1).as_bytes(), 422),
        (file("", 5, 1).as_bytes(), 422),
        (file("a.enc", 0, 0).as_bytes(), 422),
        (file("a.enc", 5, 2).as_bytes(), 422),
        (file("a.enc", 1 << 50, 1).as_bytes(), 422),
        // the project has room for 200 GiB
        (file("a.enc", 300 << 30, (300 << 30) / (8 << 20)).as_bytes(), 413),
    ] {
        let got = server.request("POST", uploads, token, body);
        assert_eq!(got.status, status, "{}: {got:?}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    }

    // chunks: of nothing, too long, too short, of another digest, twice
    let data = dir.read("data.enc");
    let announced = server.request("POST", uploads, token, &announcement("data", "a.enc", &data)).json();
    let upload = format!("{uploads}/{}", announced["id"].as_str().unwrap());
    let chunk = format!("{upload}/files/a.enc/chunks/0");
    let mut flipped = data.clone();
    flipped[data.len() / 2] ^= 1;
    for (path, body, status) in [
        (format!("{upload}/files/a.enc/chunks/1"), &data[..], 404),
        (format!("{upload}/files/a.enc/chunks/-1"), &data, 400),
        (format!("{upload}/files/a.enc/chunks/18446744073709551615"), &data, 404),
        (format!("{upload}/files/b.enc/chunks/0"), &data, 404),
        (chunk.clone(), &[&data[..], b"more"].concat(), 413),
        (chunk.clone(), &data[..data.len() - 1], 422),
        (chunk.clone(), &flipped, 422),
    ] {
        assert_eq!(server.request("PUT", &path, token, body).status, status, "{path}");
    }
    assert_eq!(dir.list().iter().filter(|name| name.starts_with("service/arriving/")).count(), 0);
    let early = server.request("POST", &format!("{upload}/finish"), token, b"").json();
    assert_eq!(
        (early["state"].as_str(), early["missing"][0]["chunks"][0].as_u64()),
        (Some("arriving"), Some(0))
    );
    for _ in 0..2 {
        assert_eq!(server.request("PUT", &chunk, token, &data).status, 204);
    }
    assert_eq!(server.request("POST", &format!("{upload}/finish"), token, b"").json()["state"], "ready");

    // files that are something else: a secret key above all
    let secret = dir.read("keys/secret.key");
    let altered = [&b"ckksfile"[..], &data[8..100], &[0; 400]].concat();
    let others: [(&str, &[u8], &str); 5] = [
        ("data", &secret, "secret key"),
        ("samples", &secret, "secret key"),
        ("data", b"age-encryption.org/v1\n-> scrypt", "secret key"),
        ("data", b"PK\x03\x04 a workbook with names", "a.enc"),
        ("data", &altered, "a.enc"),
    ];
    for (kind, bytes, why) in others {
        let announced = server.request("POST", uploads, token, &announcement(kind, "a.enc", bytes)).json();
        let upload = format!("{uploads}/{}", announced["id"].as_str().unwrap());
        let got = server.request("PUT", &format!("{upload}/files/a.enc/chunks/0"), token, bytes);
        assert_eq!(got.status, 422, "{kind}: {got:?}");
        assert!(got.json()["title"].as_str().unwrap().contains(why), "{got:?}");
        assert_eq!(server.request("GET", &upload, token, b"").status, 404);
    }
    // a file that the project has, now said to be something else, is not sent again, and refused all the same
    let announced = server.request("POST", uploads, token, &announcement("samples", "a.enc", &data)).json();
    assert_eq!(announced["missing"].as_array().map(Vec::len), Some(0));
    let refused = format!("{uploads}/{}/finish", announced["id"].as_str().unwrap());
    let got = server.request("POST", &refused, token, b"");
    assert!(got.status == 422 && got.json()["title"].as_str().unwrap().contains("encrypted data"), "{got:?}");
    assert_eq!(server.request("GET", &upload, token, b"").json()["state"], "ready");
    assert_eq!(dir.list().iter().filter(|name| name.starts_with("service/arriving/1/")).count(), 0);
    assert_eq!(server.ok("operator audit --folder service")["verified"].as_bool(), Some(true));
}

#[test]
fn slow_and_huge_requests_meet_a_limit() {
    let dir = Dir::new();
    let server = Server::new(&dir);
    let get = "GET /health HTTP/1.1\r\nhost: x\r\n";
    let long = format!("{get}cookie: {}\r\n\r\n", "x".repeat(64 << 10));
    let many = format!("{get}{}\r\n", "a: b\r\n".repeat(500));
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(64 << 10));
    for (bytes, statuses) in [
        // who is still sending may find the connection cut, and no answer
        (long.as_bytes(), [431, 0]),
        (many.as_bytes(), [431, 0]),
        (path.as_bytes(), [431, 0]),
        (b"\xff\xfe\x00 nonsense\r\n\r\n", [400, 400]),
        (b"GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", [400, 400]),
    ] {
        let got = server.raw(bytes);
        assert!(statuses.contains(&got.status), "{}: {got:?}", String::from_utf8_lossy(&bytes[..40]));
    }
    // a head that does not end, and a body that does not come: both are given up, and others are answered meanwhile
    let mut head = server.connect();
    head.write_all(get.as_bytes()).unwrap();
    let mut body = server.connect();
    let post = format!(
        "POST /v1/projects/operator/uploads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
        server.token
    );
    body.write_all(post.as_bytes()).unwrap();
    body.flush().unwrap();
    let begun = Instant::now();
    assert_eq!(server.raw(format!("{get}connection: close\r\n\r\n").as_bytes()).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(answer(body).status, 408);
    let _ = answer(head);
    assert!(begun.elapsed() < Duration::from_secs(50), "a slow client was waited for");

    // the dashboard loads nothing from elsewhere, and the description is the one that is committed
    let page = server.raw(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    assert!(!String::from_utf8_lossy(&page.body).contains("http://"));
    let api = server.raw(b"GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let committed: Value = serde_json::from_str(include_str!("../../../head-service/openapi.json")).unwrap();
    assert_eq!(api.json(), committed);
    let metrics = server.request("GET", "/metrics", &server.token, b"");
    assert!(String::from_utf8_lossy(&metrics.body).contains("train_head_requests_total{status=\"4xx\"}"));
}
