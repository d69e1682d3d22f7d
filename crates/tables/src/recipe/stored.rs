//! A recipe as it is stored: a treatment for each column.

use serde::{Deserialize, Serialize};

use crate::kinds::Kind;
use crate::value::date::Order;
use crate::value::number::Notation;

/// Most levels of a category that have columns of their own; the rest is `other`.
pub const MAX_LEVELS: usize = 50;

/// How the columns of a table become features.
///
/// Fitted on training rows by [`Recipe::fit`], kept as JSON beside a model, and applied to new rows by [`Recipe::apply`]. What is read
/// back is checked: JSON that no fit wrote is refused. A recipe tells ranges, medians and levels of the training rows, so it belongs to
/// those who may see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Recipe {
    pub(super) stored: Stored,
}

impl Recipe {
    /// The columns, in the order of the table that the recipe was fitted on.
    pub(crate) fn columns(&self) -> &[ColumnRecipe] {
        &self.stored.columns
    }
}

/// The fields of a recipe, before they are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    /// Rows that it was fitted on.
    pub(super) rows: usize,
    /// The columns of the table, in its order, without labels, weights and the like.
    pub(super) columns: Vec<ColumnRecipe>,
}

impl From<Recipe> for Stored {
    fn from(recipe: Recipe) -> Self {
        recipe.stored
    }
}

/// What becomes of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnRecipe {
    pub(crate) name: String,
    /// Rows without a value, of those that the recipe was fitted on.
    pub(crate) missing: usize,
    /// Different values in these rows.
    pub(crate) distinct: usize,
    /// Whether a feature says that the value was missing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) indicator: bool,
    pub(crate) treatment: Treatment,
    /// What the user should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

// serde hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

/// How the cells of a column are read and what they become. `fill` is what stands in for a missing value; without it, missing values are
/// refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Treatment {
    /// The number itself.
    Numeric { notation: Notation, low: f64, high: f64, fill: Option<f64> },
    /// One feature: 1 for true, 0 for false.
    Boolean { yes: String, no: String, fill: Option<bool> },
    /// Days since the first date, and whole sets of features for the day of the week and the month. All in days since 1970-01-01.
    Date { order: Order, first: f64, last: f64, fill: Option<f64>, weekday: bool, month: bool },
    /// A feature for each level, and one for all others together. Two of them are one feature if every row belongs to one of them: the
    /// second, or the level if the other is `other`. A single one is none.
    Category {
        levels: Vec<String>,
        other: bool,
        /// Levels that were seen, but are too rare; at most a thousand are kept.
        rare: Vec<String>,
        fill: Option<String>,
    },
    /// No features.
    LeftOut { kind: Kind, reason: Reason },
}

/// Why a column gives no features.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Reason {
    /// The user asked for it.
    Asked,
    /// It names rows; the text says why it is taken for such a column.
    Identifier(String),
    /// It has one value in the training rows.
    Constant,
    /// It has no value in the training rows.
    Empty,
    /// It is a category of which no two groups of levels have ten rows.
    RareLevels,
    /// It cannot be used as it is; only [`Recipe::looked_at`] gives such a column.
    Unusable,
}

impl ColumnRecipe {
    pub(crate) fn kind(&self) -> Kind {
        match &self.treatment {
            Treatment::Numeric { .. } => Kind::Numeric,
            Treatment::Boolean { .. } => Kind::Boolean,
            Treatment::Date { .. } => Kind::Date,
            Treatment::Category { .. } => Kind::Category,
            Treatment::LeftOut { kind, .. } => *kind,
        }
    }

    pub(crate) fn is_used(&self) -> bool {
        !matches!(self.treatment, Treatment::LeftOut { .. })
    }
}
