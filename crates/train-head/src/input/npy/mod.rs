//! NumPy's array files (`numpy.lib.format`, versions 1 to 3): numbers and fixed-width texts, either order of memory.

mod header;

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use ndarray::ArrayView2;

use super::stored::{Numbers, StoredArray};
use crate::exit::{Failure, Kind, Result};
use crate::{progress, resources};
pub(crate) use header::Element;
use header::Header;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Largest length of a header that is accepted. Headers are a line of text.
const MAX_HEADER: usize = 1 << 20;

/// An array, its last axis fastest.
#[derive(Debug, PartialEq)]
pub(crate) enum Npy {
    /// Integers, booleans or floating-point numbers.
    Numbers {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// The elements.
        values: Vec<f64>,
    },
    /// Unicode or byte strings.
    Texts {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// The elements.
        values: Vec<String>,
    },
}

/// Reads an array, piece by piece: memory holds its elements once, as they come out.
///
/// # Errors
/// A file that does not exist or is not an array; elements of an unsupported type, such as objects; a length that differs from the
/// header.
pub(crate) fn read(path: &Path) -> Result<Npy> {
    let (file, length) = open(path)?;
    parse(&mut BufReader::with_capacity(PIECE, file), length).map_err(|problem| problem.of(path))
}

/// Opens a matrix of numbers whose elements stay in their file; `None` for anything else, which [`read`] refuses or reads.
///
/// # Errors
/// As [`read`].
pub(crate) fn open_matrix(path: &Path) -> Result<Option<StoredArray>> {
    let (file, length) = open(path)?;
    if length.is_none() {
        return Ok(None);
    }
    let found = layout(&mut BufReader::new(&file), length).map_err(|problem| problem.of(path))?;
    let Layout { element, fortran_order, before, .. } = found;
    match found.shape[..] {
        [rows, columns] if rows > 0 && columns > 0 && !element.is_text() => {
            let numbers = Numbers { start: before, element, columns_first: fortran_order };
            StoredArray::new((file, path), numbers, (rows, columns)).map(Some)
        }
        _ => Ok(None),
    }
}

/// The file, and its length if it has one.
fn open(path: &Path) -> Result<(File, Option<u64>)> {
    let failed = |error| Failure::io("read", path, Kind::Data, error);
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_file() && found.len() == 0 {
        return Err(Failure::data(format!("{}: the file is empty", path.display())));
    }
    Ok((file, found.is_file().then_some(found.len())))
}

/// Why a file is not an array that can be read.
enum Problem {
    Io(std::io::Error),
    Content(String),
}

impl Problem {
    fn of(self, path: &Path) -> Failure {
        match self {
            Self::Io(error) => Failure::io("read", path, Kind::Data, error),
            Self::Content(what) => {
                Failure::data(format!("{}: not an array that can be read: {what}", path.display()))
                    .help("save it with numpy.save(path, array) as floats, integers or fixed-width texts")
            }
        }
    }
}

impl From<&str> for Problem {
    fn from(what: &str) -> Self {
        Self::Content(what.to_owned())
    }
}

impl From<String> for Problem {
    fn from(what: String) -> Self {
        Self::Content(what)
    }
}

