//! NumPy's array files (`numpy.lib.format`, versions 1 to 3): numbers and fixed-width texts, either order of memory.

mod header;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use ndarray::ArrayView2;

use crate::exit::{Failure, Kind, Result};
use header::{Element, Header};

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

/// Reads an array.
///
/// # Errors
/// A file that does not exist or is not an array; elements of an unsupported type, such as objects; a length that differs from the
/// header.
pub(crate) fn read(path: &Path) -> Result<Npy> {
    let failed = |error| Failure::io("read", path, Kind::Data, error);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    if length == 0 && bytes.is_empty() {
        return Err(Failure::data(format!("{}: the file is empty", path.display())));
    }
    parse(&bytes).map_err(|what| {
        Failure::data(format!("{}: not an array that can be read: {what}", path.display()))
            .help("save it with numpy.save(path, array) as floats, integers or fixed-width texts")
    })
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

fn parse(bytes: &[u8]) -> Result<Npy, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not start like one")?;
    let (&[major, _minor], rest) = rest.split_first_chunk::<2>().ok_or("it ends within the header")?;
    let (length, rest) = match major {
        1 => rest
            .split_first_chunk::<2>()
            .map(|(length, rest)| (usize::from(u16::from_le_bytes(*length)), rest)),
        2 | 3 => {
            rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest))
        }
        other => return Err(format!("format version {other}")),
    }
    .ok_or("it ends within the header")?;
    if length > MAX_HEADER {
        return Err(format!("a header of {length} bytes"));
    }
    let (header, data) = rest.split_at_checked(length).ok_or("it ends within the header")?;
    let header = std::str::from_utf8(header).map_err(|_| "a header that is not text")?;
    let Header { descr, fortran_order, shape } =
        Header::parse(header).ok_or_else(|| format!("header {header:?}"))?;

    let element = Element::of(&descr).ok_or_else(|| format!("elements of type {descr:?}"))?;
    let count = shape.iter().try_fold(1usize, |count, &axis| count.checked_mul(axis));
    let wanted = count.and_then(|count| count.checked_mul(element.size()));
    if wanted != Some(data.len()) {
        return Err(format!(
            "{} bytes of elements where shape {shape:?} of {descr:?} needs {wanted:?}",
            data.len()
        ));
    }
    let count = count.unwrap_or(0);
    // an element of no size would divide by zero
    let items = data.chunks_exact(element.size().max(1));
    Ok(if element.is_text() {
        let values: Option<Vec<String>> = if element.size() == 0 {
            Some(vec![String::new(); count])
        } else {
            items.map(|item| element.text(item)).collect()
        };
        let values = reorder(values.ok_or("an element that is no Unicode text")?, &shape, fortran_order);
        Npy::Texts { shape, values }
    } else {
        let values = reorder(items.map(|item| element.number(item)).collect(), &shape, fortran_order);
        Npy::Numbers { shape, values }
    })
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
        assert_eq!(numbers(&file(">f4", "False", "()", &0.5f32.to_be_bytes())), (vec![], vec![0.5]));
    }

    #[test]
    fn columns_first_is_turned_around() {
        let bytes = file("|u1", "True", "(2, 3)", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(numbers(&bytes), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
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
