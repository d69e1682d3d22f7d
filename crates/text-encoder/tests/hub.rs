//! Download from a hub: a local server that answers like the real one.
#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used)]

mod common;

use common::golden;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use text_encoder::{
    DownloadObserver, Dtype, EncoderOptions, HubSettings, LongText, ModelSource, PoolingMode, TextEncoder,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the server does to weights files.
#[derive(Clone, Copy, PartialEq)]
enum Weights {
    Whole,
    /// Fewer bytes than announced.
    Truncated,
    /// One byte changed.
    Altered,
}

/// A hub with one model, and the storage server it redirects to.
struct Hub {
    endpoint: String,
    /// `server path` of each request, with `+token` if it carried one.
    requests: Arc<Mutex<Vec<String>>>,
}

fn files_under(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            files_under(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serves requests with `answer(path)`, which gives status, headers and body.
fn serve(
    name: &'static str,
    requests: Arc<Mutex<Vec<String>>>,
    answer: impl Fn(&str) -> (u16, String, Vec<u8>) + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else { continue };
            let path = first.split(' ').nth(1).unwrap().to_owned();
            let headers: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let token = headers.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer hf_test"));
            requests.lock().unwrap().push(format!("{name} {path}{}", if token { " +token" } else { "" }));
            let (status, headers, body) = answer(&path);
            // A client that gives up early is part of the tests.
            let _ = write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n");
            let _ = stream.write_all(&body);
        }
    });
    address
}