/// Writes a matrix of f32.
///
/// # Errors
/// A failure of the stream.
pub(crate) fn write(out: &mut impl Write, x: &ArrayView2<'_, f32>) -> std::io::Result<()> {
    let (rows, columns) = x.dim();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // the elements start at a multiple of 64 bytes
    while !(MAGIC.len() + 4 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    x.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
}

/// What the header says of the elements.
struct Layout {
    element: Element,
    fortran_order: bool,
    shape: Vec<usize>,
    /// Bytes before the first element.
    before: u64,
    count: usize,
    bytes: usize,
}

/// Reads the header. `length` is the size of the whole file, where there is a file.
fn layout(input: &mut impl Read, length: Option<u64>) -> Result<Layout, Problem> {
    const CUT: &str = "it ends within the header";
    let mut magic = [0; MAGIC.len()];
    exactly(input, &mut magic, "it does not start like one")?;
    if magic != *MAGIC {
        return Err("it does not start like one".into());
    }
    let mut version = [0; 2];
    exactly(input, &mut version, CUT)?;
    let mut size = [0; 4];
    let wide = match version[0] {
        1 => 2,
        2 | 3 => 4,
        other => return Err(format!("format version {other}").into()),
    };
    exactly(input, &mut size[..wide], CUT)?;
    let header_length = u32::from_le_bytes(size) as usize;
    if header_length > MAX_HEADER {
        return Err(format!("a header of {header_length} bytes").into());
    }
    let mut header = vec![0; header_length];
    exactly(input, &mut header, CUT)?;
    let header = std::str::from_utf8(&header).map_err(|_| Problem::from("a header that is not text"))?;
    let Header { descr, fortran_order, shape } =
        Header::parse(header).ok_or_else(|| format!("header {header:?}"))?;

    let element = Element::of(&descr).ok_or_else(|| format!("elements of type {descr:?}"))?;
    let count = shape.iter().try_fold(1usize, |count, &axis| count.checked_mul(axis));
    let wanted = count.and_then(|count| count.checked_mul(element.size()));
    let before = (MAGIC.len() + 2 + wide + header_length) as u64;
    let there = length.map(|length| length.saturating_sub(before));
    let (Some(count), Some(bytes), true) =
        (count, wanted, there.is_none_or(|there| wanted.map(|wanted| wanted as u64) == Some(there)))
    else {
        return Err(format!(
            "{} bytes of elements where shape {shape:?} of {descr:?} needs {wanted:?}",
            there.unwrap_or(0)
        )
        .into());
    };
    Ok(Layout { element, fortran_order, shape, before, count, bytes })
}

/// Reads header and elements. `length` is the size of the whole file, where there is a file.
fn parse(input: &mut impl Read, length: Option<u64>) -> Result<Npy, Problem> {
    let Layout { element, fortran_order, shape, count, bytes, .. } = layout(input, length)?;
    let budget = resources::budget_for_data();
    if let Some(budget) = budget.filter(|&budget| count.saturating_mul(8).max(bytes) > budget) {
        let budget = progress::bytes(budget as u64);
        return Err(
            format!("shape {shape:?} is more than fits into memory; {budget} are there for data").into()
        );
    }
    // what a pipe promises is not asked for at once
    let room = if length.is_some() { count } else { 0 };
    Ok(if element.is_text() {
        let mut values = Vec::with_capacity(if element.size() == 0 { 0 } else { room });
        let mut strange = false;
        match element.size() {
            0 if count > 1 << 24 => return Err("more empty texts than anybody needs".into()),
            0 => values.resize(count, String::new()),
            size => pieces(input, bytes, size, |item| match element.text(item) {
                Some(text) => values.push(text),
                None => strange = true,
            })?,
        }
        if strange {
            return Err("an element that is no Unicode text".into());
        }
        Npy::Texts { values: reorder(values, &shape, fortran_order), shape }
    } else {
        let mut values = Vec::with_capacity(room);
        pieces(input, bytes, element.size(), |item| values.push(element.number(item)))?;
        Npy::Numbers { values: reorder(values, &shape, fortran_order), shape }
    })
}

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// Fills a buffer; `cut` says what is wrong with a file that ends before.
fn exactly(input: &mut impl Read, buffer: &mut [u8], cut: &str) -> Result<(), Problem> {
    input.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => cut.into(),
        _ => Problem::Io(error),
    })
}

/// Calls `each` with the elements of `size` bytes, and expects the end after them.
fn pieces(
    input: &mut impl Read,
    bytes: usize,
    size: usize,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Problem> {
    let whole = (PIECE / size).max(1) * size;
    let mut buffer = vec![0; whole.min(bytes)];
    let mut left = bytes;
    while left > 0 {
        let part = &mut buffer[..whole.min(left)];
        exactly(input, part, "it ends within its elements")?;
        part.chunks_exact(size).for_each(&mut each);
        left -= part.len();
    }
    match input.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("it goes on after its elements".into()),
        Err(error) => Err(Problem::Io(error)),
    }
}

