//! `watch`: the data party follows a training that runs. It decrypts the validation scores, shows the curve, and may ask the
//! compute party to stop.

use std::time::Duration;

use serde_json::json;

use crate::args::WatchArgs;
use crate::console::{Console, Outcome};
use crate::data_party::DataParty;
use crate::data_party::curve::{Point, best};
use crate::data_party::follow::Follower;
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::files::validation::ValidationFolder;
use crate::interrupt;
use crate::plan::PlanFile;
use crate::samples::{self, Wanted};

/// Time between two looks at the folder.
const PAUSE: Duration = Duration::from_millis(200);

/// # Errors
/// Files that are damaged or do not belong together; data of another plan; a failed write; ^C.
pub(super) fn run(arguments: &WatchArgs, console: &Console) -> Result<Outcome> {
    let folder = ValidationFolder::at(&arguments.dir);
    if let Some(iteration) = arguments.stop {
        folder.stop_at(iteration.get())?;
        let text = format!("asked the training to end with the head of iteration {iteration}");
        return Ok(Outcome { json: json!({ "stop": iteration }), text });
    }
    let file = PlanFile::read(&arguments.party.plan)?;
    let labels_as = file.vocabulary().labels_as();
    let wanted = Wanted {
        labels: true,
        labels_as,
        groups: file.group_column(),
        known: Some(file.known()),
        ..Wanted::default()
    };
    let raw = samples::read(&arguments.data.resolve()?, wanted, console)?;
    let matrix = raw.matrix(None, file.recipe(), console)?;
    let (_, validation) = file.hold_out(matrix)?;
    let Some(validation) = validation else {
        return Err(Failure::parameters("the plan holds no samples out for validation")
            .help("make the plan with `train-head estimate --validation-fraction`"));
    };
    let keys = KeyFolder::at(&arguments.party.keys);
    let party = DataParty::unlock(file, &keys, &arguments.party.passphrase)?;
    let mut follower = Follower::new(&party, folder, &validation, arguments.patience)?;
    let stopped = follow(&mut follower, arguments.once, console)?;
    Ok(outcome(follower.curve(), stopped, follower.samples()))
}

/// Looks at the folder until the training is over or was asked to stop, or `once`. Returns the iteration that it was asked to end
/// with.
fn follow(follower: &mut Follower<'_>, once: bool, console: &Console) -> Result<Option<usize>> {
    loop {
        interrupt::check()?;
        let found = match follower.folder().iterations() {
            // the compute party has not begun
            Err(failure) if failure.kind() == Kind::File && !once => Vec::new(),
            found => found?,
        };
        let stopped = follower.look(found, |point| {
            console.say(&Outcome { json: json!(point), text: point.line() });
        })?;
        let answered = stopped.is_some() || follower.folder().asked_to_stop_at()?.is_some();
        if answered || follower.is_over() || once {
            return Ok(stopped);
        }
        std::thread::sleep(PAUSE);
    }
}

fn outcome(curve: &[Point], stopped: Option<usize>, samples: usize) -> Outcome {
    let best = best(curve);
    let text = match (best, stopped) {
        (None, _) => "no validation yet".to_owned(),
        (Some(_), Some(iteration)) => {
            format!("no progress: asked the training to end with the head of iteration {iteration}")
        }
        (Some(best), None) => format!("lowest log loss after iteration {}", best.iteration),
    };
    let json = json!({ "samples": samples, "best": best, "stop": stopped, "curve": curve });
    Outcome { json, text }
}
