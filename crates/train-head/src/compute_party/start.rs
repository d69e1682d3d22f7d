//! The state that a training starts from.

use fhe_head::Job;
use fhe_head::engine::Encrypted;
use fhe_head::files::Origin;
use fhe_head::server::{self, EncryptedState};

use crate::args::TrainArgs;
use crate::exit::{Failure, Result};
use crate::files::ciphertexts;
use crate::identity::Trust;

/// The state from the encrypted head of an earlier training, if `--warm-start` names one.
///
/// # Errors
/// A head of another kind, key or parameter set, or without levels left. A head, although the data are for a training from zero. No
/// head, although the data are for a training that continues from one.
pub(super) fn earlier_head(
    arguments: &TrainArgs,
    engine: &Encrypted,
    (job, origin): (&Job, &Origin),
    trust: &Trust,
) -> Result<Option<EncryptedState>> {
    let data = arguments.data.display();
    let Some(path) = &arguments.warm_start else {
        return match job.continues() {
            false => Ok(None),
            true => Err(Failure::usage(format!(
                "{data} are for a training that goes on from an earlier head: name it with --warm-start"
            ))),
        };
    };
    if !job.continues() {
        let message = format!("--warm-start: {data} are not for a training that goes on from a head");
        return Err(Failure::usage(message).help("plan it with `train-head estimate --continue-from PLAN`"));
    }
    let keys = engine.keys();
    let (earlier, from, head) = ciphertexts::read_head(path, keys.parameters(), keys.key_id(), trust)?;
    if earlier.head() != job.head() {
        return Err(Failure::file(format!(
            "{}: a head of another kind or other intervals than {data} were encrypted for",
            path.display()
        ))
        .help("give the head of the plan that `estimate --continue-from` got"));
    }
    if origin.continues != Some(from.run) {
        return Err(Failure::file(format!(
            "{} is a head of run {}; {data} are for a training that goes on from another run",
            path.display(),
            from.run
        ))
        .help("give the head of the plan that `estimate --continue-from` got"));
    }
    server::warm_start(engine, job, &earlier, &head).map(Some).map_err(|error| match error {
        fhe_head::Error::Level { .. } => {
            Failure::parameters(format!("{}: the head has too few levels left", path.display()))
                .because(error)
                .help("decrypt it and start from it in the clear: `train-head estimate --warm-start FOLDER`")
        }
        error => error.into(),
    })
}
