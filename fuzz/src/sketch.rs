//! A file of keys or ciphertexts without residues and checksums: what a mutation should change. Filled in, it is a file whose checksums
//! are right, as those of a hostile party are.
//!
//! ```text
//! items      8 bytes, little-endian: how many the header promises
//! cut        1 byte: 0, or the file is cut short after that many 255ths of it
//! templates  1 byte, then of each: 2 bytes of length and a record, a byte that its residues are made of, how often it stands
//! metadata   the rest
//! ```
//!
//! Records and checksums are those of `ckks::serial`: its format says how many residues follow a record.

use std::io::{Read, Take};
use std::iter::Enumerate;
use std::vec::IntoIter;

use ckks::serial::{FileKind, NewFile, Writer};
use ckks::{KeyId, Parameters};
use fhe_head::ckks;

const HEADER: usize = 152;
const CHECKSUM: usize = 16;
/// Offsets in the header.
const ITEMS: usize = 120;
const METADATA_LENGTH: usize = 128;
/// Tags of records.
const FULL_CIPHERTEXT: u8 = 1;
const SEEDED_CIPHERTEXT: u8 = 2;
const SWITCHING_KEY: u8 = 3;
const SECRET_KEY: u8 = 5;
const POLYNOMIALS: u8 = 7;
const FULL_SWITCHING_KEY: u8 = 6;
const PUBLIC_KEY: u8 = 8;
/// Most templates and repetitions that are written out; a file may promise more.
const MOST_ITEMS: usize = 64;

/// A record, what its residues are made of, and how often it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Template {
    record: Vec<u8>,
    fill: u8,
    times: u8,
}

/// A file without its residues and checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    items: u64,
    cut: u8,
    templates: Vec<Template>,
    pub(crate) metadata: Vec<u8>,
}

impl Sketch {
    /// The sketch of a whole file.
    ///
    /// # Panics
    /// If it is not one.
    #[must_use]
    pub fn of(file: &[u8], parameters: &Parameters) -> Self {
        let items = number(file, ITEMS);
        let metadata_end = HEADER + number(file, METADATA_LENGTH) as usize;
        let mut rest = &file[metadata_end + CHECKSUM..];
        let mut templates: Vec<Template> = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = u32::from_le_bytes(*length) as usize;
            let mut record = after[..length].to_vec();
            let chunks = chunks(&record, parameters);
            rest = &after[length + CHECKSUM + chunks.iter().map(|chunk| chunk.1 + CHECKSUM).sum::<usize>()..];
            if record[0] == SEEDED_CIPHERTEXT {
                // one seed is as good as another, and equal records make one template
                record[length - 32..].fill(7);
            }
            match templates.last_mut() {
                Some(last) if last.record == record && last.times < u8::MAX => last.times += 1,
                _ => templates.push(Template { record, fill: 0, times: 1 }),
            }
        }
        Self { items, cut: 0, templates, metadata: file[HEADER..metadata_end].to_vec() }
    }

    /// The sketch as an input.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.items.to_le_bytes().to_vec();
        out.extend([self.cut, self.templates.len() as u8]);
        for Template { record, fill, times } in &self.templates {
            out.extend_from_slice(&(record.len() as u16).to_le_bytes());
            out.extend_from_slice(record);
            out.extend([*fill, *times]);
        }
        out.extend_from_slice(&self.metadata);
        out
    }

    /// The sketch that an input holds. Any input holds one.
    #[must_use]
    pub fn from_bytes(mut input: &[u8]) -> Self {
        let items = u64::from_le_bytes(take(&mut input));
        let [cut, count] = take(&mut input);
        let templates = (0..usize::from(count).min(MOST_ITEMS)).map(|_| {
            let length = usize::from(u16::from_le_bytes(take(&mut input)));
            let (record, rest) = input.split_at(length.min(input.len()));
            input = rest;
            let [fill, times] = take(&mut input);
            Template { record: record.to_vec(), fill, times }
        });
        let templates = templates.collect();
        Self { items, cut, templates, metadata: input.to_vec() }
    }

    /// The file: residues filled in, checksums right, each piece when it is read. Most mutations are refused for their metadata, before any
    /// residue is.
    ///
    /// # Panics
    /// Never in practice: memory can be written to.
    #[must_use]
    pub fn fill_in(self, kind: FileKind, parameters: &Parameters, key_id: KeyId) -> Take<Filled<'_>> {
        let new = NewFile { kind, parameters, key_id, items: 0, metadata: &self.metadata };
        let mut start = Writer::new(Vec::new(), "", new)
            .and_then(Writer::finish)
            .unwrap_or_else(|error| panic!("a file without items: {error}"));
        start[ITEMS..ITEMS + 8].copy_from_slice(&self.items.to_le_bytes());
        let sum = checksum(u64::MAX, 0, &start[..HEADER - CHECKSUM]);
        start[HEADER - CHECKSUM..HEADER].copy_from_slice(&sum);

        let repeated = self.templates.iter().flat_map(|template| (0..template.times).map(move |_| template));
        let items: Vec<Template> = repeated.take(MOST_ITEMS).cloned().collect();
        let of_item = |Template { record, .. }: &Template| {
            let chunks = chunks(record, parameters);
            4 + record.len() + CHECKSUM + chunks.iter().map(|chunk| chunk.1 + CHECKSUM).sum::<usize>()
        };
        let whole = start.len() + items.iter().map(of_item).sum::<usize>();
        let length = if self.cut > 0 { whole * usize::from(self.cut) / 256 } else { whole };
        let items = items.into_iter().enumerate();
        Filled {
            piece: start,
            at: 0,
            items,
            item: 0,
            fill: 0,
            chunks: Vec::new().into_iter().enumerate(),
            parameters,
        }
        .take(length as u64)
    }
}

