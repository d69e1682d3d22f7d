//! Horizontal bars.

use super::axis::Axis;
use super::canvas::Anchor;
use super::categories::size;
use super::frame::{Entry, Frame, Sample};
use super::number::plain;
use super::{Colour, Labels, Plot};

/// One part of every bar.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its name in the legend.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// One value for each bar.
    pub values: Vec<f64>,
}

/// Bars with stacked parts, each bar followed by its sum.
pub fn stacked(labels: &Labels<'_>, rows: &[String], segments: &[Segment]) -> Plot {
    let value = |segment: &Segment, row: usize| segment.values.get(row).copied().unwrap_or(0.0).max(0.0);
    let total = |row: usize| segments.iter().map(|segment| value(segment, row)).sum::<f64>();
    let most = (0..rows.len()).map(total).fold(f64::MIN_POSITIVE, f64::max);
    let entries: Vec<Entry<'_>> = segments
        .iter()
        .map(|segment| Entry { name: &segment.name, sample: Sample::Bar(segment.colour.ink()) })
        .collect();
    let axes = [Axis::linear(0.0..most * 1.1, 8), Axis::rows(rows)];
    let mut frame = Frame::new(labels, size(rows, 36.0), axes, (&entries, 0), false);
    for row in 0..rows.len() {
        let mut from = 0.0;
        for segment in segments {
            let to = from + value(segment, row);
            let corners = [(from, row as f64 - 0.3), (to, row as f64 + 0.3)].map(|corner| frame.at(corner));
            frame.canvas.rectangle(corners[0], corners[1], segment.colour.ink(), 1.0);
            from = to;
        }
        let (x, y) = frame.at((from, row as f64));
        frame.canvas.text((x + 6.0, y), Anchor::Start, &plain(from));
    }
    frame.plot(true)
}

/// A bar with its name.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// Its length; positive.
    pub value: f64,
}

/// Bars that start at one, with a logarithmic axis. Each is followed by its value.
pub fn ratios(labels: &Labels<'_>, bars: &[Bar]) -> Plot {
    let values = || bars.iter().map(|bar| bar.value).filter(|value| *value > 0.0 && value.is_finite());
    let (least, most) = (values().fold(1.0, f64::min) / 1.5, values().fold(10.0, f64::max) * 6.0);
    let rows: Vec<String> = bars.iter().map(|bar| bar.name.clone()).collect();
    let mut frame = Frame::new(
        labels,
        size(&rows, 30.0),
        [Axis::decades(least..most), Axis::rows(&rows)],
        (&[], 0),
        false,
    );
    for (row, &Bar { value, .. }) in
        bars.iter().enumerate().filter(|(_, bar)| bar.value > 0.0 && bar.value.is_finite())
    {
        let colour = if value >= 1.0 { Colour::Blue } else { Colour::Orange };
        let corners = [(1.0, row as f64 - 0.3), (value, row as f64 + 0.3)].map(|corner| frame.at(corner));
        frame.canvas.rectangle(corners[0], corners[1], colour.ink(), 1.0);
        let (x, y) = frame.at((value.max(1.0), row as f64));
        frame.canvas.text((x + 6.0, y), Anchor::Start, &format!("{} \u{d7}", plain(value)));
    }
    frame.plot(true)
}
