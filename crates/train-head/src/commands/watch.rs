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
use crate::identity::{Identity, Trust};
use crate::interrupt;
use crate::plan::PlanFile;
use crate::samples::{self, Wanted};

/// Time between two looks at the folder.
const PAUSE: Duration = Duration::from_millis(200);

/// # Errors
/// Files that are damaged or do not belong together; data of another plan; a failed write; ^C.
pub(super) fn run(arguments: &WatchArgs, console: &Console) -> Result<Outcome> {
    let folder = ValidationFolder::at(&arguments.dir);
    let file = PlanFile::read(&arguments.party.plan)?;
    let identity = Identity::mine(&arguments.signer, console)?;
    if let Some(iteration) = arguments.stop {
        let planned = file.job().iterations();
        if iteration.get() > planned {
            return Err(Failure::usage(format!("--stop {iteration}: the plan has {planned} iterations")));
        }
        folder.stop_at(file.run(), iteration.get(), &identity)?;
        let text =
            format!("asked the training to end with the head of iteration {iteration}\n{}", sent_back(true));
        return Ok(Outcome { json: json!({ "stop": iteration, "answers_sent": 1 }), text });
    }
    let trust = Trust::open(&arguments.trust, arguments.signer.identity.as_deref(), console)?;
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
    let mut follower = Follower::new(&party, folder, (&trust, &identity), &validation, arguments.patience)?;
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
        let answered = stopped.is_some() || follower.folder().is_asked_to_stop();
        if answered || follower.is_over() || once {
            return Ok(stopped);
        }
        std::thread::sleep(PAUSE);
    }
}

/// What the compute party learns of decrypted values, counted.
fn sent_back(stop: bool) -> &'static str {
    match stop {
        true => {
            "sent back: one answer, the iteration to end with. That and its time are all that the compute party learns of decrypted values"
        }
        false => {
            "sent back: nothing. That no answer came is all that the compute party learns of decrypted values; the curve is private"
        }
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
    let text = format!("{text}\n{}", sent_back(stopped.is_some()));
    let json = json!({
        "samples": samples, "best": best, "stop": stopped, "curve": curve, "private": true,
        "answers_sent": usize::from(stopped.is_some()),
    });
    Outcome { json, text }
}