/// Elements with the last axis fastest, from elements with the first axis fastest if `fortran_order`.
fn reorder<T: Clone>(values: Vec<T>, shape: &[usize], fortran_order: bool) -> Vec<T> {
    match shape {
        [rows, columns] if fortran_order => {
            (0..rows * columns).map(|at| values[at / columns + at % columns * rows].clone()).collect()
        }
        _ => values,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ndarray::array;

    fn file(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        [MAGIC.as_slice(), &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn parse(bytes: &[u8]) -> Result<Npy, String> {
        super::parse(&mut &*bytes, Some(bytes.len() as u64)).map_err(|problem| match problem {
            Problem::Content(what) => what,
            Problem::Io(error) => error.to_string(),
        })
    }

    fn numbers(bytes: &[u8]) -> (Vec<usize>, Vec<f64>) {
        match parse(bytes).unwrap() {
            Npy::Numbers { shape, values } => (shape, values),
            Npy::Texts { .. } => panic!("texts"),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, &array![[1.5f32, -2.0, 0.25], [3.0, 4.0, 5.0]].view()).unwrap();
        assert_eq!(bytes.len() % 64, 24);
        assert_eq!(numbers(&bytes), (vec![2, 3], vec![1.5, -2.0, 0.25, 3.0, 4.0, 5.0]));
    }

    #[test]
    fn every_type_of_number() {
        let i8s = file("|i1", "False", "(2,)", &[0xff, 5]);
        assert_eq!(numbers(&i8s), (vec![2], vec![-1.0, 5.0]));
        assert_eq!(numbers(&file("|u1", "False", "(2,)", &[0xff, 5])).1, [255.0, 5.0]);
        assert_eq!(numbers(&file("|b1", "False", "(2,)", &[0, 1])).1, [0.0, 1.0]);
        assert_eq!(numbers(&file(">i2", "False", "(1,)", &[0xff, 0xfe])).1, [-2.0]);
        assert_eq!(numbers(&file("<i4", "False", "(1,)", &(-7i32).to_le_bytes())).1, [-7.0]);
        assert_eq!(numbers(&file("<i8", "False", "(1,)", &(-7i64).to_le_bytes())).1, [-7.0]);
        assert_eq!(numbers(&file("<f8", "False", "(1,)", &0.1f64.to_le_bytes())).1, [0.1]);
        // half precision: 1, -2, the largest, the smallest, infinity
        let halves = [0x3c00u16, 0xc000, 0x7bff, 0x0001, 0x7c00].map(u16::to_le_bytes).concat();
        let expected = [1.0, -2.0, 65504.0, 2f64.powi(-24), f64::INFINITY];
        assert_eq!(numbers(&file("<f2", "False", "(5,)", &halves)).1, expected);
        assert_eq!(numbers(&file(">f4", "False", "()", &0.5f32.to_be_bytes())), (vec![], vec![0.5]));
    }

    #[test]
    fn columns_first_is_turned_around() {
        let bytes = file("|u1", "True", "(2, 3)", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(numbers(&bytes), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn a_pipe_is_read_without_its_length() {
        let bytes = file("<f8", "False", "(2, 1)", &[1f64.to_le_bytes(), 2f64.to_le_bytes()].concat());
        let read = |bytes: &[u8]| super::parse(&mut &*bytes, None).ok();
        assert_eq!(read(&bytes), Some(Npy::Numbers { shape: vec![2, 1], values: vec![1.0, 2.0] }));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(read(&[&bytes[..], &[0]].concat()), None);
        // a promise that nothing could hold
        assert_eq!(read(&file("<f8", "False", "(1152921504606846975,)", &[0; 8])), None);
    }

    #[test]
    fn texts_of_fixed_width() {
        let data: Vec<u8> = "yes\0no\0\0".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let Npy::Texts { values, .. } = parse(&file("<U4", "False", "(2,)", &data)).unwrap() else {
            panic!()
        };
        assert_eq!(values, ["yes", "no"]);
        let Npy::Texts { values, .. } = parse(&file("|S2", "False", "(2,)", b"ab\xc3\xa9")).unwrap() else {
            panic!()
        };
        assert_eq!(values, ["ab", "é"]);
    }

    #[test]
    fn damaged_and_strange_files_are_refused() {
        let good = file("<f4", "False", "(1, 2)", &[0; 8]);
        for length in 0..good.len() {
            assert!(parse(&good[..length]).is_err(), "{length}");
        }
        let refused = |bytes: &[u8]| parse(bytes).unwrap_err();
        assert!(refused(&[&good[..], &[0]].concat()).contains("9 bytes"));
        assert!(refused(&file("|O", "False", "(1,)", &[0; 8])).contains("|O"));
        assert!(refused(&file("<c16", "False", "(1,)", &[0; 16])).contains("<c16"));
        assert!(refused(&file("<f4", "False", "(99999999999, 99999999999)", &[])).contains("needs None"));
        assert!(refused(&file("<f4", "Maybe", "(1,)", &[0; 4])).contains("header"));
        assert!(refused(&file("<f4", "False", "(-1,)", &[0; 4])).contains("header"));
        assert!(refused(b"PK\x03\x04").contains("does not start"));
    }
}
