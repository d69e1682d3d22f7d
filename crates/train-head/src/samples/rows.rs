//! Features in memory, or in the file from which some rows are read at a time.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, Axis, CowArray, Ix2, s};

use crate::exit::Result;
use crate::input::StoredArray;

/// Features of samples: samples (rows) by features (columns).
pub(crate) trait Rows: Sync {
    /// Rows and columns.
    fn dim(&self) -> (usize, usize);

    /// Some rows that follow each other.
    ///
    /// # Errors
    /// What prevents reading them; a number that is not finite.
    fn range(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>>;

    /// The rows at these places, in this order.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn at(&self, places: &[usize]) -> Result<Array2<f64>>;

    /// The same features of the samples at these places alone, in this order.
    #[must_use]
    fn selected(&self, places: &[usize]) -> Self
    where
        Self: Sized;
}

impl Rows for Array2<f64> {
    fn dim(&self) -> (usize, usize) {
        (self.nrows(), self.ncols())
    }

    fn range(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        Ok(self.slice(s![rows, ..]).into())
    }

    fn at(&self, places: &[usize]) -> Result<Array2<f64>> {
        Ok(self.select(Axis(0), places))
    }

    fn selected(&self, places: &[usize]) -> Self {
        self.select(Axis(0), places)
    }
}

/// Features wherever they are.
#[derive(Clone, Debug)]
pub(crate) enum AnyRows {
    /// In memory.
    Here(Array2<f64>),
    /// In a file.
    Stored {
        /// All rows of the file.
        array: Arc<StoredArray>,
        /// Those that are meant, in their order; all of them if `None`.
        places: Option<Vec<usize>>,
    },
}

impl AnyRows {
    /// Whether they stay in a file.
    pub(crate) fn are_stored(&self) -> bool {
        matches!(self, Self::Stored { .. })
    }
}

impl Rows for AnyRows {
    fn dim(&self) -> (usize, usize) {
        match self {
            Self::Here(x) => x.dim(),
            Self::Stored { array, places } => {
                let (rows, columns) = array.dim();
                (places.as_ref().map_or(rows, Vec::len), columns)
            }
        }
    }

    fn range(&self, rows: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        match self {
            Self::Here(x) => x.range(rows),
            Self::Stored { array, places: Some(places) } => Ok(array.rows(&places[rows])?.into()),
            Self::Stored { array, places: None } => Ok(array.rows(&rows.collect::<Vec<_>>())?.into()),
        }
    }

    fn at(&self, places: &[usize]) -> Result<Array2<f64>> {
        match self {
            Self::Here(x) => x.at(places),
            Self::Stored { array, places: Some(all) } => {
                array.rows(&places.iter().map(|&place| all[place]).collect::<Vec<_>>())
            }
            Self::Stored { array, places: None } => array.rows(places),
        }
    }

    fn selected(&self, chosen: &[usize]) -> Self {
        match self {
            Self::Here(x) => Self::Here(x.selected(chosen)),
            Self::Stored { array, places } => {
                let of = |&place: &usize| places.as_ref().map_or(place, |places| places[place]);
                Self::Stored { array: array.clone(), places: Some(chosen.iter().map(of).collect()) }
            }
        }
    }
}
