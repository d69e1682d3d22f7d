//! Points in rows, one row for each category.

use super::axis::{Axis, around, around_positive};
use super::canvas::{Pen, Shape, width};
use super::frame::{Entry, Frame, Sample, Size, thin};
use super::{Colour, Labels, Plot};

/// Width of plots by category.
pub(super) const WIDE: f64 = 880.0;

/// A point with its interval in the row of a category.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Index of the category.
    pub row: usize,
    /// Position within the row, from -0.5 to 0.5.
    pub offset: f64,
    /// Where it lies. One that is not finite, or on a logarithmic scale not positive, is left out.
    pub value: f64,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// Its colour.
    pub colour: Colour,
}

/// An entry of the legend: all marks of a colour.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// What they are.
    pub name: &'a str,
    /// Their colour.
    pub colour: Colour,
}

/// Scale of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    Linear,
    /// Equal factors, where values differ by orders of magnitude.
    Logarithmic,
}

/// Points by category. Only marks with a colour in `keys` are drawn. Bands from `-b` to `b` are shaded for each `b` in `bands`.
pub fn categories(
    labels: &Labels<'_>,
    rows: &[String],
    marks: &[Mark],
    keys: &[Key<'_>],
    bands: &[f64],
    scale: Scale,
) -> Plot {
    let ends = marks.iter().flat_map(|mark| mark.interval.unwrap_or([mark.value; 2]));
    let values = ends.chain(bands.iter().flat_map(|band| [-band, *band])).filter(|value| value.is_finite());
    let x = match scale {
        Scale::Linear => Axis::linear(around(values, 0.05), 8),
        Scale::Logarithmic => Axis::decades(around_positive(values, 1.5)),
    };
    let shapes: Vec<(Key<'_>, Shape)> = keys.iter().copied().zip(Shape::ALL.into_iter().cycle()).collect();
    let entries: Vec<Entry<'_>> = shapes
        .iter()
        .map(|&(key, shape)| {
            let sample = Sample::Curve { pen: None, mark: Some((shape, 4.5)), ink: key.colour.ink() };
            Entry { name: key.name, sample }
        })
        .collect();
    let mut frame = Frame::new(labels, size(rows, 32.0), [x, Axis::rows(rows)], (&entries, 0), true);
    let last = rows.len() as f64 - 0.5;
    for band in bands {
        let corners = [frame.at((-band, -0.5)), frame.at((*band, last))];
        frame.canvas.rectangle(corners[0], corners[1], Colour::Green.ink(), 0.1);
    }
    let shown = |mark: &&Mark| mark.value.is_finite() && (scale == Scale::Linear || mark.value > 0.0);
    for (key, shape) in shapes {
        let ink = key.colour.ink();
        for mark in marks.iter().filter(|mark| mark.colour == key.colour).filter(shown) {
            let row = mark.row as f64 + mark.offset;
            if let Some(interval) = mark.interval {
                let ends = interval.map(|end| frame.at((end, row)));
                frame.canvas.line(&ends, Pen { width: 2.0, ..thin(ink) });
            }
            let at = frame.at((mark.value, row));
            frame.canvas.mark(shape, at, 4.5, ink);
        }
    }
    frame.plot(true)
}

/// The size of a plot with rows, whose names get the room that they need.
pub(super) fn size(rows: &[String], height: f64) -> Size {
    let longest = rows.iter().map(|row| width(row)).fold(0.0, f64::max);
    let left = (longest + 26.0).clamp(120.0, 0.55 * WIDE);
    Size { width: WIDE, data: height * rows.len().max(1) as f64, left }
}
