//! The tensors of `head.safetensors`.

use std::path::Path;

use fhe_head::Functions;
use head_fit::{LinearLayer, Model};

use super::description::{Description, Hidden};
use crate::exit::{Failure, Result};
use crate::files;
use crate::files::tensors::{self, Tensor, Tensors};

/// The contents of the file with the weights of a head.
///
/// # Errors
/// None in practice: the tensors have names of their own.
pub(super) fn to_bytes(head: &Model) -> Result<Vec<u8>> {
    let Model { hidden, output, .. } = head;
    let tensors = match hidden {
        Some((layer, _)) => vec![
            Tensor::new("coefs.0", &layer.coef.t()),
            Tensor::new("intercepts.0", &layer.intercept.view()),
            Tensor::new("coefs.1", &output.coef.t()),
            Tensor::new("intercepts.1", &output.intercept.view()),
        ],
        None => {
            vec![Tensor::new("coef", &output.coef.view()), Tensor::new("intercept", &output.intercept.view())]
        }
    };
    tensors::to_bytes(&tensors)
}

/// The digest of the file that the description holds.
pub(super) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Reads the weights of a head, which must have the shapes of its description.
///
/// # Errors
/// A file that is missing, damaged or of other shapes.
pub(super) fn read(description: &Description, path: &Path) -> Result<Model> {
    let bytes = files::read(path)?;
    let refuse = |what: &str| {
        Failure::file(format!("{}: {what}", path.display()))
            .help("the file is damaged: decrypt the head again")
    };
    if digest(&bytes) != description.weights {
        return Err(refuse("not the weights that the description beside it is of"));
    }
    model(description, &bytes).map_err(|what| refuse(&what))
}

fn model(description: &Description, bytes: &[u8]) -> Result<Model, String> {
    let tensors = Tensors::of(bytes)?;
    let (outputs, features) = (description.outputs(), description.features);
    let mut functions = Functions::Polynomials;
    let (hidden, output) = match &description.hidden {
        None => {
            let coef = tensors.matrix("coef", [outputs, features])?;
            (None, LinearLayer { coef, intercept: tensors.vector("intercept", outputs)? })
        }
        Some(Hidden { hidden_layer_sizes: [units], activation, functions: of_units, .. }) => {
            functions = *of_units;
            let coef = tensors.matrix("coefs.0", [features, *units])?.reversed_axes();
            let layer = LinearLayer { coef, intercept: tensors.vector("intercepts.0", *units)? };
            let coef = tensors.matrix("coefs.1", [*units, outputs])?.reversed_axes();
            let output = LinearLayer { coef, intercept: tensors.vector("intercepts.1", outputs)? };
            (Some((layer, *activation)), output)
        }
    };
    Ok(Model { hidden, functions, ..Model::linear(output, description.link.of_model()) })
}
