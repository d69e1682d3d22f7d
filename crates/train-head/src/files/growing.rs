//! Files of ciphertexts that grow block by block, and that `encrypt --resume` goes on with after an interruption.
//!
//! ```text
//! TARGET.resumable.partial   what is encrypted so far, with the first bytes of the file to come
//! TARGET.resumable.marks     a mark for each whole block: how long the file is then, signed by whoever will sign the file
//! ```
//!
//! A file is kept from its first mark on. It is taken up only if it begins as the file would that is to be written (kind, parameter set,
//! key, job, origin with the digests of plan and samples, number of blocks), up to the last mark whose signature is of these bytes and of
//! the own identity. What comes behind is cut off and encrypted anew, under new randomness.

use std::io::{Read, Write};
use std::path::Path;

use fhe_head::ckks::serial::{AtomicFile, Reader, ResumableFile};
use fhe_head::files::Origin;
use fhe_head::growing::{self, BlockSource, BlockWriter};
use serde::Deserialize;

use super::marks::{Mark, Marks};
use super::signed::{self, Hashed};
use super::{expect_no_folder, shown};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, write_failure};
use crate::identity::Identity;
use crate::interrupt::{self, RESUME};

/// Whether an interrupted file is kept, and one that was kept is taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Nothing is kept: the command cannot be continued here.
    AtOnce,
    /// It is kept. One that was kept before is removed.
    Anew,
    /// It is kept, and one that was kept before is taken up.
    Resumed,
}

/// A file that was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grown {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// Number of ciphertexts.
    pub(crate) ciphertexts: usize,
    /// Blocks that an interrupted command had encrypted.
    pub(crate) resumed_after: usize,
}

/// Refuses to start anew where an interrupted command can be continued.
///
/// # Errors
/// It left whole blocks, and the flags ask neither to continue nor to overwrite.
pub(crate) fn expect_wanted(path: &Path, resume: bool, overwrite: bool) -> Result<()> {
    let partial = ResumableFile::place(path);
    if resume || overwrite || !partial.exists() || Marks::read(path)?.is_none() {
        return Ok(());
    }
    let message = format!("{} is what an interrupted encryption left", partial.display());
    Err(Failure::usage(message).help("--resume continues it; --overwrite starts anew and removes it"))
}

/// Encrypts blocks into a file and signs it.
///
/// # Errors
/// Those of the source; a failed write; ^C; an interrupted file that is not of this source and identity.
pub(crate) fn write(
    path: &Path,
    source: &dyn BlockSource,
    origin: &Origin,
    identity: &Identity,
    growth: Growth,
    console: &Console,
) -> Result<Grown> {
    let (name, blocks) = (shown(path), source.blocks().len());
    let phase = console.phase("encrypt", blocks * source.block_length());
    let observe = |done| {
        phase.set(done);
        interrupt::check()
    };
    let ciphertexts = blocks * source.block_length() + source.behind()?.len();
    let mut grown = Grown { bytes: 0, ciphertexts, resumed_after: 0 };
    if growth == Growth::AtOnce || AtomicFile::writes_through(path) {
        grown.bytes = signed::write(path, identity, |file, name| {
            BlockWriter::begin(file, name, source, origin)?.rest(observe).map(|_| ())
        })?;
        phase.done();
        return Ok(grown);
    }
    let taken = match growth {
        Growth::Resumed => take_up(path, source, origin, identity)?,
        _ => None,
    };
    let (mut writer, mut marks) = match taken {
        Some((file, marks, done)) => {
            console.note(format!("continuing after block {done} of {blocks}"));
            grown.resumed_after = done;
            phase.start_from(done * source.block_length());
            interrupt::advise(RESUME);
            (BlockWriter::resume(file, &name, source, done)?, marks)
        }
        None => {
            expect_no_folder(path)?;
            let file = ResumableFile::begin(path).map_err(write_failure)?;
            let marks = Marks::begin(path)?;
            (BlockWriter::begin(Hashed::new(file), &name, source, origin)?, marks)
        }
    };
    let mut kept = grown.resumed_after;
    let mut all = || -> Result<()> {
        while writer.block(observe)? {
            let done = blocks - writer.left();
            if writer.left() > 0 {
                let file = writer.stream();
                file.flush().map_err(|error| Failure::io("write", path, Kind::Unexpected, error))?;
                let (length, digest) = file.so_far();
                marks.add(Mark { blocks: done as u64, length }, &digest, identity)?;
                file.file().keep();
                kept = done;
                interrupt::advise(RESUME);
            }
        }
        Ok(())
    };
    let finished = all();
    let finished = finished.and_then(|()| signed::finish(writer.finish()?, path, identity));
    match finished {
        Ok(bytes) => {
            marks.remove();
            phase.done();
            Ok(Grown { bytes, ..grown })
        }
        Err(failure) if kept == 0 => {
            marks.remove();
            Err(failure)
        }
        Err(failure) if failure.kind() == Kind::Interrupted => Err(Failure::interrupted(format!(
            "interrupted after block {kept} of {blocks}; what is encrypted is kept"
        ))
        .help(RESUME)),
        // what else there is to do about it comes first
        Err(failure) if failure.advice().is_some() => Err(failure),
        Err(failure) => Err(failure.help(RESUME)),
    }
}

