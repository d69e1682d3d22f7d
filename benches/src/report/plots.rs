//! Plots as SVG in one common style: lines, points by category, stacked bars.

use std::ops::Range;

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

/// Colours that are distinguishable in print and with colour blindness (Okabe and Ito).
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const ORANGE: RGBColor = RGBColor(230, 126, 0);
pub(crate) const GREEN: RGBColor = RGBColor(0, 146, 104);
pub(crate) const PURPLE: RGBColor = RGBColor(170, 90, 150);
pub(crate) const SKY: RGBColor = RGBColor(86, 180, 233);
pub(crate) const GREY: RGBColor = RGBColor(130, 138, 148);
const INK: RGBColor = RGBColor(38, 44, 52);
const GRID: RGBColor = RGBColor(228, 231, 235);

const FONT: &str = "sans-serif";
const TITLE: u32 = 17;
const TEXT: u32 = 13;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A curve.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) colour: RGBColor,
    /// Coordinates x, y.
    pub(crate) points: Vec<(f64, f64)>,
    /// Draw a thin line without marks: for estimates, not measurements.
    pub(crate) thin: bool,
}

/// Title of a plot and of its axes.
pub(crate) struct Labels<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
}

/// Curves with logarithmic axes.
pub(crate) fn log_lines(labels: &Labels<'_>, series: &[Series]) -> anyhow::Result<String> {
    let [x, y] = extents(series).map(|extent| extent.start / 1.3..extent.end * 1.6);
    svg((560, 340), |area| {
        let mut chart =
            builder(area, labels, [42, 66]).build_cartesian_2d(x.log_scale().base(2.0), y.log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .label_style((FONT, TEXT, &INK))
            .axis_desc_style((FONT, TEXT, &INK))
            .x_desc(labels.x)
            .y_desc(labels.y)
            .x_label_formatter(&|value| count(*value))
            .y_label_formatter(&plain_of)
            .draw()?;
        for one in series {
            draw_series(&mut chart, one)?;
        }
        legend(&mut chart, SeriesLabelPosition::UpperLeft)
    })
}

/// Curves over iterations. The vertical axis fits the values.
pub(crate) fn lines(labels: &Labels<'_>, series: &[Series]) -> anyhow::Result<String> {
    let [x, y] = extents(series);
    let room = ((y.end - y.start) * 0.15).max(0.004);
    let steps = (x.end - x.start) as usize + 1;
    // the legend is below the curves
    let below = (1.1 * (y.end - y.start)).max(3.0 * room);
    let axes = Axes {
        x: x.start - 0.15..x.end + 0.15,
        y: y.start - below..y.end + room,
        x_labels: steps,
        x_format: whole,
    };
    linear(labels, series, axes)
}

/// Curves between 0.35 and 1 on both axes.
pub(crate) fn square(labels: &Labels<'_>, series: &[Series]) -> anyhow::Result<String> {
    linear(labels, series, Axes { x: 0.35..1.02, y: 0.35..1.02, x_labels: 7, x_format: plain_of })
}

/// Linear axes.
struct Axes {
    x: Range<f64>,
    y: Range<f64>,
    /// Number of labels on the horizontal axis, at most.
    x_labels: usize,
    x_format: fn(&f64) -> String,
}

fn linear(labels: &Labels<'_>, series: &[Series], axes: Axes) -> anyhow::Result<String> {
    svg((400, 290), |area| {
        let mut chart = builder(area, labels, [42, 62]).build_cartesian_2d(axes.x, axes.y)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .label_style((FONT, TEXT, &INK))
            .axis_desc_style((FONT, TEXT, &INK))
            .x_labels(axes.x_labels)
            .y_labels(6)
            .x_desc(labels.x)
            .y_desc(labels.y)
            .x_label_formatter(&axes.x_format)
            .y_label_formatter(&|value| format!("{value:.3}"))
            .draw()?;
        for one in series {
            draw_series(&mut chart, one)?;
        }
        legend(&mut chart, SeriesLabelPosition::LowerRight)
    })
}

/// A point with its interval in the row of a category.
pub(crate) struct Mark {
    /// Index of the category.
    pub(crate) row: usize,
    /// Position within the row, from -0.5 to 0.5.
    pub(crate) offset: f64,
    pub(crate) value: f64,
    pub(crate) interval: Option<[f64; 2]>,
    pub(crate) colour: RGBColor,
}

/// An entry of the legend: all marks of a colour.
pub(crate) struct Key<'a> {
    pub(crate) name: &'a str,
    pub(crate) colour: RGBColor,
}

