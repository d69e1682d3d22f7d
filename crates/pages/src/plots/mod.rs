//! Plots as SVG in one common style.
//!
//! - [`lines`], [`log_lines`], [`square`]: curves; [`side_by_side`] several of them;
//! - [`categories`]: points in rows, with intervals;
//! - [`stacked`], [`ratios`]: horizontal bars.
//!
//! Plots of a kind have the same size and margins, so that they line up side by side. Legends stand above the data. Curves that may hide
//! each other differ in width, dashes and marks, not in colour alone; curves of equal rank that lie apart in dashes and marks.

mod axis;
mod bars;
mod canvas;
mod categories;
mod colour;
mod curves;
mod frame;
mod number;

pub use bars::{Bar, Segment, ratios, stacked};
pub(crate) use canvas::{escape, rules};
pub use categories::{Key, Mark, Scale, categories};
pub use colour::Colour;
pub(crate) use colour::{INKS, Ink};
pub use curves::{Axes, Chart, Look, Series, lines, log_lines, side_by_side, square};
pub use frame::Labels;
pub use number::plain;

/// A plot that was drawn.
#[derive(Clone, Debug)]
pub struct Plot {
    /// An `svg` element that stands alone as a file, too.
    pub svg: String,
    /// Whether it takes the whole width of a page.
    pub wide: bool,
}
