//! What plots have around their data: title, legend, axes.

use super::Plot;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Pen, Shape, width};
use super::colour::{GRID, Ink};

/// Title of a plot and of its axes. Empty ones are left out.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Above the plot.
    pub title: &'a str,
    /// Below the horizontal axis.
    pub x: &'a str,
    /// Beside the vertical axis.
    pub y: &'a str,
}

/// An entry of the legend.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) sample: Sample,
}

/// What stands before a name in the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// A piece of a bar.
    Bar(Ink),
    /// A curve or its marks.
    Curve { pen: Option<Pen>, mark: Option<(Shape, f64)>, ink: Ink },
}

impl Sample {
    fn draw(self, canvas: &mut Canvas, (x, y): (f64, f64)) {
        match self {
            Self::Bar(ink) => canvas.rectangle((x - 8.0, y - 6.0), (x + 8.0, y + 6.0), ink, 1.0),
            Self::Curve { pen, mark, ink } => {
                if let Some(pen) = pen {
                    canvas.line(&[(x - SAMPLE / 2.0, y), (x + SAMPLE / 2.0, y)], pen);
                }
                if let Some((shape, radius)) = mark {
                    canvas.mark(shape, (x, y), radius, ink);
                }
            }
        }
    }
}

/// Width of a legend's sample.
const SAMPLE: f64 = 30.0;
const TITLE: f64 = 34.0;
const LEGEND: f64 = 22.0;
const RIGHT: f64 = 24.0;
const EDGE: f64 = 14.0;

/// Sizes, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Width of the whole plot.
    pub(super) width: f64,
    /// Height of the data alone.
    pub(super) data: f64,
    /// Room for the labels of the vertical axis.
    pub(super) left: f64,
}

/// A plot whose data remain to be drawn.
pub(super) struct Frame {
    pub(super) canvas: Canvas,
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    /// Draws everything around the data. The legend has room for so many rows at least. `lines` are grid lines along the vertical axis, too.
    pub(super) fn new(
        labels: &Labels<'_>,
        size: Size,
        [x, y]: [Axis; 2],
        (entries, least_rows): (&[Entry<'_>], usize),
        lines: bool,
    ) -> Self {
        let rows = legend_rows(entries, size.width);
        let top = TITLE + LEGEND * rows.len().max(least_rows) as f64 + 6.0;
        let bottom = top + size.data;
        let below = if labels.x.is_empty() { 30.0 } else { 50.0 };
        let mut frame = Self {
            canvas: Canvas::new((size.width, (bottom + below).ceil())),
            x,
            y,
            left: size.left,
            right: size.width - RIGHT,
            top,
            bottom,
        };
        frame.canvas.title((EDGE, TITLE / 2.0 + 2.0), labels.title);
        for (row, entries_of_row) in rows.iter().enumerate() {
            let y = TITLE + LEGEND * (row as f64 + 0.4);
            for &(x, entry) in entries_of_row {
                entry.sample.draw(&mut frame.canvas, (EDGE + x + SAMPLE / 2.0, y));
                frame.canvas.text((EDGE + x + SAMPLE + 6.0, y), Anchor::Start, entry.name);
            }
        }
        frame.axes(labels, lines);
        frame
    }

    fn axes(&mut self, labels: &Labels<'_>, lines: bool) {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        for (value, label) in self.x.ticks.clone() {
            let x = self.at_x(value);
            self.canvas.line(&[(x, top), (x, bottom)], thin(GRID));
            self.canvas.text((x, bottom + 15.0), Anchor::Middle, &label);
        }
        for (value, label) in self.y.ticks.clone() {
            let y = self.at_y(value);
            if lines {
                self.canvas.line(&[(left, y), (right, y)], thin(GRID));
            }
            self.canvas.text((left - 9.0, y), Anchor::End, &label);
        }
        let axis = super::Colour::Grey.ink();
        self.canvas.line(&[(left, top), (left, bottom), (right, bottom)], thin(axis));
        if !labels.x.is_empty() {
            self.canvas.text(((left + right) / 2.0, bottom + 36.0), Anchor::Middle, labels.x);
        }
        if !labels.y.is_empty() {
            self.canvas.upwards((EDGE - 2.0, (top + bottom) / 2.0), labels.y);
        }
    }

    /// Horizontal place of a value, in pixels.
    pub(super) fn at_x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    /// Vertical place of a value, in pixels.
    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.bottom - self.y.place(value) * (self.bottom - self.top)
    }

    /// Place of a point.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// The finished plot.
    pub(super) fn plot(self, wide: bool) -> Plot {
        Plot { svg: self.canvas.svg(), wide }
    }
}

/// A thin solid line.
pub(super) fn thin(ink: Ink) -> Pen {
    Pen { ink, width: 1.0, dashes: "" }
}

/// Entries from left to right, with their place, in as many rows as they need in a plot of this width.
pub(super) fn legend_rows<'a, 'b>(
    entries: &'b [Entry<'a>],
    width_of_plot: f64,
) -> Vec<Vec<(f64, &'b Entry<'a>)>> {
    let room = width_of_plot - 2.0 * EDGE;
    let mut rows: Vec<Vec<(f64, &Entry<'_>)>> = Vec::new();
    let mut x = f64::INFINITY;
    for entry in entries {
        let wide = SAMPLE + 6.0 + width(entry.name) + 18.0;
        if x + wide > room {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, entry));
        }
        x += wide;
    }
    rows
}
