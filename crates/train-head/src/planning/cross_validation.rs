//! A chosen method on held-out samples, as encryption would train it: polynomials, levels, scales, and an estimate of the noise.

use fhe_head::Functions;
use head_fit::{Classifier, Kind, Training, folds_of_targets};
use ndarray::{Array1, Array2, Axis};
use serde::Serialize;

use super::Planned;
use crate::console::Console;
use crate::exit::Result;
use crate::files::head::{EVEN, predicted};
use crate::interrupt;
use crate::samples::Matrix;
use crate::targets::{Scores, Vocabulary};

const FOLDS: usize = 3;

/// The measures of a method on the held-out samples of all folds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Validated {
    /// Number of folds.
    pub(crate) folds: usize,
    /// In the plain twin: exact arithmetic and functions.
    pub(crate) plain: Scores,
    /// In the simulated twin: as encryption would do it.
    pub(crate) simulate: Scores,
    /// Standard deviation of the noise that encryption leaves in a weight, relative to the largest weight; the maximum over the
    /// folds.
    pub(crate) noise: f64,
}

/// Trains the planned method on all folds but one, for each fold, in plain arithmetic and in simulation on the planned parameter set.
/// Intervals that the flags leave open follow from the training part of each fold.
///
/// # Errors
/// Too few samples for the folds; a training that encryption would refuse.
pub(crate) fn validate(
    planned: &Planned,
    matrix: &Matrix,
    y: &Array2<f64>,
    vocabulary: &Vocabulary,
    console: &Console,
) -> Result<Validated> {
    let options = open_intervals(planned);
    let (mut tested, mut folds) = (Vec::with_capacity(y.nrows()), Vec::with_capacity(FOLDS));
    let phase = console.phase("validate", FOLDS);
    for fold in folds_of_targets(vocabulary.targets(), &y.view(), FOLDS, options.random_state) {
        interrupt::check()?;
        let (training, test) = (matrix.select(&fold.train), matrix.select(&fold.test));
        let train_y = y.select(Axis(0), &fold.train);
        let scheme = &planned.training.scheme;
        let training = options.prepare_on(scheme, &training.data(&train_y, vocabulary)?, None)?;
        folds.push(both_twins(&training, &test)?);
        tested.extend(fold.test);
        phase.step();
    }
    phase.done();
    let (count, y) = (vocabulary.names().len(), y.select(Axis(0), &tested));
    let measure = |twin: fn(&Fold) -> &Array2<f64>| -> Result<Scores> {
        let rows: Vec<_> = folds.iter().flat_map(|fold| twin(fold).outer_iter()).collect();
        let p = Array2::from_shape_fn((rows.len(), count), |(row, column)| rows[row][column]);
        Scores::new(vocabulary.targets(), &y.view(), &p.view(), &vec![EVEN; count])
    };
    let (plain, simulate) = (measure(|fold| &fold.plain)?, measure(|fold| &fold.simulated)?);
    let noise = folds.iter().fold(0.0, |most: f64, fold| most.max(fold.noise));
    Ok(Validated { folds: FOLDS, plain, simulate, noise })
}

/// The chosen method, with the intervals open that the flags leave open.
fn open_intervals(planned: &Planned) -> Classifier {
    let (asked, chosen) = (&planned.asked, &planned.training.options);
    let kind = match (asked.kind, chosen.kind) {
        (Kind::Mlp { activation_interval, .. }, Kind::Mlp { hidden, activation, .. }) => {
            Kind::Mlp { hidden, activation, activation_interval }
        }
        (_, chosen) => chosen,
    };
    Classifier { kind, interval: asked.interval, ..chosen.clone() }
}

/// What the twins of one training predict for the samples of its fold.
struct Fold {
    /// Predictions of the plain twin: samples (rows) by classes, labels or numbers (columns).
    plain: Array2<f64>,
    /// A failure of the simulated twin.
    simulated: Array2<f64>,
    /// Standard deviation of the noise in a weight, relative to the largest weight.
    noise: f64,
}

fn both_twins(training: &Training, test: &Matrix) -> Result<Fold> {
    let predict = |weights: &[Array1<f64>], functions| {
        predicted(&training.model(weights)?.with_functions(functions), &test.x.view())
    };
    let simulation = training.train_simulated()?;
    let weights = training.train_plain()?;
    let largest = simulation.weights.iter().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
    Ok(Fold {
        plain: predict(&weights, Functions::Exact)?,
        simulated: predict(&simulation.weights, Functions::Polynomials)?,
        noise: simulation.error_std / largest,
    })
}
