//! The tensors of `head.safetensors`.

use std::path::Path;

use fhe_head::Functions;
use head_fit::{LinearLayer, Model};

use super::description::{Description, Hidden};
use crate::exit::{Failure, Kind, Result};
use crate::files::tensors::{Tensor, Tensors, to_bytes};
use crate::files::{Access, write_bytes};

/// Writes the weights of a head.
///
/// # Errors
/// A failure of the operating system.
pub(super) fn write(head: &Model, path: &Path, access: Access) -> Result<()> {
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
    write_bytes(path, access, &to_bytes(&tensors)?)
}

/// Reads the weights of a head, which must have the shapes of its description.
///
/// # Errors
/// A file that is missing, damaged or of other shapes.
pub(super) fn read(description: &Description, path: &Path) -> Result<Model> {
    let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, Kind::File, error))?;
    model(description, &bytes).map_err(|what| {
        Failure::file(format!("{}: {what}", path.display()))
            .help("the file is damaged: export the head again")
    })
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
