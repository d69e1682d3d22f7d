//! Matrices of numbers that stay in their file, of which some rows are read at a time.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::npy::Element;
use crate::exit::{Failure, Kind, Result};

/// Bytes that are read at once, if rows lie close together.
const PIECE: usize = 1 << 20;
/// Bytes between two rows that cost less to read than another call.
const GAP: usize = 1 << 12;

/// Where and how the numbers lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// Bytes before the first.
    pub(crate) start: u64,
    /// Their type.
    pub(crate) element: Element,
    /// Whether the numbers of a column lie together, and not those of a row.
    pub(crate) columns_first: bool,
}

/// A matrix in a file.
#[derive(Debug)]
pub(crate) struct StoredArray {
    file: File,
    path: PathBuf,
    numbers: Numbers,
    rows: usize,
    columns: usize,
    /// What the file was when it was opened.
    state: State,
}

/// What changes when a file is written to.
type State = (u64, i64, i64);

fn state(found: &Metadata) -> State {
    (found.len(), found.mtime(), found.mtime_nsec())
}

impl StoredArray {
    /// A matrix of this many rows and columns, which the file is long enough for.
    ///
    /// # Errors
    /// A failure of the operating system.
    pub(crate) fn new(
        (file, path): (File, &Path),
        numbers: Numbers,
        (rows, columns): (usize, usize),
    ) -> Result<Self> {
        let found = file.metadata().map_err(|error| Failure::io("read", path, Kind::Data, error))?;
        Ok(Self { file, path: path.to_owned(), numbers, rows, columns, state: state(&found) })
    }

    /// Rows and columns.
    pub(crate) fn dim(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The rows at these places, in this order.
    ///
    /// # Errors
    /// A failed read; a file that was changed since it was opened; a number that is not finite.
    pub(crate) fn rows(&self, places: &[usize]) -> Result<Array2<f64>> {
        let Numbers { element, columns_first, .. } = self.numbers;
        let size = element.size();
        let mut x = Array2::zeros((places.len(), self.columns));
        if columns_first {
            for (column, mut to) in x.columns_mut().into_iter().enumerate() {
                let start = column * self.rows * size;
                self.items(start, size, places, |at, item| to[at] = element.number(item))?;
            }
        } else {
            self.items(0, self.columns * size, places, |at, item| {
                let numbers = item.chunks_exact(size).map(|item| element.number(item));
                x.row_mut(at).iter_mut().zip(numbers).for_each(|(to, number)| *to = number);
            })?;
        }
        self.expect_unchanged()?;
        match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
            None => Ok(x),
            Some(((at, column), value)) => Err(Failure::data(format!(
                "{}: row {}, column {column}: {value} is not a finite number",
                self.path.display(),
                places[at],
            ))
            .help("rows and columns are counted from 0; remove or fill in missing values first, or give a table, whose gaps are filled")),
        }
    }

    /// Calls `each` with the items of `width` bytes at these places, counted from `start`. They are read in the order of the file, those
    /// that lie close together at once.
    fn items(
        &self,
        start: usize,
        width: usize,
        places: &[usize],
        mut each: impl FnMut(usize, &[u8]),
    ) -> Result<()> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        if !places.is_sorted() {
            order.sort_unstable_by_key(|&at| places[at]);
        }
        let together = |one: &usize, next: &usize| (places[*next] - places[*one]) * width <= GAP + width;
        let most = (PIECE / width).max(1);
        let mut buffer = Vec::new();
        for run in order.chunk_by(together) {
            let mut rest = run;
            while let Some(&first) = rest.first() {
                let first = places[first];
                let (part, after) = rest.split_at(rest.partition_point(|&at| places[at] - first < most));
                let last = part.last().map_or(first, |&at| places[at]);
                buffer.resize((last - first + 1) * width, 0);
                let place = self.numbers.start + (start + first * width) as u64;
                self.file.read_exact_at(&mut buffer, place).map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => self.changed(),
                    _ => Failure::io("read", &self.path, Kind::Data, error),
                })?;
                part.iter().for_each(|&at| each(at, &buffer[(places[at] - first) * width..][..width]));
                rest = after;
            }
        }
        Ok(())
    }

    /// What was checked once must still be what is read again.
    fn expect_unchanged(&self) -> Result<()> {
        match self.file.metadata() {
            Ok(found) if state(&found) == self.state => Ok(()),
            Ok(_) => Err(self.changed()),
            Err(error) => Err(Failure::io("read", &self.path, Kind::Data, error)),
        }
    }

    fn changed(&self) -> Failure {
        Failure::data(format!("{}: the file was changed while it was read", self.path.display()))
            .help("begin again, with a file that nobody writes to")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;
    use ndarray::Axis;

    fn stored(columns_first: bool) -> (tempfile::NamedTempFile, Array2<f64>) {
        let x = Array2::from_shape_fn((3000, 7), |(i, j)| (100 * i + j) as f64);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let numbers: Vec<f64> = match columns_first {
            true => x.t().iter().copied().collect(),
            false => x.iter().copied().collect(),
        };
        file.write_all(b"start").unwrap();
        numbers.iter().for_each(|x| file.write_all(&(*x as f32).to_le_bytes()).unwrap());
        (file, x)
    }

    fn open(file: &tempfile::NamedTempFile, columns_first: bool) -> StoredArray {
        let numbers = Numbers { start: 5, element: Element::of("<f4").unwrap(), columns_first };
        StoredArray::new((file.reopen().unwrap(), file.path()), numbers, (3000, 7)).unwrap()
    }

    #[test]
    fn rows_come_in_the_order_in_which_they_are_asked_for() {
        for columns_first in [false, true] {
            let (file, x) = stored(columns_first);
            let array = open(&file, columns_first);
            let shuffled: Vec<usize> = (0..3000).map(|i| i * 1777 % 3000).collect();
            let sparse: Vec<usize> = vec![2999, 5, 5, 4, 1500];
            for places in [(0..3000).collect(), shuffled, sparse, vec![7], vec![]] {
                assert_eq!(array.rows(&places).unwrap(), x.select(Axis(0), &places));
            }
        }
    }

    #[test]
    fn a_number_that_is_none_is_named_and_a_file_that_changes_is_refused() {
        let (mut file, _) = stored(false);
        let array = open(&file, false);
        file.as_file_mut().write_all_at(&f32::NAN.to_le_bytes(), 5 + 4 * (7 * 20 + 3)).unwrap();
        assert!(array.rows(&[20]).unwrap_err().to_string().contains("changed"));
        assert!(open(&file, false).rows(&[1, 20]).unwrap_err().to_string().contains("row 20, column 3: NaN"));
        let array = open(&file, false);
        file.as_file_mut().set_len(1000).unwrap();
        assert!(array.rows(&[2999]).unwrap_err().to_string().contains("changed"));
    }
}
