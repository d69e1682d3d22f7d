//! What is refused before it is stored, and what is checked before a job may use it. The process of the job checks everything again, and
//! signatures and checksums of every key and ciphertext.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use fhe_head::ckks::serial::{FileError, FileKind, Header, Reader};
use fhe_head::files::{DATA, SAMPLES, read_job};
use fhe_head::{Job, Scheme};

use crate::api::{CHUNK_BYTES, NewUpload, UploadKind};
use crate::problem::{Answer, Problem};

/// Name of the list in a folder of evaluation keys.
const LIST: &str = "keys.json";
/// Longest such list.
const LIST_BYTES: u64 = CHUNK_BYTES;
/// Most files of an upload.
const MOST_FILES: usize = 4096;
/// First bytes of a file that age encrypted with a passphrase: of what travels, none is.
const AGE: &[u8] = b"age-encryption.org/";

/// Refuses an announcement that no upload can be.
pub(crate) fn expect_announcement(new: &NewUpload) -> Answer<()> {
    let refuse = |what: &str| Err(Problem::malformed(what.to_owned()));
    if new.files.is_empty() || new.files.len() > MOST_FILES {
        return refuse("an upload has 1 to 4096 files");
    }
    let mut names = std::collections::HashSet::new();
    for file in &new.files {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !file.name.chars().all(plain)
            || file.name.starts_with('.')
            || file.name.len() > 128
            || file.name.is_empty()
        {
            return refuse(
                "a file's name has 1 to 128 letters, digits, '.', '-' and '_', and does not begin with '.'",
            );
        }
        if !names.insert(&file.name) {
            return refuse("two files have one name");
        }
        if file.bytes == 0
            || file.bytes > 1 << 44
            || file.bytes.div_ceil(CHUNK_BYTES) != file.chunks.len() as u64
        {
            return Err(Problem::malformed(format!(
                "{}: a chunk for each 8 MiB is expected, and at least one byte",
                file.name
            )));
        }
    }
    match new.kind {
        UploadKind::Keys => {
            let list = new.files.iter().find(|file| file.name == LIST);
            if list.is_none_or(|list| list.bytes > LIST_BYTES) {
                return refuse("a folder of evaluation keys has a list, keys.json");
            }
            match new.files.iter().all(|file| file.name == LIST || file.name.ends_with(".key")) {
                true => Ok(()),
                false => {
                    refuse("a folder of evaluation keys has files that end in .key, and a list, keys.json")
                }
            }
        }
        UploadKind::Messages => match new.files.iter().all(|file| is_message(&file.name)) {
            true => Ok(()),
            false => refuse("a message is named as its place in the session's folder, with `_` for `/`"),
        },
        UploadKind::Data | UploadKind::Samples => match new.files.len() {
            1 => Ok(()),
            _ => refuse("encrypted samples are one file"),
        },
    }
}

/// Whether a message of a session may have this name: at most three plain parts, and an end that tells what it is.
#[must_use]
pub fn is_message(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let plain = |part: &&str| !part.is_empty() && !part.starts_with('.') && part.chars().all(letter);
    let known = [".json", ".safetensors", ".share", ".age", ".enc"];
    parts.len() <= 3
        && name.len() <= 128
        && parts.iter().all(plain)
        && known.iter().any(|end| name.ends_with(end))
}

/// Refuses the first chunk of a file that cannot be what the upload is said to hold, before it is stored.
pub(crate) fn expect_start(kind: UploadKind, name: &str, chunk: &[u8]) -> Answer<()> {
    if kind == UploadKind::Messages {
        return expect_message(name, chunk);
    }
    if chunk.starts_with(AGE) {
        return Err(secret(name));
    }
    if kind == UploadKind::Keys && name == LIST {
        return expect_list(chunk).map(|_| ());
    }
    match Reader::new(chunk, name) {
        Ok(reader) => expect_header(kind, name, reader.header()),
        // metadata longer than a chunk: seen when all of it is there
        Err(FileError::Truncated { .. }) if chunk.len() as u64 == CHUNK_BYTES => Ok(()),
        Err(error) => Err(Problem::malformed(error.to_string())),
    }
}

/// The parameter sets that the files of an upload name, each built once: as a rule it is one.
#[derive(Default)]
pub(crate) struct Schemes(HashMap<String, Scheme>);

