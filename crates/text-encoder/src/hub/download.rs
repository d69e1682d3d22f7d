//! Download of a model's files into the cache. A file appears whole or not at all.

use super::client::{Client, File};
use super::repository::Repository;
use super::settings::HubSettings;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::pipeline::Modules;
use crate::weights::{FILE_NAMES, INDEX, Sha256Hex, shards};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

/// Files other than weights that are fetched from a model's folder and from its modules' folders.
const SMALL_FILES: [&str; 14] = [
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
];
const MODULES: &str = "modules.json";

/// The hub's description of a revision.
#[derive(Deserialize)]
struct Revision {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// One download of one model.
struct Download<'a> {
    client: Client<'a>,
    settings: &'a HubSettings,
    repository: &'a Repository,
    id: &'a str,
    commit: String,
    /// All files of the revision.
    files: BTreeSet<String>,
}

/// Fetches the files of a model that the cache lacks. Returns the model's folder and commit.
pub(super) fn download(
    repository: &Repository,
    id: &str,
    revision: &str,
    settings: &HubSettings,
) -> Result<(Folder, String)> {
    let client = Client::new(settings);
    let path = format!("/api/models/{id}/revision/{}", revision.replace('/', "%2F"));
    let answer = client.text(&path)?;
    let error = |reason: String| Error::Download { url: format!("{}{path}", settings.endpoint), reason };
    let Revision { sha, siblings } = serde_json::from_str(&answer)
        .map_err(|found| error(format!("not the description of a model: {found}")))?;
    if sha.len() != 40 || !sha.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(error(format!("'{sha}' is not a commit")));
    }
    let files = siblings.into_iter().map(|sibling| sibling.rfilename).collect();
    let download = Download { client, settings, repository, id, commit: sha, files };
    download.run()?;
    let Download { commit, .. } = download;
    if commit != revision {
        write_whole(&repository.path.join("refs").join(revision), commit.as_bytes())?;
    }
    Ok((Folder::new(repository.snapshot_path(&commit)), commit))
}

impl Download<'_> {
    fn run(&self) -> Result<()> {
        let root = Folder::new(self.repository.snapshot_path(&self.commit));
        if self.files.contains(MODULES) {
            self.fetch(MODULES)?;
        } else {
            write_whole(&self.repository.absence(&self.commit, MODULES), b"")?;
        }
        self.fetch_folder("", &root)?;
        for path in Modules::paths(&root)?.iter().filter(|path| !path.is_empty()) {
            if let Some(folder) = root.inside(path) {
                self.fetch_folder(&format!("{path}/"), &folder)?;
            }
        }
        Ok(())
    }

    /// Fetches weights and [`SMALL_FILES`] of the folder `prefix`, which is empty or ends in a slash.
    fn fetch_folder(&self, prefix: &str, folder: &Folder) -> Result<()> {
        let there = |name: &&str| self.files.contains(&format!("{prefix}{name}"));
        for name in SMALL_FILES.iter().copied().filter(there) {
            self.fetch(&format!("{prefix}{name}"))?;
        }
        if let Some(weights) = FILE_NAMES.into_iter().find(there) {
            self.fetch(&format!("{prefix}{weights}"))?;
            if weights.ends_with(INDEX) {
                for shard in shards(folder, weights)? {
                    self.fetch(&format!("{prefix}{shard}"))?;
                }
            }
        }
        Ok(())
    }

    /// Fetches one file unless it exists.
    fn fetch(&self, name: &str) -> Result<()> {
        let target = self.repository.snapshot_path(&self.commit).join(name);
        if target.is_file() {
            return Ok(());
        }
        let path = format!("/{}/resolve/{}/{name}", self.id, self.commit);
        let file = self.client.file(&path)?;
        let blob = self.repository.path.join("blobs").join(&file.etag);
        if !blob.is_file() {
            self.receive(file, name, &blob)?;
        }
        link(&blob, &target, name)
    }

    /// Writes the content under a temporary name, checks it, and renames it.
    fn receive(&self, mut file: File, name: &str, blob: &Path) -> Result<()> {
        let failed = |reason: String| Error::Download {
            url: format!("{}/{}/resolve/{}/{name}", self.settings.endpoint, self.id, self.commit),
            reason,
        };
        let temporary = blob.with_extension(format!("{}.incomplete", std::process::id()));
        create_parent(&temporary)?;
        let guard = RemoveOnDrop(&temporary);
        let written = |source| Error::Io { operation: "write", path: temporary.clone(), source };
        let mut out = fs::File::create(&temporary).map_err(written)?;
        let mut digest = Sha256Hex::default();
        let mut buffer = vec![0; 1 << 18];
        let (mut done, mut reader) = (0, file.body.as_reader());
        loop {
            let n = reader.read(&mut buffer).map_err(|error| failed(error.to_string()))?;
            if n == 0 {
                break;
            }
            out.write_all(&buffer[..n]).map_err(written)?;
            digest.update(&buffer[..n]);
            done += n as u64;
            if let Some(observer) = &self.settings.observer {
                observer.observe(name, done, file.size);
            }
        }
        out.sync_all().map_err(written)?;
        if let Some(size) = file.size.filter(|&size| size != done) {
            return Err(failed(format!("{done} bytes arrived instead of {size}")));
        }
        let digest = digest.finish();
        if file.etag.len() == 64 && digest != file.etag {
            return Err(failed(format!("SHA-256 is {digest} instead of {}", file.etag)));
        }
        fs::rename(&temporary, blob).map_err(written)?;
        std::mem::forget(guard);
        Ok(())
    }
}

struct RemoveOnDrop<'a>(&'a Path);

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        // The error that ends the download is the one to report.
        let _ = fs::remove_file(self.0);
    }
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|source| Error::Io {
        operation: "create",
        path: parent.into(),
        source,
    })
}

fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    create_parent(path)?;
    let temporary = path.with_extension(format!("{}.incomplete", std::process::id()));
    fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, path)).map_err(|source| Error::Io {
        operation: "write",
        path: path.into(),
        source,
    })
}

/// Puts a blob into the snapshot: by a relative link like Python's client, by copy where there are no links.
fn link(blob: &Path, target: &Path, name: &str) -> Result<()> {
    create_parent(target)?;
    #[cfg(unix)]
    let result = {
        let up = "../".repeat(2 + name.matches('/').count());
        let content = Path::new(&up).join("blobs").join(blob.file_name().unwrap_or_default());
        std::os::unix::fs::symlink(content, target)
    };
    #[cfg(not(unix))]
    let result = {
        let _ = name;
        fs::copy(blob, target).map(|_| ())
    };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Io { operation: "create", path: target.into(), source: error })
        }
        _ => Ok(()),
    }
}
