//! Packing.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::archive::header;
use super::contents::{self, Contents};
use super::manifest::{Entry, Manifest, NAME, is_plain};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::evaluation_keys::{self, LIST};
use crate::files::keys::KeyFolder;
use crate::files::{Access, size, write_with};
use crate::interrupt;

/// A file to pack, and its name in the bundle.
struct Item {
    from: PathBuf,
    name: String,
    /// `None` for the list of keys.
    contents: Option<Contents>,
}

/// Packs files and folders of evaluation keys.
///
/// # Errors
/// A file that must not travel; files of different keys or parameter sets; two files of one name; a failed read or write; ^C.
pub(crate) fn pack(paths: &[PathBuf], out: &Path, console: &Console) -> Result<Manifest> {
    let mut items: Vec<Item> = Vec::new();
    for path in paths {
        for item in items_of(path)? {
            if !is_plain(&item.name) {
                return Err(Failure::usage(format!(
                    "{}: a bundle cannot hold a file of this name",
                    item.from.display()
                ))
                .help(
                    "letters, digits, spaces and -_.+ make a name that every system takes, up to 100 bytes",
                ));
            }
            if items.iter().any(|other| other.name.to_lowercase() == item.name.to_lowercase()) {
                return Err(Failure::usage(format!("two files would be named {} in the bundle", item.name)));
            }
            items.push(item);
        }
    }
    let Contents { preset, key_id, .. } = same_key(&items)?;
    let total: u64 = items.iter().map(|item| size(&item.from)).sum::<Result<u64>>()?;
    // the digests stand before the files, so that everything is read twice
    let progress = console.bytes_phase("digest", total);
    let entries = items.iter().map(|item| {
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
        read(&item.from, |part| {
            hasher.update(part);
            bytes += part.len() as u64;
            progress.advance(part.len());
        })?;
        let kind = item.contents.as_ref().map_or("list of evaluation keys", |contents| &contents.kind);
        Ok(Entry {
            path: item.name.clone(),
            kind: kind.to_owned(),
            bytes,
            blake3: hasher.finalize().to_string(),
        })
    });
    let manifest = Manifest::new(preset, key_id, entries.collect::<Result<_>>()?);
    progress.done();
    let progress = console.bytes_phase("bundle", total);
    write_with(out, Access::Shared, |file| {
        let failed = |error| Failure::io("write", out, Kind::Unexpected, error);
        let mut archive = tar::Builder::new(file);
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Failure::unexpected("cannot write the list of a bundle").because(error))?;
        archive.append(&header(NAME, text.len() as u64).map_err(failed)?, &*text).map_err(failed)?;
        for (item, entry) in items.iter().zip(&manifest.entries) {
            interrupt::check()?;
            let file =
                File::open(&item.from).map_err(|error| Failure::io("read", &item.from, Kind::File, error))?;
            let mut source = Hashed { inner: BufReader::new(file), hasher: blake3::Hasher::new() };
            let mut part = (&mut source).take(entry.bytes);
            archive.append(&header(&entry.path, entry.bytes).map_err(failed)?, &mut part).map_err(failed)?;
            if source.hasher.finalize().to_string() != entry.blake3 {
                return Err(Failure::file(format!("{} changed while it was packed", item.from.display())));
            }
            progress.advance(entry.bytes as usize);
        }
        archive.finish().map_err(failed)
    })?;
    progress.done();
    Ok(manifest)
}

/// What a path stands for: a file, or all evaluation keys in a folder.
fn items_of(path: &Path) -> Result<Vec<Item>> {
    if !path.is_dir() {
        let contents = Some(contents::of(path)?);
        return Ok(vec![Item { from: path.to_owned(), name: file_name(path)?, contents }]);
    }
    if !path.join(LIST).exists() && KeyFolder::at(path).evaluation().join(LIST).exists() {
        let eval = KeyFolder::at(path).evaluation();
        return Err(Failure::file(format!("{} is the data party's folder of keys", path.display()))
            .help(format!("name its evaluation keys: {}", eval.display())));
    }
    let list = Item { from: path.join(LIST), name: format!("eval/{LIST}"), contents: None };
    let mut items = vec![list];
    for key in evaluation_keys::listed(path)?.files {
        let contents = Some(contents::of(&key)?);
        items.push(Item { name: format!("eval/{}", file_name(&key)?), from: key, contents });
    }
    Ok(items)
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned)
        .ok_or_else(|| Failure::usage(format!("{}: a name in UTF-8 is needed", path.display())))
}

/// The key and parameter set that all files share.
fn same_key(items: &[Item]) -> Result<Contents> {
    let mut known = items.iter().filter_map(|item| Some((item, item.contents.as_ref()?)));
    let Some((first, contents)) = known.next() else {
        return Err(Failure::usage("nothing to bundle"));
    };
    for (item, other) in known {
        if (&other.preset, &other.key_id) != (&contents.preset, &contents.key_id) {
            return Err(Failure::file(format!(
                "{} is of key {} and preset {}, {} of key {} and preset {}",
                item.from.display(),
                other.key_id,
                other.preset,
                first.from.display(),
                contents.key_id,
                contents.preset
            ))
            .help("what one plan and one `train-head keygen` made belongs into a bundle"));
        }
    }
    Ok(contents.clone())
}

/// Reads a file in parts.
fn read(path: &Path, mut part: impl FnMut(&[u8])) -> Result<()> {
    let failed = |error| Failure::io("read", path, Kind::File, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        interrupt::check()?;
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            count => part(&buffer[..count]),
        }
    }
}

/// A reader that hashes what passes.
struct Hashed<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
