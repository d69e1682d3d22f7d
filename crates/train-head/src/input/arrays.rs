//! Features in NumPy arrays.

use std::path::Path;

use ndarray::Array2;

use super::npy::{self, Npy};
use crate::exit::{Failure, Result};

/// Whether a path ends in `.npy`.
pub(crate) fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Reads samples by features.
///
/// # Errors
/// What [`npy`] refuses; texts; another number of axes; no rows; a number that is not finite.
pub(crate) fn read_array(path: &Path) -> Result<Array2<f64>> {
    let Npy::Numbers { shape, values } = npy::read(path)? else {
        return Err(Failure::data(format!("{}: an array of texts; features are expected", path.display())));
    };
    let [rows, columns] = shape[..] else {
        return Err(Failure::data(format!(
            "{}: an array of shape {shape:?}; samples by features are expected",
            path.display()
        )));
    };
    if rows == 0 || columns == 0 {
        return Err(Failure::data(format!("{}: an empty array, of shape {shape:?}", path.display())));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(Failure::data(format!(
            "{}: row {}, column {}: {} is not a finite number",
            path.display(),
            at / columns,
            at % columns,
            values[at]
        ))
        .help("rows and columns are counted from 0; remove or fill in missing values first, or give a table, whose gaps are filled"));
    }
    Array2::from_shape_vec((rows, columns), values)
        .map_err(|error| Failure::unexpected(format!("{}: {shape:?}", path.display())).because(error))
}
