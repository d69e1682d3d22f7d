//! Errors of the libraries as Python's exceptions: wrong values are `ValueError`s, files are `OSError`s, and what encryption alone knows
//! has a class of its own.

use head_fit::Error;
use head_fit::fhe_head::ckks;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};

create_exception!(
    train_head,
    DivergedError,
    PyValueError,
    "The training left the interval on which its polynomials hold, or would leave it."
);
create_exception!(
    train_head,
    ParametersError,
    PyValueError,
    "A parameter set is insecure, too small, or lacks the bootstrap that the training needs."
);

/// An error of long work.
pub(crate) enum Failure {
    Fit(Error),
    Encoder(text_encoder::Error),
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fit(error)
    }
}

impl From<text_encoder::Error> for Failure {
    fn from(error: text_encoder::Error) -> Self {
        Self::Encoder(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fit(error) => of_training(&error),
            Failure::Encoder(error) => of_encoder(&error),
            Failure::Python(error) => error,
        }
    }
}

fn of_training(error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Stopped => PyKeyboardInterrupt::new_err(()),
        Error::OutsideInterval { .. } | Error::Diverged { .. } | Error::ScoresDiverged { .. } => {
            DivergedError::new_err(message)
        }
        Error::Parameter { name: "preset" | "features", .. }
        | Error::NeedsBootstrapping { .. }
        | Error::NoBootstrapping { .. }
        | Error::Precision { .. }
        | Error::Ckks(ckks::Error::Insecure { .. } | ckks::Error::InvalidParameters(_)) => {
            ParametersError::new_err(message)
        }
        Error::Parameter { .. } | Error::Shape { .. } | Error::Data(_) => PyValueError::new_err(message),
        Error::File(_) => PyOSError::new_err(message),
        _ => PyRuntimeError::new_err(message),
    }
}

/// What went wrong with an encoder, and the causes.
fn of_encoder(error: &text_encoder::Error) -> PyErr {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    PyValueError::new_err(message)
}
