//! Parameter sets by name.

use std::sync::{Mutex, PoisonError};

use fhe_head::ckks::{Parameters, presets};

use crate::exit::{Failure, Result};

/// The preset of this name. Its tables for the transforms are computed once in a process, since plan, keys and ciphertexts each name
/// their preset.
///
/// # Errors
/// No preset has this name, or it has less than 128 bits of security.
pub(crate) fn preset(name: &str) -> Result<Parameters> {
    static BUILT: Mutex<Vec<Parameters>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(parameters) = built.iter().find(|parameters| parameters.name() == name) {
        return Ok(parameters.clone());
    }
    let parameters = build(name)?;
    built.push(parameters.clone());
    Ok(parameters)
}

fn build(name: &str) -> Result<Parameters> {
    let refused = |why: String| {
        Failure::parameters(why)
            .help("`train-head presets` lists the parameter sets; all of them have 128 bits of security")
    };
    let parameters = presets::by_name(name).map_err(|error| refused(error.to_string()))?;
    if parameters.security_bits() < 128 {
        return Err(refused(format!("the parameter set `{name}` is not secure")));
    }
    Ok(parameters)
}
