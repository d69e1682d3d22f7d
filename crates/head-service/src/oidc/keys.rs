//! The keys of an issuer. They are reread as they change: a file when it does, the issuer's from time to time and when a token names one that is
//! not known, at most once a minute whatever tokens come.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::fetch;
use crate::log;
use crate::options::Oidc;

/// Most keys of an issuer.
const MOST_KEYS: usize = 64;
/// How long keys are taken as they are.
const FRESH: Duration = Duration::from_secs(3600);
/// How long keys count of an issuer that cannot be reached.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Between two requests to the issuer.
const PAUSE: Duration = Duration::from_secs(60);

/// A key, and the one algorithm that it is for.
#[derive(Debug)]
pub(super) struct Key {
    id: String,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Where keys come from.
#[derive(Debug)]
enum Source {
    File(PathBuf),
    Issuer(String),
}

/// The keys as they were read last.
#[derive(Debug, Default)]
struct Known {
    keys: Vec<Arc<Key>>,
    /// When they were read.
    read: Option<Instant>,
    /// When the issuer was last asked.
    asked: Option<Instant>,
    /// Time and length of the file at the last look.
    stamp: Option<(SystemTime, u64)>,
}

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Keys {
    source: Source,
    /// Between two requests to the issuer.
    pause: Duration,
    known: Mutex<Known>,
    /// Held by the one that asks the issuer: others go on with what is known.
    asking: Mutex<()>,
}

impl Keys {
    /// Reads the keys for the first time.
    ///
    /// # Errors
    /// A file that cannot be used; an issuer that is no address. An issuer that cannot be reached is asked again later.
    pub(super) fn open(settings: &Oidc) -> Result<Self, String> {
        Self::open_with(settings, PAUSE)
    }

    /// As [`Self::open`], with so long between two requests.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn open_with(settings: &Oidc, pause: Duration) -> Result<Self, String> {
        let source = match &settings.keys {
            Some(path) => Source::File(path.clone()),
            None => Source::Issuer(settings.issuer.clone()),
        };
        let keys = Self { source, pause, known: Mutex::default(), asking: Mutex::default() };
        match &keys.source {
            Source::File(path) => {
                let stamp = stamp(path);
                let read = read_file(path)?;
                *keys.known() = Known { keys: read, read: Some(Instant::now()), asked: None, stamp };
            }
            Source::Issuer(issuer) => {
                crate::web::expect_safe(issuer)?;
                keys.ask(issuer);
            }
        }
        Ok(keys)
    }

    /// The key of this id.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Key>> {
        match &self.source {
            Source::File(path) => {
                self.reread(path);
                self.known().find(id)
            }
            Source::Issuer(issuer) => {
                let (found, old) = {
                    let known = self.known();
                    (known.find(id), known.read.is_none_or(|read| read.elapsed() > FRESH))
                };
                if found.is_some() && !old {
                    return found;
                }
                self.ask(issuer);
                self.known().find(id)
            }
        }
    }

    /// Rereads a file that has changed. One that cannot be used, perhaps because it is being written, changes nothing.
    fn reread(&self, path: &Path) {
        let stamp = stamp(path);
        if self.known().stamp == stamp {
            return;
        }
        let read = read_file(path);
        let mut known = self.known();
        known.stamp = stamp;
        match read {
            Ok(keys) => known.keys = keys,
            Err(why) => log::failure("the issuer's keys were not reread", &why),
        }
    }

    /// Asks the issuer, unless it was asked a moment ago or is being asked.
    fn ask(&self, issuer: &str) {
        let _asking = match self.asking.try_lock() {
            Ok(asking) => asking,
            Err(TryLockError::Poisoned(asking)) => asking.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if self.known().asked.is_some_and(|asked| asked.elapsed() < self.pause) {
            return;
        }
        let read = fetch::keys_of(issuer).and_then(|bytes| parse(&bytes));
        let mut known = self.known();
        known.asked = Some(Instant::now());
        match read {
            Ok(keys) => (known.keys, known.read) = (keys, Some(Instant::now())),
            Err(why) => {
                log::failure("the issuer's keys could not be fetched", &why);
                // it may have taken some back meanwhile
                if known.read.is_some_and(|read| read.elapsed() > STALE) {
                    known.keys.clear();
                }
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.iter().find(|key| key.id == id).cloned()
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let found = path.metadata().ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn read_file(path: &Path) -> Result<Vec<Arc<Key>>, String> {
    let words = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| words(&error))?;
    file.take(fetch::MOST + 1).read_to_end(&mut bytes).map_err(|error| words(&error))?;
    parse(&bytes).map_err(|why| words(&why))
}

/// The keys of a set (RFC 7517) that can verify tokens. Others are none of ours: an issuer may have keys for encryption, or of kinds to come.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Arc<Key>>, String> {
    if bytes.len() as u64 > fetch::MOST {
        return Err(format!("keys take more than {} bytes", fetch::MOST));
    }
    let set: Value = serde_json::from_slice(bytes).map_err(|error| format!("no set of keys: {error}"))?;
    let all = set.get("keys").and_then(Value::as_array).ok_or("no set of keys: it has no list `keys`")?;
    if all.len() > MOST_KEYS {
        return Err(format!("{} keys are more than {MOST_KEYS}", all.len()));
    }
    let keys: Vec<Arc<Key>> = all.iter().filter_map(usable).map(Arc::new).collect();
    match keys.is_empty() {
        true => Err("no key that verifies RS256, ES256 or EdDSA and has an id".to_owned()),
        false => Ok(keys),
    }
}

/// A key of one of our algorithms.
fn usable(value: &Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        // a symmetric key would make everybody who verifies one who signs
        _ => return None,
    };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|found| *found == PublicKeyUse::Signature);
    let named = jwk.common.key_algorithm.is_none_or(|found| found == name);
    let id = jwk.common.key_id.clone().filter(|id| !id.is_empty())?;
    (signs && named).then_some(())?;
    Some(Key { id, algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
}
