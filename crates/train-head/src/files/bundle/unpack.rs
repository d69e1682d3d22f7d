//! Unpacking, from whomever: nothing appears before everything was checked.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use fhe_head::files::{DATA, HEAD, SAMPLES, SCORES, STATE};

use super::contents;
use super::manifest::{self, Entry, MAX_BYTES, Manifest, NAME};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::folder::OutputFolder;
use crate::files::{Access, evaluation_keys, signed, size, write_with};
use crate::identity::{Role, Trust};
use crate::interrupt;

/// Unpacks a bundle into a folder.
///
/// # Errors
/// A file that is not a bundle, is damaged, or holds something else than its list says, something that must not travel, or something that
/// is not signed by whom it must be; a failed write; ^C. Nothing is left then.
pub(crate) fn unpack(bundle: &Path, out: &Path, trust: &Trust, console: &Console) -> Result<Manifest> {
    let refuse = |what: &str| manifest::refused(bundle, what);
    // what the archive's reader says may repeat what the file holds
    let damaged = |_: std::io::Error| refuse("it is no archive, or a damaged one");
    let file = File::open(bundle).map_err(|error| Failure::io("read", bundle, Kind::File, error))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut files = archive.entries().map_err(damaged)?;

    let first = files.next().ok_or_else(|| refuse("it is empty"))?.map_err(damaged)?;
    if first.path_bytes() != NAME.as_bytes() || first.size() > MAX_BYTES {
        return Err(refuse("it does not start with the list of its contents"));
    }
    let mut text = Vec::new();
    first.take(MAX_BYTES).read_to_end(&mut text).map_err(damaged)?;
    let manifest = Manifest::parse(&text).map_err(|what| refuse(&what))?;
    let room = size(bundle)?;
    if manifest.bytes() > room {
        return Err(refuse("its list promises more than the file holds"));
    }

    let folder = OutputFolder::create(out)?;
    let progress = console.bytes_phase("unbundle", manifest.bytes());
    for entry in &manifest.entries {
        interrupt::check()?;
        let found = match files.next() {
            Some(found) => found.map_err(damaged)?,
            None => return Err(refuse(&format!("it ends before {:?}", entry.path))),
        };
        if found.path_bytes() != entry.path.as_bytes() || found.size() != entry.bytes {
            return Err(refuse(&format!("{:?} is not what its list says", entry.path)));
        }
        if entry.path.starts_with("eval/") {
            folder.subfolder("eval")?;
        }
        let path = folder.path(&entry.path);
        extract(found, entry, &path, |done| progress.advance(done)).map_err(|what| match what {
            Problem::Failure(failure) => failure,
            Problem::Damaged => refuse(&format!("{:?} is damaged: its digest differs", entry.path)),
            Problem::Read(error) => damaged(error),
        })?;
        expect_kind(&path, entry, &manifest, &refuse)?;
        expect_signed(&path, entry, trust)?;
    }
    if files.next().is_some() {
        return Err(refuse("it holds more than its list says"));
    }
    if manifest.entries.iter().any(|entry| entry.path.starts_with("eval/")) {
        // the list of keys is the other party's word
        let keys = evaluation_keys::listed(&folder.path("eval"))?;
        keys.verify(trust)?;
        keys.verify_files()?;
    }
    progress.done();
    folder.commit()?;
    Ok(manifest)
}

/// Why an entry cannot be extracted.
enum Problem {
    Failure(Failure),
    Damaged,
    Read(std::io::Error),
}

fn extract(
    mut from: impl Read,
    entry: &Entry,
    to: &Path,
    advance: impl Fn(usize),
) -> std::result::Result<(), Problem> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut failed = None;
    let written = write_with(to, Access::Shared, |file| {
        loop {
            interrupt::check()?;
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    failed = Some(Problem::Read(error));
                    return Err(Failure::file("unreadable"));
                }
            };
            hasher.update(&buffer[..count]);
            file.write_all(&buffer[..count])
                .map_err(|error| Failure::io("write", to, Kind::Unexpected, error))?;
            advance(count);
        }
        if hasher.finalize().to_string() != entry.blake3 {
            failed = Some(Problem::Damaged);
            return Err(Failure::file("damaged"));
        }
        Ok(())
    });
    match (written, failed) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(problem)) => Err(problem),
        (Err(failure), None) => Err(Problem::Failure(failure)),
    }
}

/// Refuses ciphertexts that are not signed by the party that makes such files. The list of keys is signed for all of them.
fn expect_signed(path: &Path, entry: &Entry, trust: &Trust) -> Result<()> {
    if entry.path.starts_with("eval/") {
        return Ok(());
    }
    let opened = signed::open(path)?;
    let kind = opened.reader().header().kind;
    let role = match kind {
        kind if kind == DATA || kind == SAMPLES => Role::Data,
        kind if kind == STATE || kind == HEAD || kind == SCORES => Role::Compute,
        _ => return Ok(()),
    };
    opened.verified(trust, role).map(|_| ())
}

/// Refuses a file that must not travel, or is not what the list says.
fn expect_kind(
    path: &Path,
    entry: &Entry,
    manifest: &Manifest,
    refuse: &dyn Fn(&str) -> Failure,
) -> Result<()> {
    if entry.path == format!("eval/{}", evaluation_keys::LIST) {
        return Ok(());
    }
    let found = contents::of(path)?;
    if found.kind != entry.kind || found.preset != manifest.preset || found.key_id != manifest.key_id {
        return Err(refuse(&format!("{:?} is of another kind, parameter set or key", entry.path)));
    }
    Ok(())
}
