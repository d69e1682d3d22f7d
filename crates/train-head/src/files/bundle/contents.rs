//! What may travel: files whose header says that they hold nothing secret.

use std::path::Path;

use fhe_head::ckks::serial::{FileKind, Reader};

use crate::exit::{Failure, Result, read_failure};
use crate::files::private;

/// What a file holds, of which parameter set and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) kind: String,
    pub(super) preset: String,
    pub(super) key_id: String,
}

/// Reads what a file holds, and refuses one that must not travel.
///
/// # Errors
/// A secret key; anything that is not a key or ciphertexts of this program, such as a plan or a decrypted head.
pub(super) fn of(path: &Path) -> Result<Contents> {
    let refuse = |what: &str| {
        Err(Failure::file(format!("{} {what}", path.display()))
            .help("a bundle holds evaluation keys, encrypted data, samples, heads and scores"))
    };
    if path.is_file() && private::is_passphrase_encrypted(path)? {
        return refuse("is a secret key, which never leaves the data party");
    }
    let unencrypted = ["json", "safetensors", "csv", "jsonl", "npy"];
    if path.extension().is_some_and(|extension| unencrypted.iter().any(|name| extension == *name)) {
        return refuse(
            "is not encrypted: plans, embeddings, tables and decrypted heads stay with the data party",
        );
    }
    let reader = Reader::open_any(path).map_err(read_failure)?;
    let header = reader.header();
    if header.kind == FileKind::SECRET_KEY {
        return refuse("is a secret key, which never leaves the data party");
    }
    Ok(Contents {
        kind: header.kind.to_string(),
        preset: header.parameter_name.clone(),
        key_id: header.key_id.to_string(),
    })
}
