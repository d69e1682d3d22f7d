//! `watch`: the data party looks at a training that is under way: it decrypts the validation logits, shows the curve, and may
//! ask the compute party to stop.

use std::time::Duration;

use serde_json::json;

use super::encrypt::read_secret;
use super::follow::{Follower, Point, best, line};
use crate::args::WatchArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Kind, Result};
use crate::files::plan::PlanFile;
use crate::files::validation::ValidationFolder;
use crate::{interrupt, samples};

/// How often the folder is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// # Errors
/// Files that are damaged or do not belong together; data of another plan; those of writing; ^C.
pub(super) fn run(arguments: WatchArgs, console: &Console) -> Result<Outcome> {
    let folder = ValidationFolder::at(&arguments.dir);
    if let Some(iteration) = arguments.stop {
        folder.stop_at(iteration.get())?;
        let text = format!("the training is asked to end with the head of iteration {iteration}");
        return Ok(Outcome { json: json!({ "stop": iteration }), text });
    }
    let file = PlanFile::read(&arguments.party.plan)?;
    let source = arguments.data.resolve()?;
    let matrix = samples::read(&source, true, file.feature_names())?.embed(None, console)?;
    let (_, validation) = file.hold_out(matrix)?;
    let Some(validation) = validation else {
        return Err(Failure::parameters("the plan holds no samples out for validation")
            .help("make the plan with `train-head estimate --validation-fraction`"));
    };
    let plan = file.plan()?;
    let secret = read_secret(&arguments.party, &plan)?;
    let mut follower = Follower::new(folder, &secret, (&file, &plan), &validation, arguments.patience)?;
    let stopped = loop {
        interrupt::check()?;
        let found = match follower.folder().iterations() {
            // the compute party has not begun
            Err(failure) if failure.kind() == Kind::File && !arguments.once => Vec::new(),
            found => found?,
        };
        let stopped = follower.look(found, |point| {
            console.say(&Outcome { json: json!(point), text: line(point) });
        })?;
        let answered = stopped.is_some() || follower.folder().asked_to_stop_at()?.is_some();
        if answered || follower.is_over() || arguments.once {
            break stopped;
        }
        std::thread::sleep(PAUSE);
    };
    Ok(outcome(follower.curve(), stopped, follower.samples()))
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
