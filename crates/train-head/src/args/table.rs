//! Flags of what becomes of a table's columns.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use tables::{Impute, Overrides};

use crate::exit::{Failure, Result};

/// Flags of columns. What they leave open is found out from the table; `predict`, `encrypt` and `score` repeat it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Columns of a table (found out where not given)")]
pub(crate) struct TableArgs {
    /// Columns to take as numbers, identifiers included; may be repeated
    #[arg(long, value_name = "NAMES")]
    numeric: Vec<String>,
    /// Columns to take as categories, numbers included; may be repeated
    #[arg(long, value_name = "NAMES")]
    categorical: Vec<String>,
    /// What stands in for missing values: auto (median, most frequent level), median, mean, most-frequent, or refuse; for a
    /// single column NAME=...; may be repeated
    #[arg(long, value_name = "STRATEGY")]
    impute: Vec<String>,
    /// What dates give beside the days since the first one
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    date_parts: Vec<DatePart>,
    /// How 01/02/2024 is meant, where no cell tells
    #[arg(long, value_enum, value_name = "ORDER")]
    dates: Option<DateOrder>,
    /// The decimal mark of numbers such as 1,234, where no cell tells
    #[arg(long, value_enum, value_name = "MARK")]
    decimal: Option<DecimalMark>,
}

/// Orders of days and months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DateOrder {
    /// The first of February
    DayFirst,
    /// The second of January
    MonthFirst,
}

/// Decimal marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DecimalMark {
    /// 1,234 is less than two
    #[value(name = ",", alias = "comma")]
    Comma,
    /// 1,234 is more than a thousand
    #[value(name = ".", alias = "point")]
    Point,
}

/// Parts of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DatePart {
    /// The day of the week, as seven features
    Weekday,
    /// The month, as twelve features
    Month,
}

impl TableArgs {
    /// What the flags say.
    ///
    /// # Errors
    /// A strategy that is none.
    pub(crate) fn resolve(&self) -> Result<Overrides> {
        let (mut impute, mut impute_columns) = (Impute::Auto, BTreeMap::new());
        for text in &self.impute {
            match text.rsplit_once('=') {
                Some((column, strategy)) => {
                    impute_columns.insert(column.to_owned(), strategy_of(strategy)?);
                }
                None => impute = strategy_of(text)?,
            }
        }
        Ok(Overrides {
            drop: Vec::new(),
            numeric: self.numeric.clone(),
            categorical: self.categorical.clone(),
            impute,
            impute_columns,
            weekday: self.date_parts.contains(&DatePart::Weekday),
            month: self.date_parts.contains(&DatePart::Month),
            day_first: self.dates.map(|order| order == DateOrder::DayFirst),
            decimal_comma: self.decimal.map(|mark| mark == DecimalMark::Comma),
        })
    }
}

fn strategy_of(text: &str) -> Result<Impute> {
    Ok(match text.trim().replace('_', "-").as_str() {
        "auto" => Impute::Auto,
        "median" => Impute::Median,
        "mean" => Impute::Mean,
        "most-frequent" => Impute::MostFrequent,
        "refuse" => Impute::Refuse,
        other => {
            return Err(Failure::usage(format!(
                "--impute {other}: one of auto, median, mean, most-frequent, refuse, or COLUMN=one of them"
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn strategies_are_for_all_columns_or_one() {
        let impute = |texts: &[&str]| {
            let impute = texts.iter().map(|text| (*text).to_owned()).collect();
            TableArgs { impute, ..TableArgs::default() }.resolve()
        };
        let found = impute(&["mean", "age=refuse", "a=b=most_frequent"]).unwrap();
        assert_eq!(found.impute, Impute::Mean);
        assert_eq!(found.impute_columns["age"], Impute::Refuse);
        assert_eq!(found.impute_columns["a=b"], Impute::MostFrequent);
        assert!(impute(&["guess"]).is_err());
    }
}