impl Hub {
    fn start(model: &str, without: &[&str], weights: Weights) -> Self {
        let mut files = BTreeMap::new();
        files_under(&golden(model), "", &mut files);
        files.retain(|name, _| !without.contains(&name.as_str()));
        files.insert("README.md".into(), b"not needed".to_vec());
        let requests = Arc::new(Mutex::new(Vec::new()));

        let blobs: BTreeMap<String, Vec<u8>> =
            files.values().map(|body| (sha256(body), body.clone())).collect();
        let storage = serve("storage", requests.clone(), move |path| {
            let mut body = blobs[path.trim_start_matches("/blob/")].clone();
            let announced = format!("content-length: {}\r\n", body.len());
            match weights {
                Weights::Whole => {}
                Weights::Truncated => body.truncate(body.len() / 2),
                Weights::Altered => *body.last_mut().unwrap() ^= 1,
            }
            (200, announced, body)
        });
        let endpoint = serve("hub", requests.clone(), move |path| {
            let found =
                |body: Vec<u8>, more: &str| (200, format!("content-length: {}\r\n{more}", body.len()), body);
            if path == "/api/models/org/tiny/revision/main" {
                let siblings: Vec<_> =
                    files.keys().map(|name| serde_json::json!({"rfilename": name})).collect();
                return found(
                    serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string().into_bytes(),
                    "",
                );
            }
            let name = path.strip_prefix(&format!("/org/tiny/resolve/{COMMIT}/"));
            match name.and_then(|name| files.get_key_value(name)) {
                Some((name, body)) if name.ends_with(".safetensors") => {
                    let digest = sha256(body);
                    let headers = format!(
                        "location: {storage}/blob/{digest}\r\nx-linked-etag: \"{digest}\"\r\nx-linked-size: {}\r\n\
                         content-length: 0\r\n",
                        body.len()
                    );
                    (302, headers, Vec::new())
                }
                Some((name, body)) => {
                    found(body.clone(), &format!("etag: W/\"{}\"\r\n", &sha256(name.as_bytes())[..40]))
                }
                None => (404, "content-length: 0\r\n".into(), Vec::new()),
            }
        });
        Self { endpoint, requests }
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    fn load(&self, cache: &Path, offline: bool) -> Result<TextEncoder, text_encoder::Error> {
        self.load_observed(cache, offline, None)
    }

    fn load_observed(
        &self,
        cache: &Path,
        offline: bool,
        observer: Option<DownloadObserver>,
    ) -> Result<TextEncoder, text_encoder::Error> {
        let hub = HubSettings {
            cache: cache.join("hub"),
            offline,
            endpoint: self.endpoint.clone(),
            token: Some(text_encoder::Token::new("hf_test")),
            observer,
        };
        let source = ModelSource::parse("org/tiny").unwrap();
        TextEncoder::load(
            &source,
            &EncoderOptions {
                hub,
                long_text: LongText::Truncate,
                dtype: Some(Dtype::Float32),
                ..EncoderOptions::default()
            },
        )
    }
}

/// All files of a model in the cache, by their paths below it.
fn cached(cache: &Path) -> Vec<String> {
    let mut files = BTreeMap::new();
    files_under(&cache.join("hub/models--org--tiny"), "", &mut files);
    files.into_keys().collect()
}

#[test]
fn downloads_once_and_then_works_offline() {
    let (hub, cache) = (Hub::start("tiny-xlm-roberta", &[], Weights::Whole), tempfile::tempdir().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = seen.clone();
    let observer = DownloadObserver::new(move |file, done, size| {
        observed.lock().unwrap().push((file.to_owned(), done, size));
    });
    let encoder = hub.load_observed(cache.path(), false, Some(observer)).unwrap();
    let info = encoder.info();
    assert_eq!((info.model.as_str(), info.revision.as_deref()), ("org/tiny", Some(COMMIT)));
    let local = common::load(&golden("tiny-xlm-roberta")).unwrap();
    info.expect_same(local.info()).unwrap();
    let embed = |encoder: &TextEncoder| encoder.encode(&["Mass in the left breast."], |_| {}).unwrap();
    assert_eq!(embed(&encoder), embed(&local));

    let requests = hub.requests();
    assert!(requests.iter().filter(|r| r.starts_with("hub")).all(|r| r.ends_with("+token")), "{requests:#?}");
    assert_eq!(requests.iter().filter(|r| r.starts_with("storage /blob/")).count(), 2, "{requests:#?}");
    assert!(
        !requests.iter().any(|r| r.starts_with("storage") && r.contains("token")),
        "the token left the hub"
    );
    assert!(!requests.iter().any(|r| r.contains("README")));
    let size = std::fs::metadata(golden("tiny-xlm-roberta/model.safetensors")).unwrap().len();
    assert!(seen.lock().unwrap().contains(&("model.safetensors".into(), size, Some(size))));

    let files = cached(cache.path());
    assert!(files.contains(&"refs/main".into()));
    assert!(files.contains(&format!("snapshots/{COMMIT}/2_Dense/model.safetensors")));
    assert!(!files.iter().any(|file| file.contains("incomplete")), "{files:#?}");

    for offline in [true, false] {
        assert_eq!(embed(&hub.load(cache.path(), offline).unwrap()), embed(&local));
    }
    assert_eq!(hub.requests(), [""; 0]);
}

#[test]
fn completes_a_partial_copy() {
    let (hub, cache) = (Hub::start("tiny-roberta", &[], Weights::Whole), tempfile::tempdir().unwrap());
    hub.load(cache.path(), false).unwrap();
    hub.requests();
    let snapshot = cache.path().join("hub/models--org--tiny/snapshots").join(COMMIT);
    for file in
        ["tokenizer.json", "model-00002-of-00002.safetensors", "modules.json", "2_LayerNorm/config.json"]
    {
        std::fs::remove_file(snapshot.join(file)).unwrap();
        let error = hub.load(cache.path(), true).err().unwrap().to_string();
        assert!(error.contains(file) && error.contains("offline"), "{error}");
        hub.load(cache.path(), false).unwrap();
        let requests = hub.requests();
        assert!(requests.iter().any(|r| r.contains(file)) && requests.len() <= 3, "{requests:#?}");
    }
}

#[test]
fn a_bare_transformer_is_pooled_by_its_mean() {
    let absent = ["modules.json", "1_Pooling/config.json", "sentence_distilbert_config.json"];
    let (hub, cache) = (Hub::start("tiny-distilbert", &absent, Weights::Whole), tempfile::tempdir().unwrap());
    assert_eq!(hub.load(cache.path(), false).unwrap().info().pooling, [PoolingMode::Mean]);
    hub.requests();
    hub.load(cache.path(), true).unwrap();
    // Without the note that the hub has no modules.json, its absence means an incomplete copy.
    std::fs::remove_dir_all(cache.path().join("hub/models--org--tiny/.no_exist")).unwrap();
    let error = hub.load(cache.path(), true).err().unwrap().to_string();
    assert!(error.contains("modules.json"), "{error}");
}

#[test]
fn damaged_downloads_leave_nothing() {
    for (weights, reason) in [(Weights::Truncated, "download of"), (Weights::Altered, "SHA-256")] {
        let (hub, cache) = (Hub::start("tiny-distilbert", &[], weights), tempfile::tempdir().unwrap());
        let error = hub.load(cache.path(), false).err().unwrap().to_string();
        assert!(error.contains(reason) && error.contains("model.safetensors"), "{error}");
        let files = cached(cache.path());
        assert!(
            !files.iter().any(|f| f.contains("incomplete") || f.contains("model.safetensors")),
            "{files:#?}"
        );
        assert!(!files.iter().any(|f| f.starts_with("refs")), "a failed download counts as done: {files:#?}");
    }
}

#[test]
fn unknown_models_and_unreachable_hubs() {
    let (hub, cache) = (Hub::start("tiny-distilbert", &[], Weights::Whole), tempfile::tempdir().unwrap());
    let settings = |endpoint: &str| HubSettings {
        cache: cache.path().into(),
        offline: false,
        endpoint: endpoint.into(),
        token: None,
        observer: None,
    };
    let load = |id: &str, endpoint: &str| {
        let options = EncoderOptions {
            hub: settings(endpoint),
            dtype: Some(Dtype::Float32),
            ..EncoderOptions::default()
        };
        TextEncoder::load(&ModelSource::parse(id).unwrap(), &options).err().unwrap().to_string()
    };
    let error = load("org/unknown", &hub.endpoint);
    assert!(error.contains("404") && error.contains("no such model"), "{error}");
    let error = load("org/tiny", "http://127.0.0.1:9");
    assert!(error.contains("127.0.0.1:9"), "{error}");
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0, "something was written");
}
