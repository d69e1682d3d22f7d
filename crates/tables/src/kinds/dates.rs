//! Columns of dates: the order of day, month and year.

use super::finding::{Column, Content, Finding};
use super::observed::Observed;
use crate::value::date::{ORDERS, Order, Reading};
use crate::wording::{quoted, shown};

const ADVICE: &str = "write dates as 2024-03-31; --drop COL leaves the column out, --categorical COL takes its values as levels";

/// Fewest rows for eight digits to be taken for dates.
const MIN_COMPACT_ROWS: usize = 10;

/// The finding for a column if most of it are dates.
pub(super) fn find(column: &Column<'_>, day_first: Option<bool>) -> Option<Finding> {
    let observed = column.observed.without_dots();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Digits alone are dates only if all of the column are eight of them, in years of our time: any other number would show.
    let of_digits: usize =
        observed.values.iter().filter(|value| digits(value.text)).map(|value| value.count).sum();
    if observed.share(of_digits) >= 0.5 && !are_compact(&observed) {
        return None;
    }
    let alike: usize = observed
        .values
        .iter()
        .filter(|value| ORDERS.iter().any(|order| order.read(value.text) != Reading::No))
        .map(|value| value.count)
        .sum();
    if observed.present == 0 || observed.share(alike) <= 0.5 {
        return None;
    }
    let all = |order: &Order| observed.values.iter().all(|value| order.days(value.text).is_some());
    let fitting: Vec<Order> = ORDERS.into_iter().filter(all).collect();
    match (&fitting[..], day_first) {
        ([order], _) => Some(Finding::plain(Content::Date(*order))),
        ([], _) => Some(refused(column, &observed)),
        (_, Some(day_first)) => {
            let order = if day_first { Order::DayMonthYear } else { Order::MonthDayYear };
            Some(Finding::plain(Content::Date(order)))
        }
        (_, None) => {
            let value = observed.values.first()?;
            let what =
                format!("{} may be day and month or month and day, and no cell tells", quoted(value.text));
            let help = "write dates as 2024-03-31, or say which comes first: --dates day-first or --dates month-first; --drop COL leaves the column out";
            Some(Finding::refused(
                Content::Date(Order::DayMonthYear),
                column.problem(Some(value.first), what, help),
            ))
        }
    }
}

fn are_compact(observed: &Observed<'_>) -> bool {
    observed.present >= MIN_COMPACT_ROWS
        && observed.values.iter().all(|value| {
            value.text.len() == 8
                && (value.text.starts_with("19") || value.text.starts_with("20"))
                && Order::YearMonthDay.days(value.text).is_some()
        })
}

/// Dates with something else among them: the order that fits most says which cell is at fault.
fn refused(column: &Column<'_>, observed: &Observed<'_>) -> Finding {
    let rows = |order: Order| -> usize {
        observed.values.iter().filter(|value| order.days(value.text).is_some()).map(|value| value.count).sum()
    };
    let best = ORDERS.into_iter().max_by_key(|order| (rows(*order), *order == Order::DayMonthYear));
    let best = best.unwrap_or(Order::YearMonthDay);
    let odd = observed.values.iter().find(|value| order_fails(best, value.text));
    let (row, what) = match odd {
        None => (None, "not all cells are dates".to_owned()),
        Some(value) => {
            let text = shown(value.text);
            let other = ORDERS.into_iter().find(|order| order.days(value.text).is_some());
            let what = match (best.read(value.text), other) {
                (Reading::ShortYear, _) => {
                    format!("{text} has a year of two digits, so its century is unknown")
                }
                (_, Some(other)) => {
                    format!("{text} is a date like {}, others are like {}", other.example(), best.example())
                }
                (Reading::NoSuchDay, None) => format!("{text}: there is no such day or time"),
                _ => format!("{text} is not a date, but most cells are"),
            };
            (Some(value.first), what)
        }
    };
    Finding::refused(Content::Date(best), column.problem(row, what, ADVICE))
}

fn order_fails(order: Order, text: &str) -> bool {
    order.days(text).is_none()
}
