//! Tokens that are valid, and those that others might try.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::Verifier;
use super::keys::{Keys, parse};
use crate::options::Oidc;

const ISSUER: &str = "https://issuer.example";
/// A key of 2048 bits whose private half is gone, and what it signed: valid until 2100.
const RSA: &str = "hnMhwey_XrNbFqK_3wgj0FYO1vBL9K8uE3qENi8quNRI5upT-mE8hmK_sNoEDw4Im08Xuuk1Py8eKfamvE-jqv8GNp89Yi8CB2kcLgM1ePOfYx\
     zfwgrJsRFWaNLt0Sxsg-INMLupa-PgO-Uy47_zEum_go97G3e2LfrwXlJlIv2C1iisYgSmCzX3M57ib3FAIq_MSss_HDQ8XqUhPSL5LlnmiuYy\
     zjnkzQk-ZteQek_aRqzrm23m0RM28HWfHePOImvVf1h8Jexs_tJl2Dh5uIOGDzI2THgdphP8gpKIfRQxFTQAE8M5mNfCL8sMzvxreCtj6i8Cv2\
     4SzN6WxU-rtQ";
const OF_RSA: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzYSIsICJ0eXAiOiAiSldUIn0.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJhdW\
     QiOiBbIm90aGVyIiwgInRyYWluLWhlYWQiXSwgInN1YiI6ICJ1fHJzYSIsICJleHAiOiA0MTAyNDQ0ODAwfQ.CzYzK7yt2H6vpNlAou6atvZ-F\
     pAR0-WzJzw2G5KLw5frUiSIx0f5A1BDVSBlSJCnME6p-cnZumDegXUqr3fHPeTV93FIBe0SrVR_FjFLArhvAbfNe_jfS-WIlH0hRSWwHJmpPsa\
     YuwlBgpC2FJYhgJy-8tPgI4hsxizwuzt02VckymQcL71sHEh62kx_lILRouHZivn_0IGicL43p5pAasy0vXD0XgaiIbn5q1VP03hb_gtQyGn4v\
     nxD2EsYYndW8eMBGMAKZEcpKFNXC3sf4hTGonnTvodauEBbpuzhIR1FNczH_wBwq0KkTkjrRpWiq-43dBhsvVhHaY9-xSeSbQ";

/// Signs as an issuer does.
enum Signer {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn es256() -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random);
        Self::Es256(key.unwrap())
    }

    fn ed25519() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => key.public_key().as_ref().to_vec(),
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        match self {
            Self::Es256(_) => json!({
                "kty": "EC", "crv": "P-256", "kid": id, "use": "sig",
                "x": base64(&public[1..33]), "y": base64(&public[33..]),
            }),
            Self::Ed25519(_) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "alg": "EdDSA", "x": base64(&public) })
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        if matches!(self, Self::Es256(_)) { "ES256" } else { "EdDSA" }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message =
            format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = match self {
            Self::Es256(key) => key.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", base64(&signature))
    }
}

/// As tokens are written: without padding, for addresses.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |at: usize| char::from(LETTERS[(word >> (18 - 6 * at)) as usize & 63]);
        text.extend((0..=three.len()).map(letter));
    }
    text
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "train-head", "sub": "u|1", "exp": now() + 300, "email": "ann@example.org" })
}

fn settings(issuer: &str, keys: Option<std::path::PathBuf>) -> Oidc {
    Oidc { issuer: issuer.to_owned(), audience: "train-head".to_owned(), claim: "sub".to_owned(), keys }
}

/// A verifier of the keys in a file.
fn verifier(folder: &tempfile::TempDir, keys: &Value) -> Verifier {
    let path = folder.path().join("keys.json");
    std::fs::write(&path, keys.to_string()).unwrap();
    Verifier::open(&settings(ISSUER, Some(path))).unwrap()
}

