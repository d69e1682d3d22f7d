//! Uploads: a folder of evaluation keys, or a file of ciphertexts, in chunks over several connections. What the server has is not sent again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fhe_head::files::{DATA, SAMPLES};
use head_service::api::{CHUNK_BYTES, NewFile, NewUpload, Upload, UploadKind, UploadState};
use head_service::chunk_digest;
use rayon::prelude::*;

use super::client::Client;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::{evaluation_keys, signed, size};
use crate::interrupt;
use crate::progress::Progress;

/// Connections at a time.
const CONNECTIONS: usize = 4;
/// How often chunks that went lost on the server are sent again.
const ROUNDS: usize = 3;

/// A file to send.
struct Source {
    name: String,
    path: PathBuf,
    bytes: u64,
}

/// Sends what a path names. Returns the upload, which a job may use.
///
/// # Errors
/// It is nothing that travels; the server refuses it, or cannot be reached; ^C.
pub(crate) fn push(client: &Client, path: &Path, console: &Console) -> Result<Upload> {
    let (kind, sources) = sources(path)?;
    send_all(client, kind, &sources, console)
}

/// Sends messages of a session: their names there, and their files.
///
/// # Errors
/// As [`push`].
pub(crate) fn push_messages(
    client: &Client,
    messages: &[(String, PathBuf)],
    console: &Console,
) -> Result<Upload> {
    let source = |(name, path): &(String, PathBuf)| {
        Ok(Source { name: name.clone(), path: path.clone(), bytes: size(path)? })
    };
    let sources = messages.iter().map(source).collect::<Result<Vec<_>>>()?;
    send_all(client, UploadKind::Messages, &sources, console)
}

fn send_all(client: &Client, kind: UploadKind, sources: &[Source], console: &Console) -> Result<Upload> {
    let files = sources.iter().map(announced).collect::<Result<Vec<_>>>()?;
    let new = NewUpload { kind, files };
    for _ in 0..ROUNDS {
        let upload: Upload = client.post("uploads", &new)?;
        send(client, &upload, sources, console)?;
        let finished: Upload = client.post(&format!("uploads/{}/finish", upload.id), &())?;
        if finished.state == UploadState::Ready {
            return Ok(finished);
        }
    }
    Err(Failure::unexpected(format!("{} keeps losing what is sent", client.url())).help("ask its operator"))
}

/// What a path names, and its files.
fn sources(path: &Path) -> Result<(UploadKind, Vec<Source>)> {
    if path.is_dir() {
        let listed = evaluation_keys::listed(path)?;
        let list = path.join(evaluation_keys::LIST);
        let files = listed.files.iter().chain([&list]).map(|path| source(path));
        return Ok((UploadKind::Keys, files.collect::<Result<_>>()?));
    }
    let kind = signed::open(path)?.reader().header().kind;
    let kind = match kind {
        DATA => UploadKind::Data,
        SAMPLES => UploadKind::Samples,
        other => {
            return Err(Failure::file(format!("{} holds `{other}`, which no job reads", path.display()))
                .help("push the folder `eval` of keygen, and what encrypt wrote"));
        }
    };
    Ok((kind, vec![source(path)?]))
}

fn source(path: &Path) -> Result<Source> {
    let name = path.file_name().and_then(|name| name.to_str());
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    // what a file is called here is nobody's business: it may name the study
    let name = match name.filter(plain) {
        Some(name) if name.ends_with(".key") || name == evaluation_keys::LIST => name.to_owned(),
        _ => "samples.enc".to_owned(),
    };
    Ok(Source { name, path: path.to_owned(), bytes: size(path)? })
}

fn chunk(file: &File, source: &Source, number: u64) -> Result<Vec<u8>> {
    let from = number * CHUNK_BYTES;
    let mut bytes = vec![0; CHUNK_BYTES.min(source.bytes.saturating_sub(from)) as usize];
    file.read_exact_at(&mut bytes, from)
        .map_err(|error| Failure::io("read", &source.path, Kind::File, error))?;
    Ok(bytes)
}

fn open(source: &Source) -> Result<File> {
    File::open(&source.path).map_err(|error| Failure::io("read", &source.path, Kind::File, error))
}

/// A file with the digests of its chunks.
fn announced(source: &Source) -> Result<NewFile> {
    let file = open(source)?;
    let digests = (0..source.bytes.div_ceil(CHUNK_BYTES)).into_par_iter().map(|number| {
        interrupt::check()?;
        Ok(chunk_digest(&chunk(&file, source, number)?))
    });
    let chunks = digests.collect::<Result<_>>()?;
    Ok(NewFile { name: source.name.clone(), bytes: source.bytes, chunks })
}

/// Sends the chunks that an upload lacks.
fn send(client: &Client, upload: &Upload, sources: &[Source], console: &Console) -> Result<()> {
    let mut wanted: Vec<(&Source, u64)> = Vec::new();
    for missing in &upload.missing {
        let Some(source) = sources.iter().find(|source| source.name == missing.file) else { continue };
        wanted.extend(missing.chunks.iter().map(|number| (source, *number)));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    // the first chunk tells whether the server takes the file at all
    wanted.sort_by_key(|(_, number)| std::cmp::Reverse(*number > 0));
    wanted.reverse();
    let lengths = wanted
        .iter()
        .map(|(source, number)| CHUNK_BYTES.min(source.bytes.saturating_sub(number * CHUNK_BYTES)));
    let progress = console.bytes_phase("upload", lengths.sum());
    let (queue, failed) = (Mutex::new(wanted.into_iter()), AtomicBool::new(false));
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || {
        while let Some((source, number)) = next() {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            send_one(client, upload, (source, number), &progress)
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    };
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<()>>| {
            thread.join().unwrap_or_else(|_| Err(Failure::unexpected("an upload broke off")))
        };
        threads.into_iter().map(join).collect()
    });
    results.into_iter().collect::<Result<()>>()?;
    progress.done();
    Ok(())
}

fn send_one(
    client: &Client,
    upload: &Upload,
    (source, number): (&Source, u64),
    progress: &Progress,
) -> Result<()> {
    let bytes = chunk(&open(source)?, source, number)?;
    client.put(&format!("uploads/{}/files/{}/chunks/{number}", upload.id, source.name), &bytes)?;
    progress.advance(bytes.len());
    Ok(())
}
