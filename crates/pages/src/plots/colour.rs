//! Colours that are distinguishable in print and with colour blindness (Okabe and Ito), on light and on dark ground.

/// A colour of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The first choice.
    Blue,
    /// What stands against it.
    Orange,
    /// A third.
    Green,
    /// A fourth.
    Purple,
    /// A fifth.
    Sky,
    /// References and estimates.
    Grey,
}

impl Colour {
    /// All, in the order in which to use them.
    pub const ALL: [Self; 6] = [Self::Blue, Self::Orange, Self::Green, Self::Purple, Self::Sky, Self::Grey];

    pub(crate) fn ink(self) -> Ink {
        match self {
            Self::Blue => INKS[3],
            Self::Orange => INKS[4],
            Self::Green => INKS[5],
            Self::Purple => INKS[6],
            Self::Sky => INKS[7],
            Self::Grey => INKS[8],
        }
    }
}

/// A colour of the drawing: its name in the style sheet, and its value on light and on dark ground. A plot that stands alone is light.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ink {
    pub(crate) name: &'static str,
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

pub(crate) const PAPER: Ink = INKS[0];
pub(crate) const TEXT: Ink = INKS[1];
pub(crate) const GRID: Ink = INKS[2];

/// Every colour, data's in the order of [`Colour`].
pub(crate) const INKS: [Ink; 9] = [
    Ink { name: "paper", light: "#ffffff", dark: "#1a2027" },
    Ink { name: "ink", light: "#262c34", dark: "#e4e8ed" },
    Ink { name: "grid", light: "#e0e4e8", dark: "#39424d" },
    Ink { name: "blue", light: "#0072b2", dark: "#5cb3ec" },
    Ink { name: "orange", light: "#d55e00", dark: "#f59a45" },
    Ink { name: "green", light: "#009268", dark: "#45c79b" },
    Ink { name: "purple", light: "#aa5a96", dark: "#d99ac8" },
    Ink { name: "sky", light: "#56b4e9", dark: "#a9dcf7" },
    Ink { name: "grey", light: "#6b7480", dark: "#a3adb8" },
];
