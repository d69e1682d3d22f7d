//! Unpacking, from whomever: nothing appears before everything was checked.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use fhe_head::files::{DATA, HEAD, SAMPLES, SCORES, STATE};

use super::archive::{Archive, Problem};
use super::contents;
use super::manifest::{self, Entry, MAX_BYTES, Manifest, NAME};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::folder::OutputFolder;
use crate::files::{Access, evaluation_keys, signed, size, write_with};
use crate::identity::{Role, Trust};
use crate::interrupt;

/// What a file says that it holds, if it starts like a bundle. Nothing of it is checked.
pub(crate) fn list(path: &Path) -> Option<Manifest> {
    let file = File::open(path).ok()?;
    read_list(&mut Archive::new(BufReader::new(file))).ok()
}

fn read_list<R: Read>(archive: &mut Archive<R>) -> Result<Manifest, String> {
    const NONE: &str = "it does not start with the list of its contents";
    let bytes = archive.entry(NAME, None).map_err(|_| NONE)?;
    if bytes > MAX_BYTES {
        return Err(NONE.into());
    }
    let mut text = Vec::new();
    archive.contents().take(bytes).read_to_end(&mut text).map_err(|_| NONE)?;
    if text.len() as u64 != bytes {
        return Err("it ends within the list of its contents".into());
    }
    Manifest::parse(&text)
}

/// Checks the digests of everything in a bundle. Signatures are checked when it is unpacked.
///
/// # Errors
/// A file that is not a bundle, is damaged, or holds something else than its list says; ^C.
pub(crate) fn verify(bundle: &Path, console: &Console) -> Result<()> {
    let (mut archive, manifest) = open(bundle)?;
    let progress = console.bytes_phase("verify", manifest.bytes());
    for entry in &manifest.entries {
        begin(&mut archive, entry, bundle)?;
        let contents = archive.contents().take(entry.bytes);
        copy(contents, entry, |bytes| {
            progress.advance(bytes.len());
            Ok(())
        })
        .map_err(|broken| broken.of(bundle, entry))?;
    }
    end(archive, bundle)?;
    progress.done();
    Ok(())
}

type Opened = Archive<BufReader<File>>;

fn open(bundle: &Path) -> Result<(Opened, Manifest)> {
    let file = File::open(bundle).map_err(|error| unreadable(bundle, error))?;
    let mut archive = Archive::new(BufReader::new(file));
    let manifest = read_list(&mut archive).map_err(|what| manifest::refused(bundle, &what))?;
    match manifest.bytes() > size(bundle)? {
        true => Err(manifest::refused(bundle, "its list promises more than the file holds")),
        false => Ok((archive, manifest)),
    }
}

fn unreadable(bundle: &Path, error: std::io::Error) -> Failure {
    Failure::io("read", bundle, Kind::File, error)
}

fn begin(archive: &mut Opened, entry: &Entry, bundle: &Path) -> Result<()> {
    interrupt::check()?;
    let refuse = |what: String| manifest::refused(bundle, &what);
    archive.entry(&entry.path, Some(entry.bytes)).map(|_| ()).map_err(|problem| match problem {
        Problem::Short => refuse(format!("it ends before {:?}", entry.path)),
        Problem::Odd => refuse(format!("{:?} is not the plain file that its list says", entry.path)),
        Problem::Read(error) => unreadable(bundle, error),
    })
}

fn end(archive: Opened, bundle: &Path) -> Result<()> {
    archive.end().map_err(|problem| match problem {
        Problem::Short => manifest::refused(bundle, "its end is missing"),
        Problem::Odd => manifest::refused(bundle, "it holds more than its list says"),
        Problem::Read(error) => unreadable(bundle, error),
    })
}

/// Unpacks a bundle into a folder.
///
/// # Errors
/// A file that is not a bundle, is damaged, or holds something else than its list says, something that must not travel, or something that
/// is not signed by whom it must be; a failed write; ^C. Nothing is left then.
pub(crate) fn unpack(bundle: &Path, out: &Path, trust: &Trust, console: &Console) -> Result<Manifest> {
    let refuse = |what: &str| manifest::refused(bundle, what);
    let (mut archive, manifest) = open(bundle)?;
    let folder = OutputFolder::create(out)?;
    let progress = console.bytes_phase("unbundle", manifest.bytes());
    for entry in &manifest.entries {
        begin(&mut archive, entry, bundle)?;
        if entry.path.starts_with("eval/") {
            folder.subfolder("eval")?;
        }
        let path = folder.path(&entry.path);
        let contents = archive.contents().take(entry.bytes);
        extract(contents, entry, &path, |done| progress.advance(done))
            .map_err(|broken| broken.of(bundle, entry))?;
        expect_kind(&path, entry, &manifest, &refuse)?;
        expect_signed(&path, entry, trust)?;
    }
    end(archive, bundle)?;
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
enum Broken {
    Failure(Failure),
    Damaged,
    Read(std::io::Error),
}

impl Broken {
    fn of(self, bundle: &Path, entry: &Entry) -> Failure {
        match self {
            Self::Failure(failure) => failure,
            Self::Damaged => {
                manifest::refused(bundle, &format!("{:?} is damaged: its digest differs", entry.path))
            }
            Self::Read(error) => unreadable(bundle, error),
        }
    }
}

/// Writes the contents of an entry into a file, which appears only if they are those of the list.
fn extract(
    from: impl Read,
    entry: &Entry,
    to: &Path,
    advance: impl Fn(usize),
) -> std::result::Result<(), Broken> {
    let mut broken = None;
    let written = write_with(to, Access::Shared, |file| {
        copy(from, entry, |bytes| {
            file.write_all(bytes).map_err(|error| Failure::io("write", to, Kind::Unexpected, error))?;
            advance(bytes.len());
            Ok(())
        })
        .map_err(|problem| {
            broken = Some(problem);
            Failure::file("not the contents of the list")
        })
    });
    match (written, broken) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(problem)) => Err(problem),
        (Err(failure), None) => Err(Broken::Failure(failure)),
    }
}

/// Hands the contents of an entry on piece by piece, and compares their digest.
fn copy(
    mut from: impl Read,
    entry: &Entry,
    mut to: impl FnMut(&[u8]) -> Result<()>,
) -> std::result::Result<(), Broken> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        interrupt::check().map_err(Broken::Failure)?;
        match from.read(&mut buffer).map_err(Broken::Read)? {
            0 => break,
            count => {
                hasher.update(&buffer[..count]);
                to(&buffer[..count]).map_err(Broken::Failure)?;
            }
        }
    }
    if hasher.finalize().to_string() == entry.blake3 { Ok(()) } else { Err(Broken::Damaged) }
}

/// Refuses ciphertexts that are not signed by the party that makes such files. The list of keys is signed for all of them.
fn expect_signed(path: &Path, entry: &Entry, trust: &Trust) -> Result<()> {
    if entry.path.starts_with("eval/") {
        return Ok(());
    }
    let mut opened = signed::open(path)?;
    let kind = opened.reader().header().kind;
    let role = match kind {
        kind if kind == DATA || kind == SAMPLES => Role::Data,
        kind if kind == STATE || kind == HEAD || kind == SCORES => Role::Compute,
        _ => return Ok(()),
    };
    let signer = opened.signer()?;
    trust.expect(&entry.path, signer, opened.run().unwrap_or_default(), role)
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