/// Points by category. Only marks with a colour in `keys` are drawn. Bands from `-b` to `b` are shaded for each `b` in `bands`.
pub(crate) fn categories(
    labels: &Labels<'_>,
    rows: &[String],
    marks: &[Mark],
    keys: &[Key<'_>],
    bands: &[f64],
) -> anyhow::Result<String> {
    let values = || {
        let ends = marks.iter().flat_map(|mark| mark.interval.unwrap_or([mark.value; 2]));
        ends.chain(bands.iter().flat_map(|band| [-band, *band]))
    };
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let room = ((high - low) * 0.06).max(1e-3);
    let last = rows.len() as f64 - 0.5;
    svg((860, 110 + 46 * rows.len() as u32), |area| {
        let mut chart =
            builder(area, labels, [44, 220]).build_cartesian_2d(low - room..high + room, last..-0.5)?;
        for (band, shade) in bands.iter().rev().zip([0.06, 0.10]) {
            let corners = [(-band, -0.5), (*band, last)];
            chart.draw_series([Rectangle::new(corners, GREEN.mix(shade).filled())])?;
        }
        category_mesh(&mut chart, rows, labels.x, &plain_of)?;
        for &Key { name, colour } in keys {
            let of_colour = marks.iter().filter(move |mark| mark.colour == colour);
            chart.draw_series(of_colour.clone().filter_map(|mark| {
                let at = mark.row as f64 + mark.offset;
                let [low, high] = mark.interval?;
                Some(PathElement::new(vec![(low, at), (high, at)], colour.stroke_width(2)))
            }))?;
            chart
                .draw_series(of_colour.map(|mark| {
                    Circle::new((mark.value, mark.row as f64 + mark.offset), 4, colour.filled())
                }))?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 9, y), 4, colour.filled()));
        }
        legend(&mut chart, SeriesLabelPosition::LowerLeft)
    })
}

/// One part of every bar.
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) colour: RGBColor,
    /// One value for each bar.
    pub(crate) values: Vec<f64>,
}

/// Horizontal bars with stacked parts.
pub(crate) fn stacked(labels: &Labels<'_>, rows: &[String], segments: &[Segment]) -> anyhow::Result<String> {
    let total = |row: usize| segments.iter().map(|segment| segment.values[row]).sum::<f64>();
    let most = (0..rows.len()).map(total).fold(f64::MIN_POSITIVE, f64::max);
    let last = rows.len() as f64 - 0.5;
    svg((860, 120 + 40 * rows.len() as u32), |area| {
        let mut chart = builder(area, labels, [44, 220]).build_cartesian_2d(0.0..most * 1.25, last..-0.5)?;
        category_mesh(&mut chart, rows, labels.x, &plain_of)?;
        for (at, segment) in segments.iter().enumerate() {
            let colour = segment.colour;
            let bars = (0..rows.len()).map(|row| {
                let from: f64 = segments[..at].iter().map(|segment| segment.values[row]).sum();
                let corners = [(from, row as f64 - 0.3), (from + segment.values[row], row as f64 + 0.3)];
                Rectangle::new(corners, colour.filled())
            });
            chart
                .draw_series(bars)?
                .label(&segment.name)
                .legend(move |(x, y)| Rectangle::new([(x + 3, y - 5), (x + 15, y + 5)], colour.filled()));
        }
        legend(&mut chart, SeriesLabelPosition::UpperRight)
    })
}

/// A bar with its name.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
}

