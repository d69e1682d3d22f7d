//! Pages with tables and plots, each a self-contained HTML file: style and plots inside, no scripts, no other files.
//!
//! A [`Page`] is contents without form: sections of [`Block`]s. [`html`] renders it, for light and dark screens, narrow ones and paper.
//! [`plots`] draws its figures as SVG. [`sections`] and [`style_sheet`] show such a page within another one.
//!
//! ```
//! use pages::plots::{self, Colour, Labels, Look, Series};
//! use pages::{Block, Figure, Page, Section};
//!
//! let curve = Series {
//!     name: "encrypted".into(),
//!     colour: Colour::Orange,
//!     points: vec![(1.0, 0.6), (2.0, 0.4)],
//!     intervals: Vec::new(),
//!     look: Look::Marked,
//! };
//! let plot = plots::lines(&Labels { title: "Learning curve", x: "iteration", y: "log loss" }, &[curve]);
//! let figure = Figure { name: "curve".into(), caption: "Log loss after each iteration.".into(), plot };
//! let section = Section { title: "Training".into(), blocks: vec![Block::Figures(vec![figure])] };
//! let page = Page { title: "A run".into(), sections: vec![section], ..Page::default() };
//! assert!(pages::html(&page).contains("<svg"));
//! ```

mod html;
mod page;
pub mod plots;
mod style;

pub use html::render as html;
pub use html::sections;
pub use page::{Block, Figure, Matrix, Page, Property, Section, Table};
pub use style::sheet as style_sheet;
