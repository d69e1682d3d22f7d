//! Models of the Hugging Face hub: the local cache and, with the feature `hub`, downloads into it.
//!
//! The cache has the layout of Python's huggingface_hub, so that both share their downloads:
//! `models--org--name/{refs/<revision>, snapshots/<commit>/<file>, blobs/<etag>, .no_exist/<commit>/<file>}`.

#[cfg(feature = "hub")]
mod client;
#[cfg(feature = "hub")]
mod download;
mod repository;
mod settings;

pub use settings::{DownloadObserver, HubSettings, Token};

use crate::error::{Error, Result};
use crate::folder::Folder;
use repository::Repository;

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