/// A file that is filled in while it is read.
#[derive(Debug)]
pub struct Filled<'a> {
    /// The piece that is being read, from `at` on.
    piece: Vec<u8>,
    at: usize,
    items: Enumerate<IntoIter<Template>>,
    /// The item whose chunks follow.
    item: u64,
    fill: u8,
    chunks: Enumerate<IntoIter<(usize, usize)>>,
    parameters: &'a Parameters,
}

impl Filled<'_> {
    /// Makes the next piece: a chunk, or the record of the next item. False at the end.
    fn advance(&mut self) -> bool {
        self.piece.clear();
        self.at = 0;
        if let Some((chunk, (width, length))) = self.chunks.next() {
            self.piece.resize(length, 0);
            // a byte of each residue, or all of them: then it is not below its prime
            let step = if self.fill == u8::MAX { 1 } else { width };
            // residues that are all alike make a constant polynomial, which is refused before it is decrypted
            let vary = u8::from(self.fill != u8::MAX);
            for (i, byte) in self.piece.iter_mut().step_by(step).enumerate() {
                *byte = self.fill ^ (i as u8 & vary);
            }
            let sum = checksum(self.item, chunk as u64 + 1, &self.piece);
            self.piece.extend_from_slice(&sum);
            return true;
        }
        let Some((item, Template { record, fill, .. })) = self.items.next() else { return false };
        (self.item, self.fill) = (item as u64, fill);
        self.piece.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.piece.extend_from_slice(&record);
        self.piece.extend_from_slice(&checksum(self.item, 0, &record));
        self.chunks = chunks(&record, self.parameters).into_iter().enumerate();
        true
    }
}

impl Read for Filled<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.piece.len() {
            if !self.advance() {
                return Ok(0);
            }
        }
        let count = out.len().min(self.piece.len() - self.at);
        out[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Bytes of a residue and of the whole chunk, for each chunk that follows a record.
fn chunks(record: &[u8], parameters: &Parameters) -> Vec<(usize, usize)> {
    let (ring, degree) = (parameters.ring(), parameters.degree());
    let field = |at: usize, length: usize| {
        record
            .get(at..at + length)
            .map(|bytes| bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    };
    let limbs = |q: usize, p: usize| {
        let moduli = ring.q().iter().take(q).chain(ring.p().iter().take(p));
        moduli.map(|modulus| modulus.bits().div_ceil(8) as usize).map(|width| (width, width * degree))
    };
    let level = |at: usize| Some((field(at, 4)? as usize).min(parameters.max_level()));
    let polys = match record.first() {
        Some(&FULL_CIPHERTEXT) => level(1).map(|level| (2, level + 1, 0)),
        Some(&SEEDED_CIPHERTEXT) => level(1).map(|level| (1, level + 1, 0)),
        Some(&PUBLIC_KEY) => Some((1, parameters.max_level() + 1, 1)),
        Some(&POLYNOMIALS) => field(1, 4).zip(field(5, 4)).zip(field(9, 4)).map(|((q, p), count)| {
            // no more than the parameters have: a file may promise more
            (
                (count as usize).min(MOST_ITEMS),
                (q as usize).min(ring.q().len()),
                (p as usize).min(ring.p().len()),
            )
        }),
        Some(&SECRET_KEY) => return vec![(1, degree)],
        Some(&tag @ (SWITCHING_KEY | FULL_SWITCHING_KEY)) => {
            let halves = if tag == SWITCHING_KEY { 1 } else { 2 };
            level(10).zip(field(14, 2)).zip(field(16, 8)).map(|((level, special), mask)| {
                let digits = (mask & (u64::MAX >> (63 - level))).count_ones() as usize;
                (halves * digits, level + 1, special as usize)
            })
        }
        _ => None,
    };
    polys.map_or_else(Vec::new, |(count, q, p)| (0..count).flat_map(|_| limbs(q, p)).collect())
}

fn checksum(item: u64, chunk: u64, bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&item.to_le_bytes()).update(&chunk.to_le_bytes()).update(bytes);
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    sum
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(take(&mut &bytes[at..]))
}

/// Takes bytes off the front; zeros where there are none.
fn take<const N: usize>(input: &mut &[u8]) -> [u8; N] {
    let (head, tail) = input.split_at(input.len().min(N));
    *input = tail;
    std::array::from_fn(|i| head.get(i).copied().unwrap_or(0))
}
