//! The style sheet: the rules of `style.css`, and the colours of plots on light and dark ground.

use crate::plots::{INKS, rules};

const RULES: &str = include_str!("style.css");

/// Shades of the cells of a matrix, beside none.
pub(crate) const SHADES: u32 = 20;

/// The whole style sheet.
#[must_use]
pub fn sheet() -> String {
    let variables = |value: fn(&crate::plots::Ink) -> &'static str| -> String {
        INKS.iter().map(|ink| format!("--{}: {}; ", ink.name, value(ink))).collect()
    };
    let shades: String = (0..=SHADES)
        .map(|shade| format!(".s{shade} {{ --share: {}; }}\n", f64::from(shade) / f64::from(SHADES)))
        .collect();
    format!(
        ":root {{ color-scheme: light dark; {} --soft: #56606b; --ground: #f5f6f8; }}\n\
         @media (prefers-color-scheme: dark) {{ :root {{ {} --soft: #aab4bf; --ground: #12161b; }} }}\n\
         @media print {{ :root {{ color-scheme: light; {} --soft: #56606b; --ground: #ffffff; }} }}\n{}{shades}{RULES}",
        variables(|ink| ink.light),
        variables(|ink| ink.dark),
        variables(|ink| ink.light),
        rules(),
    )
}
