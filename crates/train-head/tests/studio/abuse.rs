//! Whoever is not the page: no cookie, other names, other origins, paths, bodies.

use serde_json::Value;

use crate::site::Studio;
use crate::util::Dir;

#[test]
fn the_link_is_good_once_and_nothing_is_without_it() {
    let dir = Dir::new();
    let studio = Studio::unopened(&dir);
    let get = |path: &str| studio.request("GET", path, &[], b"").status;
    let page = format!("{}/", studio.base);
    assert_eq!((get(&page), get("/"), get(&format!("{}/api/start", studio.base))), (403, 404, 403));
    let wrong = format!("{}/open/{}", studio.base, "0".repeat(32));
    assert_eq!((get(&wrong), get(&format!("{}/open/", studio.base))), (403, 404));
    // whoever looks ahead at the link does not use it up
    assert_eq!(studio.request("HEAD", &studio.link, &[], b"").status, 403);
    let opened = studio.request("GET", &studio.link, &[], b"");
    assert_eq!(opened.status, 200);
    let cookie = opened.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    for part in ["HttpOnly", "SameSite=Strict", &format!("Path={}/", studio.base)] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(get(&studio.link), 403);
    let with = |cookie: &str| studio.request("GET", &page, &[("cookie", cookie)], b"").status;
    assert_eq!(with(cookie.split(';').next().unwrap()), 200);
    assert_eq!(
        (with("train-head-studio="), with(&format!("train-head-studio={}", "0".repeat(32)))),
        (403, 403)
    );
    // another browser has another link, which the terminal shows
    let log = String::from_utf8(dir.read("log")).unwrap();
    let again = log.split("http://").nth(1).unwrap().trim();
    assert_eq!(get(again.trim_start_matches(&studio.host)), 200);
}

#[test]
fn pages_from_elsewhere_are_refused() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let (start, origin) = (format!("{}/api/start", studio.base), format!("http://{}", studio.host));
    let port = studio.host.rsplit_once(':').unwrap().1;
    let get = |fields: &[(&str, &str)]| {
        studio.request("GET", &start, &[&[("cookie", studio.cookie.as_str())], fields].concat(), b"").status
    };
    assert_eq!(get(&[]), 200);
    assert_eq!(get(&[("host", &format!("localhost:{port}"))]), 200);
    // names that were made to lead here
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1",
        &format!("127.0.0.1.evil.example:{port}"),
        "",
    ] {
        assert_eq!(get(&[("host", host)]), 403, "{host}");
    }
    for fields in [
        &[("origin", "http://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")],
    ] {
        assert_eq!(get(fields), 403, "{fields:?}");
    }
    let post = |fields: &[(&str, &str)]| {
        let fields = [&[("cookie", studio.cookie.as_str())], fields].concat();
        studio
            .request("POST", &format!("{}/api/data?name=a.csv", studio.base), &fields, b"a,label\n1,2\n")
            .status
    };
    assert_eq!(post(&[("origin", &origin)]), 201);
    // what changes something says where it comes from
    assert_eq!(
        (post(&[]), post(&[("origin", "http://127.0.0.1:1")]), post(&[("origin", "http://evil.example")])),
        (403, 403, 403)
    );
    assert_eq!(
        post(&[("origin", &origin), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]),
        403
    );
    assert_eq!(post(&[("origin", &origin), ("origin", "http://evil.example")]), 403);

    let head = studio.ask("GET", "", b"").head.to_ascii_lowercase();
    for field in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(field), "{field}\n{head}");
    }
}

#[test]
fn no_text_of_a_page_becomes_a_path() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let (id, _) = studio.upload("..%2F..%2Fevil.csv", b"a,label\n1,x\n2,y\n");
    let kept = dir.list();
    assert!(kept.contains(&format!("studio/data/{id}/table.csv")), "{kept:?}");
    assert!(!kept.iter().any(|name| name.contains("evil")), "{kept:?}");
    let secret = "client/secret.key";
    for path in [
        "api/data/..".to_owned(),
        "api/data/..%2F..%2Fhome".to_owned(),
        "api/work/%2e%2e/files/head.json".to_owned(),
        format!("api/work/{id}/files/report.html"),
        format!("api/work/{id}/files/..%2Fabout.json"),
        format!("api/work/{id}/files/{}", secret.replace('/', "%2F")),
        format!("api/work/{}/events", "0".repeat(32)),
        format!("api/data/{}", "F".repeat(32)),
        format!("api/data/{id}%00"),
        "api/../../log".to_owned(),
    ] {
        let said = studio.ask("GET", &path, b"");
        assert!([400, 404].contains(&said.status), "{path}: {said:?}");
    }
    // what another program wrote into the folder is not followed
    let about = dir.path(&format!("studio/data/{id}/about.json"));
    let mut told: Value = serde_json::from_slice(&std::fs::read(&about).unwrap()).unwrap();
    told["kept"] = "../../../log".into();
    std::fs::write(&about, told.to_string()).unwrap();
    assert_eq!(studio.ask("GET", &format!("api/data/{id}"), b"").status, 404);
}

#[test]
fn bodies_and_heads_have_bounds() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let fields =
        format!("host: {}\r\norigin: http://{}\r\ncookie: {}\r\n", studio.host, studio.host, studio.cookie);
    let post = |path: &str, length: u64, body: &[u8]| {
        let head =
            format!("POST {}/{path} HTTP/1.0\r\n{fields}content-length: {length}\r\n\r\n", studio.base);
        studio.raw(&[head.as_bytes(), body].concat()).status
    };
    // refused before it is read
    assert_eq!(post("api/data?name=a.csv", 1 << 40, b"a"), 413);
    assert_eq!(post("api/runs", 1 << 30, b"{"), 413);
    assert_eq!(post("api/runs", 9, b"no json.."), 422);
    let deep = "[".repeat(500_000);
    assert_eq!(post("api/estimates", deep.len() as u64, deep.as_bytes()), 422);
    // one that does not come whole leaves nothing
    let head = format!(
        "POST {}/api/data?name=a.csv HTTP/1.1\r\n{fields}content-length: 100\r\n\r\na,b\n",
        studio.base
    );
    let mut stream = std::net::TcpStream::connect(&studio.host).unwrap();
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    drop(stream);
    let long = format!("GET {}/ HTTP/1.1\r\n{fields}x: {}\r\n\r\n", studio.base, "x".repeat(64 << 10));
    assert_eq!(studio.raw(long.as_bytes()).status, 431);
    assert_eq!(studio.raw(b"\x16\x03\x01 no http\r\n\r\n").status, 400);
    assert_eq!(studio.ask("GET", "api/start", b"").status, 200);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let left: Vec<String> = dir.list().into_iter().filter(|name| name.ends_with(".csv")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_folder_is_for_its_user_alone_and_for_one_studio() {
    let dir = Dir::new();
    let studio = Studio::new(&dir);
    let (id, _) = studio.upload("a.csv", b"a,label\n1,x\n2,y\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("studio"), mode(&format!("studio/data/{id}/table.csv"))), (0o700, 0o600));
    }
    let said = dir.run("studio --out studio --no-open");
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stderr.contains("another studio runs in"), "{}", said.stderr);
}
