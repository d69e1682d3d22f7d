//! Tables with gaps, words and dates to numbers, as the command line reads them.

use numpy::{IntoPyArray, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tables::{Overrides, Table};

/// What messages call a table that comes from Python.
const NAME: &str = "X";

/// How the columns of a table become features.
#[pyclass(frozen, module = "train_head._native")]
pub(crate) struct Recipe(tables::Recipe);

#[pymethods]
impl Recipe {
    /// Finds out what the columns of a table hold, given as texts.
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        names: Vec<String>,
        columns: Vec<Vec<String>>,
        categorical: Vec<String>,
        numeric: Vec<String>,
        drop: Vec<String>,
    ) -> PyResult<Self> {
        py.detach(|| {
            let table = table(&names, &columns)?;
            let overrides = Overrides { categorical, numeric, drop, ..Overrides::default() };
            tables::Recipe::fit(&table, None, &[], &overrides).map(Self)
        })
        .map_err(refused)
    }

    /// The recipe that `to_json` wrote.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let recipe = serde_json::from_str(text);
        recipe.map(Self).map_err(|error| PyValueError::new_err(format!("this is no recipe: {error}")))
    }

    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.0).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// For pickles.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Self>().getattr("from_json")?, (self.to_json()?,)))
    }

    /// Features of rows, and what is worth saying of their cells.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        names: Vec<String>,
        columns: Vec<Vec<String>>,
    ) -> PyResult<(Bound<'py, PyArray2<f64>>, Vec<String>)> {
        let applied = py.detach(|| self.0.apply(&table(&names, &columns)?)).map_err(refused)?;
        let notes = applied.notes();
        Ok((applied.x.into_pyarray(py), notes))
    }

    /// Names of the features.
    fn feature_names(&self) -> Vec<String> {
        self.0.feature_names()
    }

    /// What becomes of each column, as a table for people.
    fn describe(&self) -> String {
        self.0.describe().to_string()
    }
}

/// A table of columns that are equally long.
fn table(names: &[String], columns: &[Vec<String>]) -> tables::Result<Table> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let row = |at: usize| columns.iter().filter_map(|column| column.get(at).map(String::as_str)).collect();
    Table::from_rows(NAME, &names, &(0..rows).map(row).collect::<Vec<Vec<&str>>>())
}

fn refused(error: tables::Error) -> PyErr {
    PyValueError::new_err(match error.help() {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    })
}
