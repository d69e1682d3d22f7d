//! Where the cache lies and how the hub is reached: the variables that Python's huggingface_hub reads.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

/// How models of the hub are found.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// The cache folder.
    pub cache: PathBuf,
    /// If set, no connection is opened.
    pub offline: bool,
    /// Address of the hub, without a slash at the end.
    pub endpoint: String,
    /// Access token for private and gated models.
    pub token: Option<Token>,
    /// Called during downloads.
    pub observer: Option<DownloadObserver>,
}

/// A function called with the name of the file being downloaded, the bytes received so far, and its size if known.
#[derive(Clone)]
pub struct DownloadObserver(Arc<Observe>);

type Observe = dyn Fn(&str, u64, Option<u64>) + Send + Sync;

impl DownloadObserver {
    /// Wraps the function to call.
    pub fn new(observe: impl Fn(&str, u64, Option<u64>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    /// Reports that `done` bytes of `file` have arrived, out of `size` if known.
    pub fn observe(&self, file: &str, done: u64, size: Option<u64>) {
        (self.0)(file, done, size);
    }
}

impl std::fmt::Debug for DownloadObserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DownloadObserver(..)")
    }
}

/// An access token. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(super) String);

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
