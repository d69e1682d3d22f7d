//! The features of a column: their names and number, and what a cell gives.

use super::stored::{ColumnRecipe, Recipe, Treatment};
use crate::value::date::{iso, weekday_and_month};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The features that stand for the groups of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Groups {
    /// None: there are not two groups.
    None,
    /// One feature, 1 for this group.
    One(usize),
    /// A feature for each group.
    Each(usize),
}

impl Groups {
    /// The groups are the levels, and `other` after them if there is one. If some rows belong to neither, because their levels are
    /// `rare`, two levels need two features to be told from them.
    pub(super) fn of(levels: usize, other: bool, rare: bool) -> Self {
        match (levels, other) {
            (0 | 1, false) | (0, true) => Self::None,
            (1, true) => Self::One(0),
            (2, false) if !rare => Self::One(1),
            _ => Self::Each(levels + usize::from(other)),
        }
    }

    /// Number of features.
    pub(super) fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Each(groups) => groups,
        }
    }

    /// Writes the features of a row of this group; `None` is a level that there is no group for. Where one feature tells two levels apart,
    /// it is neither of them: halfway between.
    pub(super) fn write(self, group: Option<usize>, out: &mut [f64]) {
        out.fill(0.0);
        match (self, group) {
            (Self::One(marked), Some(group)) if marked == group => out[0] = 1.0,
            (Self::One(_), None) => out[0] = 0.5,
            (Self::Each(groups), Some(group)) if group < groups => out[group] = 1.0,
            _ => {}
        }
    }
}

impl ColumnRecipe {
    /// Names of the features, in order.
    pub(super) fn feature_names(&self) -> Vec<String> {
        let name = &self.name;
        let mut names = match &self.treatment {
            Treatment::Numeric { .. } => vec![name.clone()],
            Treatment::Boolean { yes, .. } => vec![format!("{name}={yes}")],
            Treatment::Date { weekday, month, .. } => {
                let mut names = vec![format!("{name} (days)")];
                if *weekday {
                    names.extend(WEEKDAYS.iter().map(|day| format!("{name}={day}")));
                }
                if *month {
                    names.extend(MONTHS.iter().map(|month| format!("{name}={month}")));
                }
                names
            }
            Treatment::Category { levels, other, rare, .. } => {
                let named = |group: usize| match levels.get(group) {
                    Some(level) => format!("{name}={level}"),
                    None if levels.iter().any(|level| level == "other") => format!("{name}=other levels"),
                    None => format!("{name}=other"),
                };
                match Groups::of(levels.len(), *other, !rare.is_empty()) {
                    Groups::None => Vec::new(),
                    Groups::One(group) => vec![named(group)],
                    Groups::Each(groups) => (0..groups).map(named).collect(),
                }
            }
            Treatment::LeftOut { .. } => Vec::new(),
        };
        if self.indicator {
            names.push(format!("{name} missing"));
        }
        names
    }

    /// Number of features.
    pub(super) fn width(&self) -> usize {
        let values = match &self.treatment {
            Treatment::Numeric { .. } | Treatment::Boolean { .. } => 1,
            Treatment::Date { weekday, month, .. } => {
                1 + 7 * usize::from(*weekday) + 12 * usize::from(*month)
            }
            Treatment::Category { levels, other, rare, .. } => {
                Groups::of(levels.len(), *other, !rare.is_empty()).len()
            }
            Treatment::LeftOut { .. } => 0,
        };
        values + usize::from(self.indicator)
    }
}

/// Writes the features of a date, in days since 1970-01-01.
pub(super) fn write_date(days: f64, first: f64, weekday: bool, month: bool, out: &mut [f64]) {
    out.fill(0.0);
    out[0] = days - first;
    let (day_of_week, month_of_year) = weekday_and_month(days).unwrap_or_default();
    if weekday {
        out[1 + day_of_week] = 1.0;
    }
    if month {
        out[1 + 7 * usize::from(weekday) + month_of_year] = 1.0;
    }
}

/// A day as text.
pub(super) fn day(days: f64) -> String {
    iso(days)
}

impl Recipe {
    /// Names of the features, in the order of the columns of [`Applied::x`](super::Applied): `age`, `age missing`, `sex=f`,
    /// `admitted (days)`.
    pub fn feature_names(&self) -> Vec<String> {
        let mut taken = std::collections::HashSet::new();
        let mut names: Vec<String> =
            self.stored.columns.iter().flat_map(ColumnRecipe::feature_names).collect();
        // A table may have a column `age missing` of its own.
        for name in &mut names {
            let plain = name.clone();
            for number in 2.. {
                if taken.insert(name.clone()) {
                    break;
                }
                *name = format!("{plain} ({number})");
            }
        }
        names
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.stored.columns.iter().map(ColumnRecipe::width).sum()
    }

    /// Names of the columns that new tables must have.
    pub fn inputs(&self) -> Vec<&str> {
        self.stored
            .columns
            .iter()
            .filter(|column| column.is_used())
            .map(|column| column.name.as_str())
            .collect()
    }

    /// Whether the features are the columns themselves: plain numbers of which none was missing. Then the names of the
    /// columns describe the features completely.
    pub fn is_identity(&self) -> bool {
        self.stored.columns.iter().filter(|column| column.is_used()).all(|column| {
            let plain = matches!(
                column.treatment,
                Treatment::Numeric { notation: crate::value::number::Notation::Plain, .. }
            );
            plain && column.missing == 0 && !column.indicator
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_give_no_feature_that_others_give_already() {
        assert_eq!(Groups::of(1, false, true), Groups::None);
        assert_eq!(Groups::of(1, true, true), Groups::One(0));
        assert_eq!(Groups::of(2, false, false), Groups::One(1));
        assert_eq!(Groups::of(2, false, true), Groups::Each(2));
        assert_eq!(Groups::of(2, true, true), Groups::Each(3));
        let mut out = [9.0; 3];
        Groups::Each(3).write(Some(2), &mut out);
        assert_eq!(out, [0.0, 0.0, 1.0]);
        Groups::Each(3).write(None, &mut out);
        assert_eq!(out, [0.0; 3]);
        Groups::One(1).write(Some(1), &mut out[..1]);
        assert_eq!(out[0], 1.0);
    }

    #[test]
    fn dates_give_days_weekday_and_month() {
        let mut out = [0.0; 20];
        write_date(19_813.0, 19_800.0, true, true, &mut out);
        let set: Vec<usize> = (1..20).filter(|&at| out[at] == 1.0).collect();
        assert_eq!((out[0], set), (13.0, vec![1 + 6, 8 + 2]));
    }
}
