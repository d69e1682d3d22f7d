//! Recipes: how each column of a table becomes features, fitted once, applied to new rows.

mod apply;
mod check;
mod describe;
mod encode;
mod fit;
mod fitting;
mod overrides;
mod stored;

pub use apply::{Applied, AppliedColumn};
pub use describe::{ColumnSummary, Description};
pub use overrides::{Impute, Overrides};
pub use stored::{MAX_LEVELS, Reason, Recipe};

pub(crate) use stored::{ColumnRecipe, Treatment};
