//! Bounds of the numbers in a configuration: within them nothing divides by zero, overflows or asks for all memory.

use crate::error::Result;
use crate::folder::Folder;
use crate::models::backbone::CONFIG;

/// More layers than any model has.
const LAYERS: usize = 1000;
/// More positions than any model has.
const POSITIONS: usize = 1 << 20;
/// More components of a vector than any model has.
const WIDTH: usize = 1 << 20;

/// The configuration that is checked.
pub(super) struct Limits<'a> {
    pub(super) folder: &'a Folder,
}

impl Limits<'_> {
    /// Refuses a value outside `least..=most`.
    pub(super) fn within(&self, name: &str, value: usize, least: usize, most: usize) -> Result<()> {
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(self.folder.invalid(CONFIG, format!("{name} from {least} to {most}"), value.to_string()))
    }

    /// Checks what every transformer has.
    pub(super) fn transformer(
        &self,
        vocabulary: usize,
        widths: [usize; 2],
        layers: usize,
        positions: usize,
    ) -> Result<()> {
        self.within("the size of the vocabulary", vocabulary, 1, 1 << 31)?;
        self.within("the hidden size", widths[0], 1, WIDTH)?;
        self.within("the size of the inner layer", widths[1], 1, WIDTH)?;
        self.within("the number of layers", layers, 1, LAYERS)?;
        self.within("the number of positions", positions, 1, POSITIONS)
    }

    /// Checks heads, whose number must divide into groups that share a key.
    pub(super) fn heads(&self, heads: usize, keys: usize, width: usize) -> Result<()> {
        self.within("the number of attention heads", heads, 1, WIDTH)?;
        self.within("the number of key and value heads", keys, 1, heads)?;
        self.within("the width of a head", width, 1, 1 << 12)?;
        self.within("the width of all heads", heads.saturating_mul(width), 1, WIDTH)?;
        if heads.is_multiple_of(keys) {
            return Ok(());
        }
        let expected = "attention heads that divide into groups with a key and value head each";
        Err(self.folder.invalid(CONFIG, expected, format!("{heads} and {keys}")))
    }

    /// Checks that heads can be rotated, and that the table of angles is not absurd.
    pub(super) fn rotation(&self, width: usize, positions: usize, base: f64) -> Result<()> {
        if !width.is_multiple_of(2) {
            return Err(self.folder.invalid(CONFIG, "heads of an even width, to rotate", width.to_string()));
        }
        if !(base.is_finite() && base > 0.0) {
            return Err(self.folder.invalid(
                CONFIG,
                "a positive base of the rotary angles",
                base.to_string(),
            ));
        }
        self.within("positions times the width of a head", positions.saturating_mul(width), 1, 1 << 27)
    }

    /// Refuses a setting that is not implemented.
    pub(super) fn refuse(&self, found: bool, what: &'static str, value: &str, supported: &str) -> Result<()> {
        if found { Err(self.folder.unsupported(CONFIG, what, value, supported)) } else { Ok(()) }
    }

    /// An activation by its name.
    pub(super) fn activation(&self, name: &str) -> Result<candle_nn::Activation> {
        use candle_nn::Activation;
        match name {
            "gelu" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::NewGelu),
            "relu" => Ok(Activation::Relu),
            "silu" | "swish" => Ok(Activation::Silu),
            _ => Err(self.folder.unsupported(CONFIG, "activation", name, "gelu, gelu_new, relu, silu")),
        }
    }
}
