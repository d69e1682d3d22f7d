//! The figures of a column's treatment, from the training rows: ranges, medians, levels.

use std::collections::HashMap;

use super::encode::Groups;
use super::overrides::{Impute, Overrides};
use super::stored::{ColumnRecipe, MAX_LEVELS, Reason, Treatment};
use crate::kinds::{Content, Finding, Kind, MIN_LEVEL_ROWS, Observed};
use crate::value::boolean::truth;
use crate::value::canonical;

/// Most rare levels that a recipe remembers, to tell them from levels that are new.
pub(super) const MAX_RARE: usize = 1000;
/// Most bytes of a level that has a feature of its own.
pub(super) const MAX_LEVEL_BYTES: usize = 1000;

/// A problem of the figures: the row, what is wrong, what to do.
type Refusal = Option<(Option<usize>, String, String)>;

/// The recipe of a column whose content is known.
pub(super) fn treatment(
    name: String,
    finding: Finding,
    training: &Observed<'_>,
    overrides: &Overrides,
) -> (ColumnRecipe, Refusal) {
    let impute = overrides.impute_for(&name);
    let numbers = matches!(finding.content, Content::Numeric(_) | Content::Date(_));
    let without_dots;
    let training = if numbers {
        without_dots = training.without_dots();
        &without_dots
    } else {
        training
    };
    let indicator = training.missing_pays() && impute != Impute::Refuse;
    let treatment = match finding.content {
        _ if training.present == 0 => left_out(Kind::Empty, Reason::Empty),
        Content::Numeric(notation) => numeric(
            Kind::Numeric,
            training,
            impute,
            indicator,
            |text| notation.parse(text),
            |low, high, fill| Treatment::Numeric { notation, low, high, fill },
        ),
        Content::Date(order) => {
            let (weekday, month) = (overrides.weekday, overrides.month);
            numeric(
                Kind::Date,
                training,
                impute,
                indicator,
                |text| order.days(text),
                |first, last, fill| Treatment::Date { order, first, last, fill, weekday, month },
            )
        }
        Content::Boolean { yes, no } => boolean(training, impute, indicator, yes, no),
        Content::Category => category(training, impute, indicator),
        Content::Identifier(why) => left_out(Kind::Identifier, Reason::Identifier(why)),
        Content::Constant => left_out(Kind::Constant, Reason::Constant),
        Content::Text => left_out(Kind::Text, Reason::Unusable),
        Content::Empty => left_out(Kind::Empty, Reason::Empty),
    };
    let used = !matches!(treatment, Treatment::LeftOut { .. });
    let refusal = (used && impute == Impute::Refuse && training.missing > 0).then(|| {
        let what = format!(
            "{} of {} values are missing, and --impute refuse fills in none",
            training.missing,
            training.rows()
        );
        (None, what, "fill them in, leave the column out by --drop, or let them be imputed".to_owned())
    });
    let recipe = ColumnRecipe {
        name,
        missing: training.missing,
        distinct: training.values.len(),
        indicator: used && indicator,
        treatment,
        notes: finding.notes,
    };
    (recipe, refusal)
}

fn left_out(kind: Kind, reason: Reason) -> Treatment {
    Treatment::LeftOut { kind, reason }
}

/// Numbers or days: the range, and what stands in for a missing one.
fn numeric(
    kind: Kind,
    training: &Observed<'_>,
    impute: Impute,
    indicator: bool,
    parse: impl Fn(&str) -> Option<f64>,
    make: impl Fn(f64, f64, Option<f64>) -> Treatment,
) -> Treatment {
    let mut values: Vec<(f64, usize)> =
        training.values.iter().filter_map(|value| Some((parse(value.text)?, value.count))).collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A value that cannot be read is a problem that was reported already.
    let (Some(&(low, _)), Some(&(high, _))) = (values.first(), values.last()) else {
        return left_out(kind, Reason::Unusable);
    };
    if low == high {
        // The value itself tells nothing; that it is missing may.
        return if indicator {
            category(training, impute, indicator)
        } else {
            left_out(Kind::Constant, Reason::Constant)
        };
    }
    let fill = match impute {
        Impute::Auto | Impute::Median => Some(median(&values)),
        Impute::Mean => Some(mean(&values).clamp(low, high)),
        Impute::MostFrequent => values.iter().rev().max_by_key(|(_, count)| *count).map(|(value, _)| *value),
        Impute::Refuse => None,
    };
    make(low, high, fill)
}

