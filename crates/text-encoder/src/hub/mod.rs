//! The hub's local cache, in the layout that Python's huggingface_hub uses, so that both share their downloads:
//! `models--org--name/{refs/<revision>, snapshots/<commit>/<file>, blobs/<etag>, .no_exist/<commit>/<file>}`.

#[cfg(feature = "hub")]
mod client;
#[cfg(feature = "hub")]
mod download;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::pipeline::Modules;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where models of the hub come from.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// The cache folder.
    pub cache: PathBuf,
    /// Never opens a connection.
    pub offline: bool,
    /// Address of the hub, without a slash at the end.
    pub endpoint: String,
    /// Access token for private and gated models.
    pub token: Option<Token>,
    /// Told about downloads.
    pub observer: Option<DownloadObserver>,
}

/// Is called with the name of the file being downloaded, the bytes that have arrived, and its size if known.
#[derive(Clone)]
pub struct DownloadObserver(Arc<Observe>);

type Observe = dyn Fn(&str, u64, Option<u64>) + Send + Sync;

impl DownloadObserver {
    /// Wraps the function to call.
    pub fn new(observe: impl Fn(&str, u64, Option<u64>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    /// Tells that `done` bytes of `file` have arrived, out of `size` if that is known.
    pub fn observe(&self, file: &str, done: u64, size: Option<u64>) {
        (self.0)(file, done, size);
    }
}

impl std::fmt::Debug for DownloadObserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DownloadObserver(..)")
    }
}

/// An access token; it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Wraps a token, `hf_...`.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Default for HubSettings {
    /// The settings of the environment, see [`HubSettings::from_env`].
    fn default() -> Self {
        Self::from_env()
    }
}

impl HubSettings {
    /// Reads `HF_HUB_CACHE`, `HF_HOME` (default `$XDG_CACHE_HOME/huggingface`, `~/.cache/huggingface`), `HF_HUB_OFFLINE`,
    /// `HF_ENDPOINT`, and the token in `HF_TOKEN` or `$HF_HOME/token`.
    pub fn from_env() -> Self {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    }

    fn from_variables(path: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let text = |name| path(name).map(|value| value.to_string_lossy().into_owned());
        let user = || path("HOME").or_else(|| path("USERPROFILE")).unwrap_or_default();
        let caches = || path("XDG_CACHE_HOME").unwrap_or_else(|| user().join(".cache"));
        let home = path("HF_HOME").unwrap_or_else(|| caches().join("huggingface"));
        let is_on = |value: String| matches!(value.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        let stored = || std::fs::read_to_string(home.join("token")).ok();
        let token = text("HF_TOKEN").or_else(stored).map(|token| token.trim().to_owned());
        Self {
            cache: path("HF_HUB_CACHE").unwrap_or_else(|| home.join("hub")),
            offline: text("HF_HUB_OFFLINE").is_some_and(is_on),
            endpoint: text("HF_ENDPOINT")
                .map_or("https://huggingface.co".into(), |url| url.trim_end_matches('/').into()),
            token: token.filter(|token| !token.is_empty()).map(Token),
            observer: None,
        }
    }
}

/// Finds a model in the cache, or downloads it. A complete cached model is used as it is, without asking the hub for a
/// newer one. Returns the folder and the commit.
pub(crate) fn locate(id: &str, revision: &str, settings: &HubSettings) -> Result<(Folder, String)> {
    let repository = Repository::new(settings, id);
    let cached = match repository.snapshot(revision) {
        Some((folder, commit)) => match repository.incomplete(&folder, &commit)? {
            None => return Ok((folder, commit)),
            Some(file) => format!("its copy in the hub's cache lacks {}", file.display()),
        },
        None => format!("it is neither a folder nor in the hub's cache {}", settings.cache.display()),
    };
    #[cfg(feature = "hub")]
    if !settings.offline {
        return download::download(&repository, id, revision, settings);
    }
    let remedy = match (cfg!(feature = "hub"), settings.offline) {
        (true, _) => "offline mode is on",
        (false, _) => "this build does not download (feature `hub`)",
    };
    Err(Error::NoModel { name: id.into(), reason: format!("{cached}; {remedy}") })
}

/// A model's part of the cache.
struct Repository {
    path: PathBuf,
}

impl Repository {
    fn new(settings: &HubSettings, id: &str) -> Self {
        Self { path: settings.cache.join(format!("models--{}", id.replace('/', "--"))) }
    }

    fn snapshot_path(&self, commit: &str) -> PathBuf {
        self.path.join("snapshots").join(commit)
    }

    /// Where it is noted that a commit has no such file.
    fn absence(&self, commit: &str, file: &str) -> PathBuf {
        self.path.join(".no_exist").join(commit).join(file)
    }

    /// The folder and commit of a revision, if some of its files are there.
    fn snapshot(&self, revision: &str) -> Option<(Folder, String)> {
        let reference = std::fs::read_to_string(self.path.join("refs").join(Path::new(revision)));
        let commit = reference.map_or_else(|_| revision.to_owned(), |commit| commit.trim().to_owned());
        let path = self.snapshot_path(&commit);
        path.is_dir().then(|| (Folder::new(path), commit))
    }

    /// A file that a snapshot needs and lacks. Programs fetch files one by one, so a snapshot without `modules.json` is a
    /// bare transformer only if the hub was found not to have that file.
    fn incomplete(&self, folder: &Folder, commit: &str) -> Result<Option<PathBuf>> {
        let modules = "modules.json";
        if !folder.has(modules) && !self.absence(commit, modules).exists() {
            return Ok(Some(folder.file(modules)));
        }
        Modules::read(folder)?.first_missing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> HubSettings {
        HubSettings::from_variables(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn environment() {
        let plain = settings(&[("HOME", "/u")]);
        assert_eq!(plain.cache, Path::new("/u/.cache/huggingface/hub"));
        assert!(!plain.offline);
        assert_eq!((plain.endpoint.as_str(), plain.token), ("https://huggingface.co", None));
        assert_eq!(settings(&[("XDG_CACHE_HOME", "/x")]).cache, Path::new("/x/huggingface/hub"));
        assert_eq!(settings(&[("HF_HOME", "/h"), ("HOME", "/u")]).cache, Path::new("/h/hub"));
        assert_eq!(settings(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]).cache, Path::new("/c"));
        for on in ["1", "true", "YES", "on"] {
            assert!(settings(&[("HF_HUB_OFFLINE", on)]).offline);
        }
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")]).offline);
        let mirror = settings(&[("HF_ENDPOINT", "http://mirror/"), ("HF_TOKEN", " hf_secret\n")]);
        assert_eq!(mirror.endpoint, "http://mirror");
        assert_eq!(mirror.token, Some(Token("hf_secret".into())));
        assert!(!format!("{mirror:?}").contains("secret"));
    }
}
