//! Curves.

use std::ops::Range;

use super::axis::{Axis, around, around_positive, widened};
use super::canvas::{Pen, Shape};
use super::frame::{Entry, Frame, Sample, Size, legend_rows, thin};
use super::{Colour, Labels, Plot};

/// A curve.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend; empty for a curve that the caption explains.
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
    /// A line without marks among others of equal rank, which lie apart: all have the same width, and dashes of their own.
    Equal,
    /// The same with marks.
    EqualMarked,
    /// Marks alone.
    Points,
}

const SMALL: Size = Size { width: 420.0, data: 220.0, left: 80.0 };

/// Curves with logarithmic axes: powers of two across, powers of ten upwards.
pub fn log_lines(labels: &Labels<'_>, series: &[Series]) -> Plot {
    let points = || series.iter().flat_map(|one| &one.points);
    let x = Axis::doublings(around_positive(points().map(|point| point.0), 1.2));
    let y = Axis::decades(around_positive(points().map(|point| point.1), 1.4));
    draw(labels, series, SMALL, [x, y], 0)
}

/// Curves over iterations. The vertical axis fits the values and their intervals.
pub fn lines(labels: &Labels<'_>, series: &[Series]) -> Plot {
    draw(labels, series, SMALL, over_iterations(series, 0.0), 0)
}

/// Curves with the same range on both axes.
pub fn square(labels: &Labels<'_>, series: &[Series], range: Range<f64>) -> Plot {
    draw(labels, series, SQUARE, on_a_square(&range), 0)
}

/// Curves that are to be drawn beside others.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// Title of the plot and of its axes.
    pub labels: Labels<'a>,
    /// The curves.
    pub series: Vec<Series>,
    /// The axes.
    pub axes: Axes,
}

/// The axes of a chart.
#[derive(Clone, Debug, PartialEq)]
pub enum Axes {
    /// The same range on both.
    Square(Range<f64>),
    /// Iterations across, and upwards what fits the values and their intervals, but no less than a span: small differences look small.
    Iterations {
        /// The least span.
        least_span: f64,
    },
}

/// Plots that stand beside each other: all have room for the longest legend, so that their data line up.
pub fn side_by_side(charts: &[Chart<'_>]) -> Vec<Plot> {
    let rows = |chart: &Chart<'_>| {
        let styles = styles(&chart.series);
        legend_rows(&entries(&chart.series, &styles), SMALL.width).len()
    };
    let most = charts.iter().map(rows).max().unwrap_or_default();
    let drawn = |chart: &Chart<'_>| {
        let (size, axes) = match &chart.axes {
            Axes::Square(range) => (SQUARE, on_a_square(range)),
            Axes::Iterations { least_span } => (SMALL, over_iterations(&chart.series, *least_span)),
        };
        draw(&chart.labels, &chart.series, size, axes, most)
    };
    charts.iter().map(drawn).collect()
}

const SQUARE: Size = Size { data: 300.0, ..SMALL };

fn on_a_square(range: &Range<f64>) -> [Axis; 2] {
    let axis = || Axis::linear(range.clone(), 6);
    [axis(), axis()]
}

fn over_iterations(series: &[Series], least_span: f64) -> [Axis; 2] {
    let points = || series.iter().flat_map(|one| &one.points);
    let x = around(points().map(|point| point.0), 0.04);
    let ends = series.iter().flat_map(|one| one.intervals.iter().flatten().copied());
    let y = around(points().map(|point| point.1).chain(ends).filter(|y| y.is_finite()), 0.1);
    [Axis::whole(x, 8), Axis::linear(widened(y, least_span), 6)]
}

/// The entries of the legend.
fn entries<'a>(series: &'a [Series], styles: &[Style]) -> Vec<Entry<'a>> {
    let of = |(one, &Style { pen, line, mark }): (&'a Series, &Style)| Entry {
        name: &one.name,
        sample: Sample::Curve { pen: line.then_some(pen), mark, ink: pen.ink },
    };
    series.iter().zip(styles).filter(|(one, _)| !one.name.is_empty()).map(of).collect()
}

fn draw(labels: &Labels<'_>, series: &[Series], size: Size, axes: [Axis; 2], least_rows: usize) -> Plot {
    let styles = styles(series);
    let mut frame = Frame::new(labels, size, axes, (&entries(series, &styles), least_rows), true);
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
    // of curves that lie apart
    const DASHES: [&str; 5] = ["", "9 5", "2 4", "12 4 2 4", "5 3"];
    let (mut place, mut equals) = (0, 0);
    let style = |one: &Series| {
        let ink = one.colour.ink();
        if matches!(one.look, Look::Equal | Look::EqualMarked) {
            let (dashes, shape) = (DASHES[equals % DASHES.len()], Shape::ALL[equals % Shape::ALL.len()]);
            equals += 1;
            let mark = (one.look == Look::EqualMarked).then_some((shape, 4.0));
            return Style { pen: Pen { ink, width: 2.2, dashes }, line: true, mark };
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, look: Look, points: Vec<(f64, f64)>) -> Series {
        Series { name: name.into(), colour: Colour::Blue, points, intervals: Vec::new(), look }
    }

    fn chart(names: &[&str], axes: Axes) -> Chart<'static> {
        let points = vec![(1.0, 0.52), (2.0, 0.529)];
        let series = names.iter().map(|name| series(name, Look::Equal, points.clone())).collect();
        Chart { labels: Labels { title: "t", x: "x", y: "y" }, series, axes }
    }

    fn numbers(svg: &str, after: &str) -> Vec<f64> {
        let rest = svg.split(after).skip(1);
        rest.filter_map(|rest| rest.split('"').next()?.split_whitespace().last()?.parse().ok()).collect()
    }

    #[test]
    fn plots_beside_each_other_line_up_whatever_their_legends_need() {
        let long = ["a name of a class that is long", "another one of the kind", "and a third that wraps"];
        let charts = [chart(&["a"], Axes::Square(0.0..1.0)), chart(&long, Axes::Square(0.0..1.0))];
        let heights =
            |plots: &[Plot]| plots.iter().map(|plot| numbers(&plot.svg, "viewBox=\"")[0]).collect::<Vec<_>>();
        let together = heights(&side_by_side(&charts));
        assert_eq!(together[0], together[1]);
        assert!(heights(&side_by_side(&charts[..1]))[0] < together[0]);
    }

    #[test]
    fn equal_curves_have_equal_widths_and_dashes_of_their_own() {
        let all: Vec<Series> = (0..5).map(|_| series("c", Look::Equal, Vec::new())).collect();
        let styles = styles(&all);
        let dashes: std::collections::HashSet<&str> = styles.iter().map(|style| style.pen.dashes).collect();
        assert!(styles.iter().all(|style| style.pen.width == 2.2 && style.mark.is_none()));
        assert_eq!(dashes.len(), 5);
    }

    #[test]
    fn small_differences_look_small() {
        let labels = |least_span| {
            let plot = &side_by_side(&[chart(&["a"], Axes::Iterations { least_span })])[0];
            plot.svg.matches(">0.5").count()
        };
        assert!(labels(0.0) > labels(0.1), "{} {}", labels(0.0), labels(0.1));
    }

    #[test]
    fn a_curve_without_a_name_has_no_entry() {
        let all = [series("a", Look::Equal, Vec::new()), series("", Look::Thin, Vec::new())];
        assert_eq!(entries(&all, &styles(&all)).len(), 1);
    }
}
