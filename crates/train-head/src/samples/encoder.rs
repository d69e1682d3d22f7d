//! The encoder, and texts to embeddings.

use ndarray::{Array2, Axis};
use text_encoder::{EncoderInfo, LongText, TextEncoder};

use crate::args::Encoder;
use crate::console::Console;
use crate::exit::{Result, encoder_failure};
use crate::files::embeddings::UsedEncoder;
use crate::interrupt;

/// Texts between two checks for ^C: enough to form batches of equal length.
const STRETCH: usize = 2048;

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

/// Embeddings of texts.
pub(crate) struct Embedded {
    /// Texts by components.
    pub(crate) x: Array2<f32>,
    /// Whether each text has more tokens than the encoder embeds at once.
    pub(crate) long: Vec<bool>,
}

/// Embeds texts, each into a row, and says how many are longer than the encoder's window.
///
/// # Errors
/// Those of the encoder; ^C.
pub(crate) fn embed(encoder: &LoadedEncoder, texts: &[String], console: &Console) -> Result<Embedded> {
    let empty = texts.iter().filter(|text| text.trim().is_empty()).count();
    if empty > 0 {
        let line = format!("{empty} of {} texts are empty and get the same embedding", texts.len());
        console.warn_on_page(&line, format!("{line}: for the head they are all alike."));
    }
    let encoder = &encoder.encoder;
    let progress = console.phase("embed", texts.len());
    let mut x = Array2::zeros((texts.len(), encoder.dimension()));
    let mut long = Vec::with_capacity(texts.len());
    for (part, mut rows) in texts.chunks(STRETCH).zip(x.axis_chunks_iter_mut(Axis(0), STRETCH)) {
        interrupt::check()?;
        let first = long.len();
        let failure = |error: text_encoder::Error| encoder_failure(error.counted_from(first));
        let tokens = encoder.tokenize(part).map_err(failure)?;
        long.extend_from_slice(tokens.long());
        rows.assign(&encoder.embed(&tokens, |done| progress.advance(done)).map_err(failure)?);
    }
    progress.done();
    say_long(&long, encoder.info(), console);
    Ok(Embedded { x, long })
}

/// How many texts have more tokens than the encoder embeds at once.
///
/// # Errors
/// Those of the encoder; ^C.
pub(crate) fn long_texts(encoder: &LoadedEncoder, texts: &[String], console: &Console) -> Result<usize> {
    let progress = console.phase("count tokens", texts.len());
    let mut long = 0;
    for (at, part) in texts.chunks(STRETCH).enumerate() {
        interrupt::check()?;
        let failure = |error: text_encoder::Error| encoder_failure(error.counted_from(at * STRETCH));
        let tokens = encoder.encoder.tokenize(part).map_err(failure)?;
        long += tokens.long().iter().filter(|&&long| long).count();
        progress.advance(part.len());
    }
    progress.done();
    Ok(long)
}

/// Says how many texts are long, and what became of them.
fn say_long(long: &[bool], encoder: &EncoderInfo, console: &Console) {
    let count = long.iter().filter(|&&long| long).count();
    if count == 0 {
        return;
    }
    let line = format!(
        "{count} of {} texts have more than the {} tokens that the encoder embeds at once",
        long.len(),
        encoder.max_seq_length
    );
    match encoder.long_text {
        LongText::Truncate => console.warn(format!("{line}: the rest was cut off (--long-text)")),
        LongText::HeadTail => console.note(format!("{line}: their middle was left out (--long-text)")),
        _ => console.note(format!("{line}: the mean of windows over them was taken (--long-text)")),
    }
}