/// A file that is continued, with its marks and its number of blocks.
type TakenUp = (Hashed<ResumableFile>, Marks, usize);

/// Takes up an interrupted file; `None` if there is none with whole blocks.
fn take_up(
    path: &Path,
    source: &dyn BlockSource,
    origin: &Origin,
    identity: &Identity,
) -> Result<Option<TakenUp>> {
    let partial = ResumableFile::place(path);
    let Some(mut file) = ResumableFile::resume(path).map_err(write_failure)? else { return Ok(None) };
    let Some(found) = Marks::read(path)? else { return Ok(None) };
    let refuse = |what: &str| {
        Failure::file(format!("{}: {what}, so it cannot be continued", partial.display()))
            .help("repeat the arguments of the interrupted command, or start anew with --overwrite and without --resume")
    };
    if found.signer != identity.public() {
        return Err(refuse("another identity began it"));
    }
    let beginning = growing::beginning(source, origin, &shown(path))?;
    let mut hashed = Hashed::new(());
    let mut good = None;
    let mut buffer = vec![0; 1 << 20];
    {
        let Some(mut left) = file.left() else { return Ok(None) };
        let failed = |error| Failure::io("read", &partial, Kind::File, error);
        let mut start = Vec::new();
        (&mut left).take(beginning.len() as u64).read_to_end(&mut start).map_err(failed)?;
        if start != beginning {
            return Err(refuse(difference(&partial, source, origin)));
        }
        hashed.take_up(&start);
        'marks: for mark in &found.marks {
            let mut missing = mark.mark.length.saturating_sub(hashed.so_far().0);
            while missing > 0 {
                interrupt::check()?;
                let most = buffer.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
                let count = left.read(&mut buffer[..most]).map_err(failed)?;
                if count == 0 {
                    break 'marks;
                }
                hashed.take_up(&buffer[..count]);
                missing -= count as u64;
            }
            let (length, digest) = hashed.so_far();
            if length != mark.mark.length || !mark.is_of(&digest, &found.signer) {
                break;
            }
            good = Some((mark.mark, hashed.clone()));
        }
    }
    let Some((mark, hashed)) = good else {
        return Err(refuse("it is damaged before the end of its first block"));
    };
    let done = usize::try_from(mark.blocks).ok().filter(|&done| done < source.blocks().len());
    let Some(done) = done else { return Err(refuse("it has more blocks than there are")) };
    file.cut(mark.length).map_err(write_failure)?;
    let marks = found.up_to(mark)?;
    Ok(Some((hashed.with(file), marks, done)))
}

/// In what an interrupted file differs from the one that is to be written.
fn difference(partial: &Path, source: &dyn BlockSource, origin: &Origin) -> &'static str {
    #[derive(Deserialize)]
    struct Metadata {
        origin: Origin,
    }
    let Ok(reader) = Reader::open_any(partial) else { return "its beginning is damaged" };
    let metadata = serde_json::from_slice::<Metadata>(reader.metadata());
    if reader.header().kind != source.kind() {
        return "it is of another kind";
    }
    if reader.expect_parameters(source.parameters()).is_err() {
        return "it was begun with another parameter set";
    }
    if reader.expect_key(source.key_id()).is_err() {
        return "it was begun under another secret key";
    }
    match metadata {
        Err(_) => "its beginning is damaged",
        Ok(Metadata { origin: found }) if (found.run, found.plan) != (origin.run, origin.plan) => {
            "it was begun by another plan"
        }
        Ok(Metadata { origin: found }) if found != *origin => "it was begun with other samples",
        Ok(_) => "it is of another job",
    }
}
