//! Curves.

use std::ops::Range;

use super::axis::{Axis, around, around_positive};
use super::canvas::{Pen, Shape};
use super::frame::{Entry, Frame, Sample, Size, thin};
use super::{Colour, Labels, Plot};

/// A curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// Coordinates x, y. Points that are not finite are left out.
    pub points: Vec<(f64, f64)>,
    /// Vertical interval of each point; empty for none.
    pub intervals: Vec<[f64; 2]>,
    /// How it is drawn.
    pub look: Look,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A line with a mark at each point: measurements.
    Marked,
    /// A line without marks: a curve of many points.
    Smooth,
    /// A thin line: a reference or an estimate.
    Thin,
    /// Marks alone.
    Points,
}

const SMALL: Size = Size { width: 420.0, data: 220.0, left: 80.0 };

/// Curves with logarithmic axes: powers of two across, powers of ten upwards.
pub fn log_lines(labels: &Labels<'_>, series: &[Series]) -> Plot {
    let points = || series.iter().flat_map(|one| &one.points);
    let x = Axis::doublings(around_positive(points().map(|point| point.0), 1.2));
    let y = Axis::decades(around_positive(points().map(|point| point.1), 1.4));
    draw(labels, series, SMALL, [x, y])
}

/// Curves over iterations. The vertical axis fits the values and their intervals.
pub fn lines(labels: &Labels<'_>, series: &[Series]) -> Plot {
    let points = || series.iter().flat_map(|one| &one.points);
    let x = around(points().map(|point| point.0), 0.04);
    let ends = series.iter().flat_map(|one| one.intervals.iter().flatten().copied());
    let y = around(points().map(|point| point.1).chain(ends).filter(|y| y.is_finite()), 0.1);
    draw(labels, series, SMALL, [Axis::whole(x, 8), Axis::linear(y, 6)])
}

/// Curves with the same range on both axes.
pub fn square(labels: &Labels<'_>, series: &[Series], range: Range<f64>) -> Plot {
    let axis = || Axis::linear(range.clone(), 6);
    draw(labels, series, Size { data: 300.0, ..SMALL }, [axis(), axis()])
}

fn draw(labels: &Labels<'_>, series: &[Series], size: Size, axes: [Axis; 2]) -> Plot {
    let styles = styles(series);
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (one, &Style { pen, line, mark }) in series.iter().zip(&styles) {
        let sample = Sample::Curve { pen: line.then_some(pen), mark, ink: pen.ink };
        entries.push(Entry { name: &one.name, sample });
    }
    let mut frame = Frame::new(labels, size, axes, &entries, true);
    for (one, style) in series.iter().zip(&styles) {
        for (point, interval) in one.points.iter().zip(&one.intervals) {
            let ends = interval.map(|end| frame.at((point.0, end)));
            frame.canvas.line(&ends, Pen { width: 1.5, ..thin(style.pen.ink) });
        }
        let finite = one.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        let points: Vec<(f64, f64)> = finite.map(|&point| frame.at(point)).collect();
        if one.look != Look::Points && points.len() > 1 {
            frame.canvas.line(&points, style.pen);
        }
        if let Some((shape, radius)) = style.mark {
            points.iter().for_each(|&at| frame.canvas.mark(shape, at, radius, style.pen.ink));
        }
    }
    frame.plot(false)
}

/// Pen and mark of a curve.
#[derive(Clone, Copy, Debug)]
struct Style {
    pen: Pen,
    line: bool,
    mark: Option<(Shape, f64)>,
}

/// Styles of all curves. Later ones are drawn upon earlier ones: thinner or with gaps, and with smaller marks, so that those below show
/// even where all lie upon each other.
fn styles(series: &[Series]) -> Vec<Style> {
    const PENS: [(f64, &str, f64); 4] =
        [(5.0, "", 5.5), (2.8, "9 6", 4.0), (1.4, "", 2.8), (2.2, "2 3", 2.4)];
    let mut place = 0;
    let style = |one: &Series| {
        let ink = one.colour.ink();
        if one.look == Look::Thin {
            return Style { pen: Pen { ink, width: 1.2, dashes: "4 3" }, line: true, mark: None };
        }
        let (width, dashes, radius) = PENS[place % PENS.len()];
        let shape = Shape::ALL[place % Shape::ALL.len()];
        place += 1;
        if one.look == Look::Points {
            return Style { pen: Pen { ink, width, dashes }, line: false, mark: Some((Shape::Diamond, 6.0)) };
        }
        let mark = (one.look != Look::Smooth).then_some((shape, radius));
        Style { pen: Pen { ink, width, dashes }, line: true, mark }
    };
    series.iter().map(style).collect()
}
