//! `decrypt`: a trained head back in the clear.

use std::path::Path;

use fhe_head::ckks::SecretKey;
use fhe_head::client;
use fhe_head::plan::Plan;
use ndarray::Array1;
use serde_json::json;

use super::encrypt::read_secret;
use crate::args::DecryptArgs;
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result, training_failure};
use crate::files::ciphertexts;
use crate::files::folder::OutputFolder;
use crate::files::plan::PlanFile;

/// # Errors
/// Files that are damaged or do not belong together; a head that is garbage; those of writing.
pub(super) fn run(arguments: &DecryptArgs, console: &Console) -> Result<Outcome> {
    let file = PlanFile::read(&arguments.party.plan)?;
    let plan = file.plan()?;
    let secret = read_secret(&arguments.party, &plan)?;
    let (iterations, parameters) = decrypt(&arguments.head, &secret, &plan)?;
    let head = file.head(&parameters, iterations)?;
    console.note(
        "decrypted weights tell about the training data and, in CKKS, about the key: share them with care",
    );

    let folder = OutputFolder::create(&arguments.out)?;
    head.write(&folder.path(""))?;
    folder.commit()?;
    let files = [arguments.out.join("head.safetensors"), arguments.out.join("head.json")];
    let classes = &head.description.classes;
    let text = format!(
        "a head of {} features that tells apart {}\n  {}\n  {}",
        head.description.features,
        classes.listed(),
        files[0].display(),
        files[1].display(),
    );
    let json = json!({
        "features": head.description.features, "classes": classes,
        "files": files,
    });
    Ok(Outcome { json, text })
}

/// Decrypts the parameters of the encrypted space; returns the iterations of the training too.
///
/// # Errors
/// A head of another key or plan; garbage that a diverged training left.
pub(super) fn decrypt(path: &Path, secret: &SecretKey, plan: &Plan) -> Result<(usize, Vec<Array1<f64>>)> {
    let (job, head) = ciphertexts::read_head(path, (secret.parameters(), secret.key_id()))?;
    if job != plan.job {
        return Err(Failure::file(format!("{}: this head was trained by another plan", path.display()))
            .help("give the plan that the data were encrypted by"));
    }
    let parameters = client::decrypt_head(secret, &plan.job, &head).map_err(training_failure)?;
    Ok((head.iteration, parameters))
}
