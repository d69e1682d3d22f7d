//! Axes: where values lie, and which of them are labelled.

use std::ops::Range;

use super::number::{count, plain, with_decimals};

/// An axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    range: Range<f64>,
    logarithmic: bool,
    /// Values with their labels.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Equal steps, about `most` of them at most.
    pub(super) fn linear(range: Range<f64>, most: usize) -> Self {
        Self::with_step(range.clone(), step(&range, most))
    }

    /// Steps of whole numbers.
    pub(super) fn whole(range: Range<f64>, most: usize) -> Self {
        Self::with_step(range.clone(), step(&range, most).max(1.0).ceil())
    }

    /// Powers of ten, and between few of them 2 and 5 times these.
    pub(super) fn decades(range: Range<f64>) -> Self {
        let decades = (range.end / range.start).log10();
        let between: &[f64] = match decades {
            few if few < 1.5 => &[1.0, 2.0, 3.0, 5.0],
            few if few < 3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let every = (decades / 8.0).ceil().max(1.0) as usize;
        let exponents = (range.start.log10().floor() as i32..=range.end.log10().ceil() as i32).step_by(every);
        let values = exponents.flat_map(|e| between.iter().map(move |b| b * 10f64.powi(e)));
        let ticks = values.filter(|v| range.contains(v)).map(|v| (v, plain(v))).collect();
        Self { range, logarithmic: true, ticks }
    }

    /// Powers of two, for counts.
    pub(super) fn doublings(range: Range<f64>) -> Self {
        let doublings = (range.end / range.start).log2();
        let every = (doublings / 7.0).ceil().max(1.0) as usize;
        let exponents = (range.start.log2().ceil() as i32..=range.end.log2().floor() as i32).step_by(every);
        let ticks = exponents.map(|e| 2f64.powi(e)).map(|v| (v, count(v))).collect();
        Self { range, logarithmic: true, ticks }
    }

    /// A row for each category, the first at the end of the axis.
    pub(super) fn rows(names: &[String]) -> Self {
        let ticks = names.iter().enumerate().map(|(row, name)| (row as f64, name.clone())).collect();
        Self { range: names.len() as f64 - 0.5..-0.5, logarithmic: false, ticks }
    }

    fn with_step(range: Range<f64>, step: f64) -> Self {
        let decimals = (0..9).find(|&d| {
            let scaled = step * 10f64.powi(d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let decimals = decimals.unwrap_or(9) as usize;
        // ends are within in spite of rounding
        let (first, last) =
            ((range.start / step - 1e-9).ceil() as i64, (range.end / step + 1e-9).floor() as i64);
        let ticks =
            (first..=last).map(|k| k as f64 * step).map(|v| (v, with_decimals(v, decimals))).collect();
        Self { range, logarithmic: false, ticks }
    }

    /// Place of a value, from 0 at the beginning of the axis to 1 at its end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let Range { start, end } = self.range;
        match self.logarithmic {
            true => (value / start).ln() / (end / start).ln(),
            false => (value - start) / (end - start),
        }
    }
}

/// A step of 1, 2 or 5 times a power of ten.
fn step(range: &Range<f64>, most: usize) -> f64 {
    let least = (range.end - range.start) / most as f64;
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= least * 0.999)
        .unwrap_or(least)
}

/// Values that differ by less than this share of the largest are alike: their differences would need labels of many digits, and mean nothing.
const ALIKE: f64 = 1e-3;

/// A range that holds all values, with room beyond them; not empty.
pub(super) fn around(values: impl Iterator<Item = f64> + Clone, room: f64) -> Range<f64> {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let scale = low.abs().max(high.abs());
    let alike = high - low <= ALIKE * scale;
    let room = ((high - low) * room).max(if alike { (0.05 * scale).max(1e-3) } else { 0.0 });
    low - room..high + room
}

/// A range of at least this span; one without negative values stays so.
pub(super) fn widened(range: Range<f64>, least: f64) -> Range<f64> {
    let lacking = least - (range.end - range.start);
    if lacking <= 0.0 {
        return range;
    }
    let below = if range.start >= 0.0 { (lacking / 2.0).min(range.start) } else { lacking / 2.0 };
    range.start - below..range.end + lacking - below
}

/// A range that holds all positive values, with a factor beyond them.
pub(super) fn around_positive(values: impl Iterator<Item = f64>, factor: f64) -> Range<f64> {
    let (low, high) = values
        .filter(|value| *value > 0.0 && value.is_finite())
        .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { low / factor..high * factor } else { 0.1..10.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(labels(&Axis::linear(0.0..1.0, 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::linear(-0.7..0.7, 4)), ["\u{2212}0.5", "0.0", "0.5"]);
        assert_eq!(labels(&Axis::whole(0.85..2.15, 6)), ["1", "2"]);
        assert_eq!(labels(&Axis::decades(0.5..2000.0)), ["1", "10", "100", "1000"]);
        assert_eq!(labels(&Axis::decades(0.8..9.0)), ["1", "2", "3", "5"]);
        assert_eq!(labels(&Axis::doublings(900.0..5000.0)), ["1k", "2k", "4k"]);
    }

    #[test]
    fn places_run_from_0_to_1() {
        let axis = Axis::decades(1.0..100.0);
        assert!((axis.place(10.0) - 0.5).abs() < 1e-12);
        let rows = Axis::rows(&["a".into(), "b".into()]);
        assert_eq!((rows.place(0.0), rows.place(1.0)), (0.75, 0.25));
    }

    #[test]
    fn ranges_are_never_empty() {
        let range = around([0.7, 0.7].into_iter(), 0.1);
        assert!(range.start < 0.7 && range.end > 0.7);
        assert_eq!(around(std::iter::empty(), 0.1), -0.1..1.1);
        let alike = around([0.619_066_19, 0.619_066_22].into_iter(), 0.1);
        assert!(labels(&Axis::linear(alike, 6)).iter().all(|label| label.len() <= 5));
        assert_eq!(around_positive([0.0, 2.0].into_iter(), 2.0), 1.0..4.0);
        assert_eq!(widened(0.5..0.75, 0.5), 0.375..0.875);
        assert_eq!(widened(0.0..0.25, 0.5), 0.0..0.5);
        assert_eq!(widened(0.0..0.75, 0.5), 0.0..0.75);
    }
}
