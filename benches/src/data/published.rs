//! Reads a file as its authors publish it: checks its digest, and unpacks it if it is an archive.

use std::io::{Cursor, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::manifest::File;

impl File {
    /// Reads the table's bytes.
    ///
    /// # Errors
    /// The reason why the file cannot be used, as text: it is missing, unreadable, or differs from the manifest.
    pub(super) fn read(&self, root: &Path) -> Result<Vec<u8>, String> {
        let path = root.join(&self.path);
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        self.check(&bytes).map_err(|reason| format!("{}: {reason}", path.display()))?;
        match &self.member {
            None => Ok(bytes),
            Some(member) => {
                unzip(&bytes, member).map_err(|error| format!("{}: {member}: {error}", path.display()))
            }
        }
    }

    fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let (name, expected, found) = match (&self.sha256, &self.git_blob) {
            (Some(expected), None) => ("SHA-256", expected, hex(&Sha256::digest(bytes))),
            (None, Some(expected)) => ("git object", expected, git_blob(bytes)),
            _ => return Err("the manifest gives no digest, or two".into()),
        };
        if found == *expected {
            return Ok(());
        }
        Err(format!("differs from the file in the manifest ({name} {found})"))
    }
}

/// The object id that git gives a file with these contents.
pub(super) fn git_blob(bytes: &[u8]) -> String {
    let header = format!("blob {}\0", bytes.len());
    hex(&Sha1::new().chain_update(header).chain_update(bytes).finalize())
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unzip(bytes: &[u8], member: &str) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut contents = Vec::new();
    archive.by_name(member)?.read_to_end(&mut contents)?;
    Ok(contents)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::super::manifest::Manifest;
    use super::*;
    use crate::machine::project;

    fn file(digest: &str, member: &str) -> File {
        basic_toml::from_str(&format!("path = 'a'\nrows = 1\n{digest}\n{member}")).unwrap()
    }

    #[test]
    fn git_ids_are_those_of_git() {
        // `git hash-object` of an empty file, and of "hello\n"
        assert_eq!(git_blob(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(git_blob(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn shipped_files_match_their_digests() {
        let manifest = Manifest::read().unwrap();
        for file in manifest.dataset.iter().filter(|entry| entry.shipped).flat_map(|entry| &entry.files) {
            file.read(&project().join("data")).unwrap();
        }
    }

    #[test]
    fn another_file_or_a_broken_archive_is_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("table.csv", SimpleFileOptions::default()).unwrap();
        let table = "id,text\n".repeat(100);
        archive.write_all(table.as_bytes()).unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        assert!(bytes.len() < table.len(), "compressed");
        let known = format!("git_blob = '{}'", git_blob(&bytes));
        let read = |digest: &str, member: &str| file(digest, member).read(folder.path());

        assert!(read(&known, "").unwrap_err().contains("No such file"));
        std::fs::write(folder.path().join("a"), &bytes).unwrap();
        assert_eq!(read(&known, "").unwrap(), bytes);
        assert_eq!(read(&known, "member = 'table.csv'").unwrap(), table.as_bytes());
        assert!(read(&known, "member = 'other.csv'").unwrap_err().contains("other.csv"));
        let other = format!("sha256 = '{}'", "0".repeat(64));
        assert!(read(&other, "").unwrap_err().contains("differs from the file in the manifest (SHA-256 "));
        assert!(read("", "").unwrap_err().contains("no digest"));

        std::fs::write(folder.path().join("a"), &bytes[..bytes.len() / 2]).unwrap();
        let half = format!("git_blob = '{}'", git_blob(&bytes[..bytes.len() / 2]));
        assert!(read(&half, "member = 'table.csv'").unwrap_err().contains("table.csv"));
    }
}
