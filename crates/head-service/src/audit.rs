//! The audit log: one line of JSON for each thing that was done, appended and synced. Each entry has the digest of the one before, so that
//! none can be changed, removed or put in between unseen; the database keeps the last one's, so that none can be cut off.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fhe_head::files::{Digest, Tag};

use crate::api::AuditEntry;
use crate::log;
use crate::problem::Answer;
use crate::store::Store;

/// The log.
#[derive(Debug)]
pub(crate) struct Audit(Mutex<End>);

#[derive(Debug)]
struct End {
    file: File,
    number: u64,
    digest: Digest,
}

/// Longest line that is read.
const LONGEST: u64 = 1 << 16;

impl Audit {
    /// Opens the log to append to it. A line that a loss of power cut short is removed.
    pub(crate) fn open(path: &Path, store: &Store) -> Result<Self, String> {
        let failed = |error: std::io::Error| error.to_string();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let checked = verify_lines(&file)?;
        expect_end(&checked, store)?;
        file.set_len(checked.bytes).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let (number, digest) = (checked.number, checked.digest);
        Ok(Self(Mutex::new(End { file, number, digest })))
    }

    /// Notes that something was done, before whoever did it is answered.
    pub(crate) fn note(&self, store: &Store, actor: &str, action: &str, object: &str) -> Answer<()> {
        let mut end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entry = AuditEntry {
            number: end.number + 1,
            time: log::now(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            object: object.to_owned(),
            previous: end.digest,
            digest: Tag([0; 32]),
        };
        entry.digest = digest(&entry);
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let before = end.file.stream_position()?;
        if let Err(error) = end.file.write_all(&line).and_then(|()| end.file.sync_data()) {
            // half a line must not stand before the next one
            end.file.set_len(before)?;
            end.file.seek(SeekFrom::Start(before))?;
            return Err(error.into());
        }
        (end.number, end.digest) = (entry.number, entry.digest);
        store.set_audit_end(entry.number, &entry.digest)
    }

    /// The last entries, the latest first.
    pub(crate) fn tail(path: &Path, count: usize) -> Answer<Vec<AuditEntry>> {
        const NEAR: u64 = 64 << 10;
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(NEAR)))?;
        let mut text = Vec::new();
        file.take(NEAR).read_to_end(&mut text)?;
        let lines = text.split(|byte| *byte == b'\n').rev();
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).take(count).collect())
    }

    /// Verifies a whole log. Returns its number of entries.
    pub(crate) fn verify(path: &Path, store: &Store) -> Result<u64, String> {
        let checked = verify_lines(&File::open(path).map_err(|error| error.to_string())?)?;
        expect_end(&checked, store)?;
        Ok(checked.number)
    }
}

/// What was verified.
struct Checked {
    number: u64,
    digest: Digest,
    /// Length of the whole lines.
    bytes: u64,
    /// Digest of the entry that the database names, if it is there.
    digests: Vec<Digest>,
}

fn verify_lines(file: &File) -> Result<Checked, String> {
    let mut lines = BufReader::new(file);
    let mut checked = Checked { number: 0, digest: Tag([0; 32]), bytes: 0, digests: Vec::new() };
    loop {
        let mut line = Vec::new();
        let read =
            (&mut lines).take(LONGEST).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        // the end, or half a line
        if read == 0 || (line.last() != Some(&b'\n') && (read as u64) < LONGEST) {
            return Ok(checked);
        }
        let number = checked.number + 1;
        let entry: AuditEntry =
            serde_json::from_slice(&line).map_err(|error| format!("line {number} is no entry: {error}"))?;
        if entry.number != number || entry.previous != checked.digest {
            return Err(format!(
                "line {number} does not follow the one before: an entry was removed, added or moved"
            ));
        }
        if entry.digest != digest(&entry) {
            return Err(format!("entry {number} was changed"));
        }
        checked.number = number;
        checked.digest = entry.digest;
        checked.bytes += read as u64;
        checked.digests.push(entry.digest);
    }
}

/// Refuses a log that does not reach as far as the database knows.
fn expect_end(checked: &Checked, store: &Store) -> Result<(), String> {
    let end = store.audit_end().map_err(|_| "the database cannot be read".to_owned())?;
    let Some((number, digest)) = end else { return Ok(()) };
    let there = usize::try_from(number).ok().and_then(|number| checked.digests.get(number.checked_sub(1)?));
    match there {
        Some(found) if *found == digest => Ok(()),
        Some(_) => {
            Err(format!("entry {number} is not the one that the database knows: the log was replaced"))
        }
        None => Err(format!(
            "the log ends after entry {}, the database knows {number}: its end was cut off",
            checked.number
        )),
    }
}

/// The digest of an entry but for its digest.
fn digest(entry: &AuditEntry) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 entry of an audit log");
    hasher.update(&entry.number.to_le_bytes());
    for text in [&entry.time, &entry.actor, &entry.action, &entry.object] {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    Tag(*hasher.update(&entry.previous.0).finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_changed_removed_or_cut_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (path, store) =
            (folder.path().join("audit.jsonl"), Store::open(&folder.path().join("db")).unwrap());
        let audit = Audit::open(&path, &store).unwrap();
        for action in ["one", "two", "three"] {
            audit.note(&store, "ann", action, "x").unwrap();
        }
        drop(audit);
        assert_eq!(Audit::verify(&path, &store), Ok(3));
        let good = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        for (bad, why) in [
            (good.replace("ann", "bob"), "was changed"),
            (format!("{}\n{}\n", lines[0], lines[2]), "does not follow"),
            (format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]), "does not follow"),
            (format!("{}\n{}\n", lines[0], lines[1]), "cut off"),
            (String::new(), "cut off"),
            (good.replace("{\"number\":2", "{\"number\":\"2\""), "no entry"),
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(Audit::verify(&path, &store).unwrap_err().contains(why), "{why}");
        }
        // a loss of power in the middle of a line
        std::fs::write(&path, format!("{good}{{\"number\":4,")).unwrap();
        let audit = Audit::open(&path, &store).unwrap();
        audit.note(&store, "ann", "four", "x").unwrap();
        assert_eq!(Audit::verify(&path, &store), Ok(4));
        assert_eq!(Audit::tail(&path, 2).unwrap()[0].action, "four");
    }
}
