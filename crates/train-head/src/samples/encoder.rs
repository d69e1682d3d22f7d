//! The encoder, and texts to embeddings.

use ndarray::{Array2, Axis};
use text_encoder::TextEncoder;

use crate::args::Encoder;
use crate::console::Console;
use crate::exit::{Result, encoder_failure};
use crate::files::embeddings::UsedEncoder;
use crate::interrupt;

/// A loaded encoder.
pub(crate) struct LoadedEncoder {
    encoder: TextEncoder,
    name: String,
}

impl LoadedEncoder {
    /// Loads an encoder.
    ///
    /// # Errors
    /// No encoder has this name, or its folder is incomplete or damaged.
    pub(crate) fn load(wanted: Encoder, console: &Console) -> Result<Self> {
        let Encoder { name, source, mut options } = wanted;
        options.hub.observer = console.downloads();
        let encoder = TextEncoder::load(&source, &options).map_err(encoder_failure)?;
        Ok(Self { encoder, name })
    }

    /// What files record of it.
    pub(crate) fn used(&self) -> UsedEncoder {
        UsedEncoder { info: self.encoder.info().clone(), source: self.name.clone() }
    }
}

/// Embeds texts, each into a row.
///
/// # Errors
/// Those of the encoder; ^C.
pub(crate) fn embed(encoder: &LoadedEncoder, texts: &[String], console: &Console) -> Result<Array2<f32>> {
    /// Texts between two checks for ^C: enough to form batches of equal length.
    const STRETCH: usize = 2048;
    let empty = texts.iter().filter(|text| text.trim().is_empty()).count();
    if empty > 0 {
        console.warn(format!("{empty} of {} texts are empty and get the same embedding", texts.len()));
    }
    let encoder = &encoder.encoder;
    let progress = console.phase("embed", texts.len());
    let mut x = Array2::zeros((texts.len(), encoder.dimension()));
    for (part, mut rows) in texts.chunks(STRETCH).zip(x.axis_chunks_iter_mut(Axis(0), STRETCH)) {
        interrupt::check()?;
        rows.assign(&encoder.encode(part, |done| progress.advance(done)).map_err(encoder_failure)?);
    }
    progress.done();
    Ok(x)
}