/// Horizontal bars that start at one, with a logarithmic axis. Each is followed by its value.
pub(crate) fn ratios(labels: &Labels<'_>, bars: &[Bar]) -> anyhow::Result<String> {
    let most = bars.iter().map(|bar| bar.value).fold(10.0, f64::max) * 4.0;
    let least = bars.iter().map(|bar| bar.value).fold(1.0, f64::min) / 1.5;
    let rows: Vec<String> = bars.iter().map(|bar| bar.name.clone()).collect();
    let last = rows.len() as f64 - 0.5;
    svg((860, 96 + 34 * rows.len() as u32), |area| {
        let mut chart =
            builder(area, labels, [44, 390]).build_cartesian_2d((least..most).log_scale(), last..-0.5)?;
        category_mesh(&mut chart, &rows, labels.x, &plain_of)?;
        chart.draw_series(bars.iter().enumerate().map(|(row, &Bar { value, .. })| {
            let colour = if value >= 1.0 { BLUE } else { ORANGE };
            Rectangle::new([(1.0, row as f64 - 0.28), (value, row as f64 + 0.28)], colour.filled())
        }))?;
        chart.draw_series(bars.iter().enumerate().map(|(row, &Bar { value, .. })| {
            let at = (value.max(1.0) * 1.06, row as f64 - 0.18);
            Text::new(format!("{} x", plain(value)), at, (FONT, TEXT).into_font().color(&INK))
        }))?;
        Ok(())
    })
}

/// A plot with its title, and room below and to the left for the labels of the axes.
fn builder<'a, 'b>(
    area: &'a Area<'b>,
    labels: &Labels<'_>,
    [below, left]: [u32; 2],
) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.caption(labels.title, (FONT, TITLE, &INK)).margin(12);
    builder.x_label_area_size(below).y_label_area_size(left);
    builder
}

type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

fn draw_series<'b, X, Y>(chart: &mut Chart<'_, 'b, X, Y>, series: &Series) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let colour = series.colour;
    let width = if series.thin { 1 } else { 2 };
    chart
        .draw_series(LineSeries::new(series.points.iter().copied(), colour.stroke_width(width)))?
        .label(&series.name)
        .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(width)));
    if !series.thin {
        chart.draw_series(series.points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
    }
    Ok(())
}

fn category_mesh<'b, X>(
    chart: &mut Chart<'_, 'b, X, plotters::coord::types::RangedCoordf64>,
    rows: &[String],
    x: &str,
    format: &dyn Fn(&f64) -> String,
) -> Drawn
where
    X: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GREY)
        .label_style((FONT, TEXT, &INK))
        .axis_desc_style((FONT, TEXT, &INK))
        .x_desc(x)
        .x_label_formatter(format)
        .y_labels(2 * rows.len() + 2)
        .y_label_formatter(&|at| match (at - at.round()).abs() < 1e-6 && *at > -0.5 {
            true => rows.get(at.round() as usize).cloned().unwrap_or_default(),
            false => String::new(),
        })
        .draw()?;
    Ok(())
}

fn legend<'a, 'b: 'a, X, Y>(chart: &mut Chart<'a, 'b, X, Y>, position: SeriesLabelPosition) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .label_font((FONT, TEXT, &INK))
        .draw()?;
    Ok(())
}

/// The range of all points on the horizontal and the vertical axis.
fn extents(series: &[Series]) -> [Range<f64>; 2] {
    let points = || series.iter().flat_map(|one| &one.points);
    let range = |of: fn(&(f64, f64)) -> f64| {
        let low = points().map(of).fold(f64::INFINITY, f64::min);
        low..points().map(of).fold(low, f64::max)
    };
    [range(|point| point.0), range(|point| point.1)]
}

fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> anyhow::Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| draw(&area));
        drawn.map_err(|error| anyhow!("a plot cannot be drawn: {error}"))?;
        area.present().map_err(|error| anyhow!("a plot cannot be drawn: {error}"))?;
    }
    Ok(text)
}

/// A whole number; nothing for other numbers.
fn whole(value: &f64) -> String {
    if (value - value.round()).abs() < 1e-6 { format!("{value:.0}") } else { String::new() }
}

fn plain_of(value: &f64) -> String {
    plain(*value)
}

/// A number with few digits.
pub(crate) fn plain(value: f64) -> String {
    match value.abs() {
        nothing if nothing < 1e-9 => "0".into(),
        large if large >= 100.0 => format!("{value:.0}"),
        medium if medium >= 10.0 => trimmed(&format!("{value:.1}")),
        one if one >= 0.1 => trimmed(&format!("{value:.2}")),
        small if small >= 0.001 => trimmed(&format!("{value:.4}")),
        _ => format!("{value:.1e}"),
    }
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A count, in units of 1024 where it is a multiple of them.
fn count(value: f64) -> String {
    match value >= 1024.0 && value % 1024.0 == 0.0 {
        true => format!("{:.0}k", value / 1024.0),
        false => format!("{value:.0}"),
    }
}
