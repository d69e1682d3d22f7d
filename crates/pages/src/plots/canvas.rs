//! The elements of an SVG drawing.
//!
//! Colours are attributes, which hold where the drawing stands alone, and classes, by which the style sheet of a page replaces them.

use std::fmt::Write;

use super::colour::{INKS, Ink, PAPER, TEXT};

/// Height of ordinary text, in pixels.
pub(super) const FONT: f64 = 12.5;

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A shape that marks a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
}

impl Shape {
    pub(super) const ALL: [Self; 4] = [Self::Circle, Self::Square, Self::Triangle, Self::Diamond];
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) ink: Ink,
    pub(super) width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub(super) dashes: &'static str,
}

/// A drawing.
#[derive(Debug)]
pub(super) struct Canvas {
    size: (f64, f64),
    body: String,
}

impl Canvas {
    /// An empty one of this width and height in pixels.
    pub(super) fn new(size: (f64, f64)) -> Self {
        let mut canvas = Self { size, body: String::new() };
        canvas.rectangle((0.0, 0.0), size, PAPER, 1.0);
        canvas
    }

    /// The element.
    pub(super) fn svg(self) -> String {
        let (width, height) = self.size;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"{FONT}\">\n{}</svg>",
            self.body
        )
    }

    // writing to a string does not fail
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// A filled rectangle by two corners.
    pub(super) fn rectangle(&mut self, a: (f64, f64), b: (f64, f64), ink: Ink, opacity: f64) {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (width, height) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() };
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {}{opacity}/>",
            fill(ink)
        ));
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], pen: Pen) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        let dashes = match pen.dashes {
            "" => String::new(),
            dashes => format!(" stroke-dasharray=\"{dashes}\""),
        };
        self.add(format_args!(
            "<polyline points=\"{}\" fill=\"none\" {} stroke-width=\"{}\"{dashes} stroke-linejoin=\"round\"/>",
            path.trim_end(),
            stroke(pen.ink),
            pen.width
        ));
    }

    /// A mark with a thin edge of the ground's colour, so that marks upon each other stay apart.
    pub(super) fn mark(&mut self, shape: Shape, (x, y): (f64, f64), radius: f64, ink: Ink) {
        let paint = format!("{} stroke-width=\"1\"", both(ink, PAPER));
        let r = radius;
        match shape {
            Shape::Circle => {
                self.add(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" {paint}/>"));
            }
            Shape::Square => {
                let (x, y, side) = (x - 0.88 * r, y - 0.88 * r, 1.76 * r);
                self.add(format_args!(
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" {paint}/>"
                ));
            }
            Shape::Triangle => {
                let points = [(x, y - 1.15 * r), (x + 1.05 * r, y + 0.75 * r), (x - 1.05 * r, y + 0.75 * r)];
                self.polygon(&points, &paint);
            }
            Shape::Diamond => {
                let r = 1.2 * r;
                self.polygon(&[(x, y - r), (x + r, y), (x, y + r), (x - r, y)], &paint);
            }
        }
    }

    fn polygon(&mut self, points: &[(f64, f64)], paint: &str) {
        let corners: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(format_args!("<polygon points=\"{}\" {paint}/>", corners.join(" ")));
    }

    /// Text in the middle of its height at `y`.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.styled((x, y), anchor, "", text);
    }

    /// Bold text.
    pub(super) fn title(&mut self, (x, y): (f64, f64), text: &str) {
        self.styled((x, y), Anchor::Start, " font-size=\"14.5\" font-weight=\"600\"", text);
    }

    /// Text that runs upwards.
    pub(super) fn upwards(&mut self, (x, y): (f64, f64), text: &str) {
        self.styled((x, y), Anchor::Middle, &format!(" transform=\"rotate(-90 {x:.1} {y:.1})\""), text);
    }

    fn styled(&mut self, (x, y): (f64, f64), anchor: Anchor, style: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" dy=\"0.35em\" text-anchor=\"{anchor}\" {}{style}>{}</text>",
            fill(TEXT),
            escape(text)
        ));
    }
}

/// About the width of a text of ordinary height, in pixels.
pub(super) fn width(text: &str) -> f64 {
    0.58 * FONT * text.chars().count() as f64
}

/// Style rules by which a page replaces every colour with its variable.
pub(crate) fn rules() -> String {
    let rule = |Ink { name, .. }: &Ink| {
        format!(".f-{name} {{ fill: var(--{name}); }} .s-{name} {{ stroke: var(--{name}); }}\n")
    };
    INKS.iter().map(rule).collect()
}

fn fill(ink: Ink) -> String {
    format!("fill=\"{}\" class=\"f-{}\"", ink.light, ink.name)
}

fn stroke(ink: Ink) -> String {
    format!("stroke=\"{}\" class=\"s-{}\"", ink.light, ink.name)
}

fn both(fill: Ink, stroke: Ink) -> String {
    format!("fill=\"{}\" stroke=\"{}\" class=\"f-{} s-{}\"", fill.light, stroke.light, fill.name, stroke.name)
}

/// Escapes text for HTML and SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