#[test]
fn tokens_of_three_algorithms_name_their_subject() {
    let folder = tempfile::tempdir().unwrap();
    let (ec, ed) = (Signer::es256(), Signer::ed25519());
    let rsa = json!({ "kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": RSA, "e": "AQAB" });
    let verifier = verifier(&folder, &json!({ "keys": [ec.jwk("ec"), ed.jwk("ed"), rsa] }));
    assert_eq!(verifier.subject(OF_RSA).unwrap(), "u|rsa");
    for (signer, id) in [(&ec, "ec"), (&ed, "ed")] {
        let header = json!({ "alg": signer.algorithm(), "kid": id, "typ": "at+jwt" });
        assert_eq!(verifier.subject(&signer.token(&header, &claims())).unwrap(), "u|1");
    }
    let of_email =
        Verifier { settings: Oidc { claim: "email".into(), ..verifier.settings.clone() }, ..verifier };
    let header = json!({ "alg": "EdDSA", "kid": "ed" });
    assert_eq!(of_email.subject(&ed.token(&header, &claims())).unwrap(), "ann@example.org");
}

#[test]
fn what_others_might_try_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ec, ed, theirs) = (Signer::es256(), Signer::ed25519(), Signer::ed25519());
    let verifier = verifier(&folder, &json!({ "keys": [ec.jwk("ec"), ed.jwk("ed")] }));
    let header = json!({ "alg": "EdDSA", "kid": "ed" });
    let good = ed.token(&header, &claims());
    assert!(verifier.subject(&good).is_ok());

    let with = |name: &str, value: Value| {
        let mut claims = claims();
        match value.is_null() {
            true => drop(claims.as_object_mut().unwrap().remove(name)),
            false => claims[name] = value,
        }
        ed.token(&header, &claims)
    };
    let headed = |header: Value| ed.token(&header, &claims());
    let hmac = |key: &[u8], header: Value| {
        let message =
            format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims().to_string().as_bytes()));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
        format!("{message}.{}", base64(ring::hmac::sign(&key, message.as_bytes()).as_ref()))
    };
    let unsigned = |alg: &str| {
        let header = base64(json!({ "alg": alg, "kid": "ed" }).to_string().as_bytes());
        format!("{header}.{}.", base64(claims().to_string().as_bytes()))
    };
    let parts: Vec<&str> = good.split('.').collect();
    let mut flipped = good.clone().into_bytes();
    let at = flipped.len() - 20;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    let tokens = [
        // no signature, or a symmetric one by what everybody knows
        unsigned("none"),
        unsigned("None"),
        unsigned("EdDSA"),
        hmac(&ed.public(), json!({ "alg": "HS256", "kid": "ed" })),
        hmac(ed.jwk("ed").to_string().as_bytes(), json!({ "alg": "HS256", "kid": "ed" })),
        hmac(&[], json!({ "alg": "HS256", "kid": "ed" })),
        // another algorithm than the key's, another key, none, and keys that the token brings itself
        headed(json!({ "alg": "ES256", "kid": "ed" })),
        headed(json!({ "alg": "RS256", "kid": "ed" })),
        headed(json!({ "alg": "EdDSA", "kid": "ec" })),
        headed(json!({ "alg": "EdDSA", "kid": "unknown" })),
        headed(json!({ "alg": "EdDSA", "kid": "" })),
        headed(json!({ "alg": "EdDSA" })),
        theirs.token(&header, &claims()),
        theirs.token(&json!({ "alg": "EdDSA", "kid": "ed", "jwk": theirs.jwk("ed") }), &claims()),
        theirs.token(&json!({ "alg": "EdDSA", "kid": "ed", "jku": "http://127.0.0.1/keys" }), &claims()),
        headed(json!({ "alg": "EdDSA", "kid": "ed", "crit": ["exp2"], "exp2": 1 })),
        headed(json!({ "alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false })),
        // expired, not yet valid, for others, of others, or without saying so
        with("exp", json!(now() - 120)),
        with("exp", json!("4102444800")),
        with("exp", json!(-1)),
        with("exp", Value::Null),
        with("nbf", json!(now() + 300)),
        with("nbf", json!("soon")),
        with("aud", json!("another")),
        with("aud", json!(["another"])),
        with("aud", json!([])),
        with("aud", Value::Null),
        with("iss", json!("https://issuer.example.org")),
        with("iss", json!("https://issuer.example/")),
        with("iss", Value::Null),
        // of nobody
        with("sub", Value::Null),
        with("sub", json!("")),
        with("sub", json!(1)),
        with("sub", json!(["u|1"])),
        with("sub", json!("x".repeat(256))),
        // altered, cut, more than a token, and nonsense
        String::from_utf8(flipped).unwrap(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.{}", parts[2]),
        format!("{}.{}.{}", parts[0], base64(b"{}"), parts[2]),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        "..".to_owned(),
        String::new(),
        base64(b"{}"),
        format!("{}.{}.{}", base64("[".repeat(5000).as_bytes()), parts[1], parts[2]),
        with("more", json!("x".repeat(9000))),
        "x.y.z".repeat(100_000),
    ];
    for (at, token) in tokens.iter().enumerate() {
        let got = verifier.subject(token);
        assert!(got.is_err(), "{at}: {got:?} of {}", &token[..token.len().min(200)]);
        assert!(!got.unwrap_err().contains("u|1"));
    }
}

#[test]
fn keys_are_reread_when_their_file_changes_and_kept_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Signer::ed25519(), Signer::es256());
    let verifier = verifier(&folder, &json!({ "keys": [old.jwk("old")] }));
    let of_old = old.token(&json!({ "alg": "EdDSA", "kid": "old" }), &claims());
    let of_new = new.token(&json!({ "alg": "ES256", "kid": "new" }), &claims());
    assert!(verifier.subject(&of_old).is_ok() && verifier.subject(&of_new).is_err());
    let path = folder.path().join("keys.json");
    std::fs::write(&path, "{ half of it").unwrap();
    assert!(verifier.subject(&of_old).is_ok());
    std::fs::write(&path, json!({ "keys": [new.jwk("new")] }).to_string()).unwrap();
    assert!(verifier.subject(&of_new).is_ok());
    assert!(verifier.subject(&of_old).is_err(), "a key that was taken back still counts");
}

#[test]
fn sets_of_keys_are_bounded_and_symmetric_keys_are_none() {
    let ed = Signer::ed25519().jwk("ed");
    let count = |keys: Value| parse(json!({ "keys": keys }).to_string().as_bytes()).map(|keys| keys.len());
    let mut encryption = ed.clone();
    encryption["use"] = json!("enc");
    let mut other = ed.clone();
    other["alg"] = json!("ES256");
    let secret = json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": "AAAA" });
    let unknown = json!({ "kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "AAAA" });
    assert_eq!(count(json!([ed, encryption, other, secret, unknown, 5, {}])).unwrap(), 1);
    assert!(count(json!([secret])).is_err() && count(json!([])).is_err());
    assert!(count(Value::from(vec![ed; 65])).is_err());
    assert!(
        parse(&vec![b' '; 1 << 20]).is_err() && parse(b"[]").is_err() && parse(b"{\"keys\": 1}").is_err()
    );
}

/// An issuer on loopback. Returns its address, and how often it was asked for keys.
fn issuer(keys: Arc<std::sync::Mutex<Value>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, own) = (Arc::new(AtomicUsize::new(0)), address.clone());
    let shared = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let body = if head.starts_with("GET /.well-known/openid-configuration ") {
                json!({ "issuer": own, "jwks_uri": format!("{own}/keys") }).to_string()
            } else {
                shared.fetch_add(1, Ordering::SeqCst);
                keys.lock().unwrap().to_string()
            };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (address, asked)
}

#[test]
fn an_issuer_is_asked_for_new_keys_and_not_more_often_than_it_may_be() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let set = Arc::new(std::sync::Mutex::new(json!({ "keys": [old.jwk("old")] })));
    let (address, asked) = issuer(Arc::clone(&set));
    let keys = Keys::open(&settings(&address, None)).unwrap();
    assert!(keys.find("old").is_some());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // whoever makes up ids does not make this server ask
    for id in 0..100 {
        assert!(keys.find(&id.to_string()).is_none());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    *set.lock().unwrap() = json!({ "keys": [new.jwk("new")] });
    assert!(keys.find("new").is_none(), "it was asked a moment ago");
    let keys = Keys::open_with(&settings(&address, None), std::time::Duration::ZERO).unwrap();
    *set.lock().unwrap() = json!({ "keys": [old.jwk("old"), new.jwk("newer")] });
    assert!(keys.find("newer").is_some());

    // an issuer that is not there, or speaks for another, has no keys, and the server goes on
    let gone = Keys::open(&settings("http://127.0.0.1:9", None)).unwrap();
    assert!(gone.find("old").is_none());
    let other = Keys::open(&settings(&format!("{address}/"), None)).unwrap();
    assert!(other.find("old").is_none());
    for wrong in ["http://issuer.example", "issuer.example", "ftp://127.0.0.1", ""] {
        assert!(Keys::open(&settings(wrong, None)).is_err(), "{wrong}");
    }
}
