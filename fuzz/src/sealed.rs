//! Checksums of formats that are not ours, made right after a mutation.

/// Offsets in a tar header: the size and the checksum, as octal digits.
const TAR_SIZE: std::ops::Range<usize> = 124..136;
const TAR_SUM: std::ops::Range<usize> = 148..156;
const TAR_BLOCK: usize = 512;

/// A tar archive with the right checksum in each header that can be reached.
pub(crate) fn tar(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 0usize;
    while let Some(header) = bytes.get_mut(at..at.saturating_add(TAR_BLOCK)) {
        // blocks of zeros end an archive
        if header.iter().all(|&byte| byte == 0) {
            break;
        }
        header[TAR_SUM].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[TAR_SUM].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        let digits = std::str::from_utf8(&header[TAR_SIZE]).unwrap_or_default();
        let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at = at.saturating_add(TAR_BLOCK).saturating_add(size.div_ceil(TAR_BLOCK).saturating_mul(TAR_BLOCK));
    }
    bytes
}

/// A tar archive's entries: where the contents of each lie.
pub(crate) fn tar_contents(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().into_iter().flatten() {
        let Ok(entry) = entry else { break };
        let (from, size) = (entry.raw_file_position() as usize, entry.size() as usize);
        found.push(from.min(bytes.len())..from.saturating_add(size).min(bytes.len()));
    }
    found
}

/// A zip archive of stored entries with the right CRC in each local header, and in the directory where it points there.
pub(crate) fn zip(mut bytes: Vec<u8>) -> Vec<u8> {
    const LOCAL: &[u8] = b"PK\x03\x04";
    const DIRECTORY: &[u8] = b"PK\x01\x02";
    let number = |bytes: &[u8], at: usize, length: usize| -> Option<usize> {
        Some(
            bytes.get(at..at + length)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)),
        )
    };
    let found = |bytes: &[u8], mark: &[u8]| -> Vec<usize> {
        bytes.windows(4).enumerate().filter(|(_, window)| *window == mark).map(|(at, _)| at).collect()
    };
    for at in found(&bytes, DIRECTORY) {
        let sealed = || -> Option<(usize, [u8; 4])> {
            let (size, local) = (number(&bytes, at + 20, 4)?, number(&bytes, at + 42, 4)?);
            (bytes.get(local..local + 4)? == LOCAL).then_some(())?;
            let from = local + 30 + number(&bytes, local + 26, 2)? + number(&bytes, local + 28, 2)?;
            Some((local, crc(bytes.get(from..from.checked_add(size)?)?).to_le_bytes()))
        };
        if let Some((local, sum)) = sealed() {
            bytes[local + 14..local + 18].copy_from_slice(&sum);
            bytes[at + 16..at + 20].copy_from_slice(&sum);
        }
    }
    bytes
}

/// CRC-32 of ISO 3309, as zip has it, bit by bit: the inputs are small.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_changed_archive_opens_again() {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("a.txt", stored).unwrap();
        writer.write_all(b"before").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let changed: Vec<u8> = bytes.iter().map(|&byte| if byte == b'b' { b'B' } else { byte }).collect();
        let read = |bytes: Vec<u8>| {
            let mut text = String::new();
            let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
            archive.by_index(0).unwrap().read_to_string(&mut text).map(|_| text).ok()
        };
        assert_eq!(read(changed.clone()), None);
        assert_eq!(read(zip(changed)).unwrap(), "Before");
    }

    #[test]
    fn a_renamed_entry_has_its_checksum() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(5);
        builder.append_data(&mut header, "a", &b"hello"[..]).unwrap();
        let mut bytes = builder.into_inner().unwrap();
        bytes[0] = b'b';
        assert!(tar::Archive::new(&bytes[..]).entries().unwrap().next().unwrap().is_err());
        let bytes = tar(bytes);
        let contents = tar_contents(&bytes);
        assert_eq!(&bytes[contents[0].clone()], b"hello");
    }
}