impl Schemes {
    /// The secure parameter set of a file.
    fn of(&mut self, name: &str, header: &Header) -> Answer<&Scheme> {
        let preset = &header.parameter_name;
        if !self.0.contains_key(preset) {
            let scheme =
                Scheme::by_name(preset).map_err(|error| Problem::malformed(format!("{name}: {error}")))?;
            if scheme.parameters().security_bits() < 128 {
                return Err(Problem::malformed(format!("{name}: its parameter set is not secure")));
            }
            self.0.insert(preset.clone(), scheme);
        }
        self.0.get(preset).ok_or_else(|| Problem::malformed(format!("{name}: no parameter set")))
    }
}

/// Refuses a whole file that is not what the upload is said to hold. Returns its header; `None` of a list of keys.
pub(crate) fn expect_whole(
    kind: UploadKind,
    name: &str,
    file: File,
    schemes: &mut Schemes,
) -> Answer<Option<Header>> {
    if kind == UploadKind::Messages {
        return Ok(None);
    }
    if kind == UploadKind::Keys && name == LIST {
        return expect_list(&read_list(file)?).map(|_| None);
    }
    let malformed = |error: FileError| Problem::malformed(error.to_string());
    let reader = Reader::new(BufReader::new(file), name).map_err(malformed)?;
    let header = reader.header().clone();
    expect_header(kind, name, &header)?;
    let parameters = schemes.of(name, &header)?.parameters();
    reader.expect_parameters(parameters).map_err(malformed)?;
    if kind == UploadKind::Data {
        let _: Job = read_job(&reader, parameters).map_err(|error| Problem::malformed(error.to_string()))?;
    }
    Ok(Some(header))
}

/// The list of a folder of evaluation keys.
pub(crate) fn read_list(file: File) -> Answer<Vec<u8>> {
    let mut list = Vec::new();
    file.take(LIST_BYTES).read_to_end(&mut list)?;
    Ok(list)
}

/// Refuses keys of which the list names others, or that are not under one secret key.
pub(crate) fn expect_together(list: &[u8], files: &[(String, Header)]) -> Answer<()> {
    let mut named = expect_list(list)?;
    let mut found: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    named.sort();
    found.sort();
    if named != found {
        return Err(
            Problem::malformed("keys.json lists other keys than were sent").help("push the whole folder")
        );
    }
    let of = |header: &Header| (header.parameter_hash, header.key_id);
    let mut ids = files.iter().map(|(_, header)| of(header));
    let first = ids.next();
    match ids.all(|id| Some(id) == first) {
        true => Ok(()),
        false => Err(Problem::malformed("the keys are not all under one secret key and one parameter set")),
    }
}

/// Refuses a secret key among the messages of a session. What a message says, its receivers check: they know who must have signed it.
fn expect_message(name: &str, chunk: &[u8]) -> Answer<()> {
    // sealed to its receivers
    if name.ends_with(".age") {
        return match chunk.starts_with(AGE) {
            true => Ok(()),
            false => Err(Problem::malformed(format!("{name} is not sealed to anybody"))),
        };
    }
    let is_key = Reader::new(chunk, name).is_ok_and(|reader| reader.header().kind == FileKind::SECRET_KEY);
    if is_key || chunk.starts_with(AGE) { Err(secret(name)) } else { Ok(()) }
}

fn expect_header(kind: UploadKind, name: &str, header: &Header) -> Answer<()> {
    let wanted = match kind {
        UploadKind::Keys => FileKind::EVALUATION_KEY,
        UploadKind::Data => DATA,
        UploadKind::Samples | UploadKind::Messages => SAMPLES,
    };
    match header.kind {
        found if found == wanted => Ok(()),
        FileKind::SECRET_KEY => Err(secret(name)),
        found => Err(Problem::malformed(format!("{name}: it holds `{found}` where `{wanted}` is expected"))),
    }
}

/// The names that a list of evaluation keys has.
fn expect_list(list: &[u8]) -> Answer<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct List {
        format: String,
        keys: Vec<Listed>,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        name: String,
    }
    let read: Option<List> = serde_json::from_slice(list).ok();
    match read.filter(|read| read.format.starts_with("train-head evaluation keys ")) {
        Some(read) => Ok(read.keys.into_iter().map(|key| key.name).collect()),
        None => Err(Problem::malformed("keys.json is not a list of evaluation keys")),
    }
}

fn secret(name: &str) -> Problem {
    Problem::malformed(format!("{name} is a secret key, which no compute party may have; it was not stored"))
        .help("take care: the key was sent; the compute party gets the folder `eval` and nothing else")
}
