//! `watch`: the data party looks at a training that is under way: it decrypts the validation logits, shows the curve, and may
//! ask the compute party to stop.

use std::num::NonZeroUsize;
use std::time::Duration;

use fhe_head::metrics::Metrics;
use serde::Serialize;
use serde_json::json;

use super::encrypt::expect_preset;
use super::predict::decrypt_scores;
use crate::args::WatchArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::files::plan::PlanFile;
use crate::files::validation::ValidationFolder;
use crate::{interrupt, samples};

/// How often the folder is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// A point of the curve.
#[derive(Clone, Copy, Debug, Serialize)]
struct Point {
    iteration: usize,
    accuracy: f64,
    log_loss: f64,
}

/// # Errors
/// Files that are damaged or do not belong together; data of another plan; those of writing; ^C.
pub(super) fn run(arguments: WatchArgs, console: &Console) -> Result<Outcome> {
    let folder = ValidationFolder::at(&arguments.dir);
    if let Some(iteration) = arguments.stop {
        folder.stop_at(iteration.get())?;
        let text = format!("the training is asked to end with the head of iteration {iteration}");
        return Ok(Outcome { json: json!({ "stop": iteration }), text });
    }
    let file = PlanFile::read(&arguments.plan)?;
    let source = arguments.data.resolve()?;
    let matrix = samples::read(&source, true, file.feature_names())?.embed(None, console)?;
    let (_, validation) = file.hold_out(matrix)?;
    let Some(validation) = validation else {
        return Err(Failure::parameters("the plan holds no samples out for validation")
            .help("make the plan with `train-head estimate --validation-fraction`"));
    };
    let labels = validation.encode_labels(file.classes(), "the validation samples")?.to_vec();
    let plan = file.plan()?;
    let secret = KeyFolder::at(&arguments.keys).read_secret(&arguments.passphrase)?;
    expect_preset(&secret, &plan)?;

    let point = |iteration: usize| -> Result<Point> {
        let scores = decrypt_scores(&folder.scores(iteration), &secret, &plan, labels.len())?;
        let metrics = Metrics::of_classes(&labels, &file.probabilities(scores).view());
        Ok(Point { iteration, accuracy: metrics.accuracy, log_loss: metrics.log_loss })
    };
    let mut curve: Vec<Point> = Vec::new();
    let stopped = loop {
        interrupt::check()?;
        let found = match folder.iterations() {
            // the compute party has not begun
            Err(failure) if failure.kind() == Kind::File && !arguments.once => Vec::new(),
            found => found?,
        };
        let seen = curve.last().map_or(0, |point| point.iteration);
        for iteration in found.into_iter().filter(|&iteration| iteration > seen) {
            curve.push(point(iteration)?);
            if let Some(point) = curve.last() {
                console.say(&Outcome { json: json!(point), text: line(point) });
            }
        }
        if let Some(best) = arguments.patience.and_then(|patience| lost(&curve, patience)) {
            folder.stop_at(best.iteration)?;
            break Some(best.iteration);
        }
        let over = curve.last().is_some_and(|point| point.iteration >= plan.job.iterations());
        if over || arguments.once || folder.asked_to_stop_at()?.is_some() {
            break None;
        }
        std::thread::sleep(PAUSE);
    };
    Ok(outcome(&curve, stopped, labels.len()))
}

fn outcome(curve: &[Point], stopped: Option<usize>, samples: usize) -> Outcome {
    let best = best(curve);
    let text = match (best, stopped) {
        (None, _) => "no validation yet".to_owned(),
        (Some(_), Some(iteration)) => {
            format!("no progress: the training is asked to end with the head of iteration {iteration}")
        }
        (Some(best), None) => format!("least log loss after iteration {}", best.iteration),
    };
    let json = json!({ "samples": samples, "best": best, "stop": stopped, "curve": curve });
    Outcome { json, text }
}

/// The point of least log loss, the first of several.
fn best(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().reduce(|best, point| if point.log_loss < best.log_loss { point } else { best })
}

/// The best point, if that many came after it.
fn lost(curve: &[Point], patience: NonZeroUsize) -> Option<Point> {
    let best = best(curve)?;
    let later = curve.iter().filter(|point| point.iteration > best.iteration).count();
    (later >= patience.get()).then_some(best)
}

/// A point for a person, with a bar as long as the accuracy.
fn line(point: &Point) -> String {
    const WIDTH: f64 = 40.0;
    let Point { iteration, accuracy, log_loss } = point;
    let bar = "=".repeat((WIDTH * accuracy).round() as usize);
    format!("iteration {iteration:>4}   accuracy {accuracy:.4}   log loss {log_loss:.4}   |{bar:<40}|")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patience_counts_from_the_best_point() {
        let curve: Vec<Point> = [0.6, 0.4, 0.5, 0.45]
            .iter()
            .zip((2..).step_by(2))
            .map(|(&log_loss, iteration)| Point { iteration, accuracy: 0.5, log_loss })
            .collect();
        let lost_after = |points: usize, patience: usize| {
            lost(&curve[..points], NonZeroUsize::new(patience).unwrap()).map(|point| point.iteration)
        };
        assert_eq!(lost_after(0, 1), None);
        assert_eq!(lost_after(2, 1), None);
        assert_eq!(lost_after(3, 1), Some(4));
        assert_eq!(lost_after(3, 2), None);
        assert_eq!(lost_after(4, 2), Some(4));
        assert_eq!(line(&curve[0]).chars().filter(|&c| c == '=').count(), 20);
    }
}