/// The median of sorted values with counts: the mean of the middle two if their number is even.
fn median(values: &[(f64, usize)]) -> f64 {
    let total: usize = values.iter().map(|(_, count)| count).sum();
    let at = |rank: usize| {
        let mut seen = 0;
        values.iter().find(|(_, count)| {
            seen += count;
            seen > rank
        })
    };
    match (at(total.saturating_sub(1) / 2), at(total / 2)) {
        (Some((low, _)), Some((high, _))) => low / 2.0 + high / 2.0,
        _ => 0.0,
    }
}

fn mean(values: &[(f64, usize)]) -> f64 {
    let total: usize = values.iter().map(|(_, count)| count).sum();
    values.iter().map(|(value, count)| value * (*count as f64 / total.max(1) as f64)).sum()
}

fn boolean(
    training: &Observed<'_>,
    impute: Impute,
    indicator: bool,
    yes: &'static str,
    no: &'static str,
) -> Treatment {
    let rows_of = |wanted: bool| -> usize {
        let same = |text: &str| truth(text, (yes, no)) == Some(wanted);
        training.values.iter().filter(|value| same(value.text)).map(|value| value.count).sum()
    };
    let (true_rows, false_rows) = (rows_of(true), rows_of(false));
    if (true_rows == 0 || false_rows == 0) && !indicator {
        return left_out(Kind::Constant, Reason::Constant);
    }
    let fill = (impute != Impute::Refuse).then_some(true_rows > false_rows);
    Treatment::Boolean { yes: yes.to_owned(), no: no.to_owned(), fill }
}

/// Levels with ten rows or more have features of their own, the most frequent fifty of them.
fn category(training: &Observed<'_>, impute: Impute, indicator: bool) -> Treatment {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for value in &training.values {
        *counts.entry(canonical(value.text)).or_default() += value.count;
    }
    let one_level = counts.len() == 1;
    let mut all: Vec<(&str, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let (mut levels, mut rare) = (Vec::new(), Vec::new());
    let mut rows_of_others = 0;
    for &(level, count) in &all {
        if count >= MIN_LEVEL_ROWS && levels.len() < MAX_LEVELS && level.len() <= MAX_LEVEL_BYTES {
            levels.push(level.to_owned());
        } else {
            rows_of_others += count;
            if rare.len() < MAX_RARE && level.len() <= MAX_LEVEL_BYTES {
                rare.push(level.to_owned());
            }
        }
    }
    let fill = levels.first().cloned().filter(|_| impute != Impute::Refuse);
    sort_levels(&mut levels);
    let other = rows_of_others >= MIN_LEVEL_ROWS;
    let indicator = indicator && fill.is_some();
    if Groups::of(levels.len(), other, !rare.is_empty()).len() == 0 && !indicator {
        return if one_level {
            left_out(Kind::Constant, Reason::Constant)
        } else {
            left_out(Kind::Category, Reason::RareLevels)
        };
    }
    Treatment::Category { levels, other, rare, fill }
}

/// By number if all levels are numbers, else by letters.
fn sort_levels(levels: &mut [String]) {
    let number = |level: &String| level.parse::<f64>().ok().filter(|number| number.is_finite());
    if levels.iter().all(|level| number(level).is_some()) {
        levels.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)).then(a.cmp(b)));
    } else {
        levels.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_means() {
        assert_eq!(median(&[(1.0, 2), (5.0, 1)]), 1.0);
        assert_eq!(median(&[(1.0, 1), (5.0, 1)]), 3.0);
        assert_eq!(median(&[(1.0, 1), (2.0, 5), (9.0, 4)]), 2.0);
        assert_eq!(mean(&[(1.0, 3), (5.0, 1)]), 2.0);
    }

    #[test]
    fn levels_of_numbers_are_sorted_as_numbers() {
        let mut levels = ["10", "9", "1"].map(str::to_owned);
        sort_levels(&mut levels);
        assert_eq!(levels, ["1", "9", "10"]);
    }
}
