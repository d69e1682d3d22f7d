//! The encoder, and texts to embeddings.

use std::cell::RefCell;
use std::path::Path;

use ndarray::{Array2, aview1};
use text_encoder::{EncoderInfo, LongText, TextEncoder};

use crate::args::Encoder;
use crate::console::Console;
use crate::exit::{Result, encoder_failure};
use crate::files::embedded::{self, Embedded as Kept};
use crate::files::embeddings::UsedEncoder;
use crate::files::remembered::{Remembered, TextDigest, digest};
use crate::interrupt;

/// Texts between two checks for ^C: enough to form batches of equal length.
const STRETCH: usize = 2048;

/// A loaded encoder.
pub(crate) struct LoadedEncoder {
    encoder: TextEncoder,
    name: String,
    /// What it embedded in an earlier run.
    earlier: Remembered,
    /// What it has embedded in this one, if that is asked for in the end.
    made: Option<RefCell<Remembered>>,
    /// Where embeddings are kept as they are made, if they are.
    kept: RefCell<Option<Kept>>,
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
        Ok(Self { encoder, name, earlier: Remembered::default(), made: None, kept: RefCell::default() })
    }

    /// Takes embeddings of an earlier run, if this very encoder made them, and remembers its own.
    pub(crate) fn remembering(self, path: Option<&Path>) -> Self {
        let earlier = path.and_then(|path| Remembered::read(path, self.encoder.info()));
        Self { earlier: earlier.unwrap_or_default(), made: Some(RefCell::default()), ..self }
    }

    /// Keeps embeddings beside `target` as they are made. With `resume`, takes those that an interrupted command kept.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(crate) fn keeping(self, target: &Path, resume: bool) -> Result<Self> {
        let info = self.encoder.info();
        let (kept, earlier) = match resume {
            true => Kept::resume(target, info)?,
            false => (Kept::begin(target, info)?, Remembered::default()),
        };
        Ok(Self { earlier, kept: RefCell::new(Some(kept)), ..self })
    }

    /// Removes what was kept: the embeddings are where they belong.
    pub(crate) fn forget(&self) {
        if let Some(kept) = self.kept.take() {
            kept.discard();
        }
    }

    /// What it has embedded, for the next run.
    pub(crate) fn made(self) -> (Remembered, EncoderInfo) {
        (self.made.map(RefCell::into_inner).unwrap_or_default(), self.encoder.info().clone())
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
    let LoadedEncoder { encoder, earlier, made, kept, .. } = encoder;
    let digests: Vec<TextDigest> = texts.iter().map(|text| digest(text)).collect();
    let mut x = Array2::zeros((texts.len(), encoder.dimension()));
    let mut long = vec![false; texts.len()];
    let mut new = Vec::new();
    for (at, text) in digests.iter().enumerate() {
        match earlier.get(text) {
            Some((row, is_long)) => {
                x.row_mut(at).assign(&aview1(row));
                long[at] = is_long;
            }
            None => new.push(at),
        }
    }
    if new.len() < texts.len() {
        let (known, all) = (texts.len() - new.len(), texts.len());
        let place = if kept.borrow().is_some() { "what was kept" } else { "the output folder" };
        console
            .note(format!("{known} of {all} texts were embedded before by this encoder: taken from {place}"));
    }
    let progress = console.phase("embed", new.len());
    let mut kept = kept.borrow_mut();
    let mut done = 0;
    for part in new.chunks(STRETCH) {
        interrupt::check().map_err(|failure| match (&*kept, done) {
            (Some(_), 1..) => failure.help(embedded::RESUME),
            _ => failure,
        })?;
        let failure = |error| encoder_failure(placed(error, part));
        let texts: Vec<&str> = part.iter().map(|&at| texts[at].as_str()).collect();
        let tokens = encoder.tokenize(&texts).map_err(failure)?;
        let rows = encoder.embed(&tokens, |done| progress.advance(done)).map_err(failure)?;
        for ((&at, row), &is_long) in part.iter().zip(rows.rows()).zip(tokens.long()) {
            x.row_mut(at).assign(&row);
            long[at] = is_long;
        }
        done += part.len();
        if let Some(kept) = kept.as_mut().filter(|_| done < new.len()) {
            for (&at, row) in part.iter().zip(rows.rows()) {
                kept.add(&digests[at], row.iter().copied(), long[at])?;
            }
            kept.keep()?;
        }
    }
    progress.done();
    if let Some(made) = made {
        made.borrow_mut().add(&digests, &x, &long);
    }
    say_long(&long, encoder.info(), console);
    Ok(Embedded { x, long })
}

/// An error about the texts at `places` that names the text where it stands.
fn placed(error: text_encoder::Error, places: &[usize]) -> text_encoder::Error {
    use text_encoder::Error::{NotFinite, Tokenize, Vocabulary};
    let index = match &error {
        Tokenize { index, .. } | Vocabulary { index, .. } | NotFinite { index } => *index,
        _ => return error,
    };
    let place = places.get(index).copied().unwrap_or(index);
    error.counted_from(place.saturating_sub(index))
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
