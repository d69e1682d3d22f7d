//! Parameter sets by name.

use std::sync::{Mutex, PoisonError};

use fhe_head::Scheme;

use crate::exit::{Failure, Result};

/// The preset of this name, with its bootstrap. Its tables for the transforms are computed once in a process, since plan, keys and
/// ciphertexts each name their preset.
///
/// # Errors
/// No preset has this name, or it has less than 128 bits of security.
pub(crate) fn preset(name: &str) -> Result<Scheme> {
    static BUILT: Mutex<Vec<Scheme>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(scheme) = built.iter().find(|scheme| scheme.name() == name) {
        return Ok(scheme.clone());
    }
    let scheme = build(name)?;
    built.push(scheme.clone());
    Ok(scheme)
}

fn build(name: &str) -> Result<Scheme> {
    let refused = |why: String| {
        Failure::parameters(why)
            .help("`train-head presets` lists the parameter sets; all of them have 128 bits of security")
    };
    let scheme = Scheme::by_name(name).map_err(|error| refused(error.to_string()))?;
    if scheme.parameters().security_bits() < 128 {
        return Err(refused(format!("the parameter set `{name}` is not secure")));
    }
    Ok(scheme)
}
