//! Dates and moments, as days since 1970-01-01.

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::number::trimmed;

/// The order of year, month and day. Only one holds for a whole column. A time of day may follow each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// `2024-03-31`, `2024/03/31`, `2024.03.31`; `2024-03` for the first day of the month; `20240331` if the whole column is written so
    YearMonthDay,
    /// `31.03.2024`, `31/03/2024`, `31-03-2024`
    DayMonthYear,
    /// `03/31/2024`, `03-31-2024`
    MonthDayYear,
    /// `31-Mar-2024`, `31MAR2024`, `31 March 2024`
    DayNameYear,
}

/// All orders.
pub(crate) const ORDERS: [Order; 4] =
    [Order::YearMonthDay, Order::DayMonthYear, Order::MonthDayYear, Order::DayNameYear];

/// What a cell is as a date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// No date.
    No,
    /// It has the form of a date, but there is no such day or time.
    NoSuchDay,
    /// The year has two digits.
    ShortYear,
    /// Days since 1970-01-01, with the time of day as a fraction. A moment with an offset is taken in UTC.
    Days(f64),
}

impl Order {
    /// The date that a cell holds in this order.
    pub(crate) fn read(self, cell: &str) -> Reading {
        let text = trimmed(cell);
        if let Some(first) = first_of_month(text) {
            return if self == Self::YearMonthDay { first } else { Reading::No };
        }
        let Some((fields, rest)) = fields(text) else { return Reading::No };
        let [a, b, c] = fields;
        let (year, month, day) = match self {
            Self::YearMonthDay => (a, b, c),
            Self::DayMonthYear => (c, b, a),
            // 03.31.2024 is not written anywhere.
            Self::MonthDayYear if text.as_bytes().get(a.len()) == Some(&b'.') => return Reading::No,
            Self::MonthDayYear => (c, a, b),
            Self::DayNameYear => (c, b, a),
        };
        let named = month.starts_with(|c: char| c.is_alphabetic());
        if named != (self == Self::DayNameYear) || day.len() > 2 || (!named && month.len() > 2) {
            return Reading::No;
        }
        if named && month_of(month).is_none() {
            return Reading::No;
        }
        // Two numbers of which none can be a day, such as in `10.0.99`, are no date of a short year.
        let may_be_days = || named || [a, b].iter().all(|part| (1..=31).contains(&part.parse().unwrap_or(0)));
        match year.len() {
            4 => {}
            2 if !may_be_days() => return Reading::No,
            2 if self != Self::YearMonthDay && !a.is_empty() => return Reading::ShortYear,
            _ => return Reading::No,
        }
        let month = if named { month_of(month) } else { month.parse().ok() };
        let (Ok(year), Some(month), Ok(day)) = (year.parse(), month, day.parse()) else { return Reading::No };
        let Some(date) = NaiveDate::from_ymd_opt(year, month, day) else { return Reading::NoSuchDay };
        match time_of_day(rest) {
            Some(fraction) => Reading::Days(f64::from(date.to_epoch_days()) + fraction),
            None if rest.starts_with([' ', 'T']) => Reading::NoSuchDay,
            None => Reading::No,
        }
    }

    /// The days of a cell that holds a date in this order.
    pub(crate) fn days(self, cell: &str) -> Option<f64> {
        match self.read(cell) {
            Reading::Days(days) => Some(days),
            _ => None,
        }
    }

    /// How dates are written in this order, for messages.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::YearMonthDay => "2024-03-31",
            Self::DayMonthYear => "31.03.2024 or 31/03/2024",
            Self::MonthDayYear => "03/31/2024",
            Self::DayNameYear => "31-Mar-2024",
        }
    }
}

/// The first day of a month that is written as `2024-03`, with a year of our time.
fn first_of_month(text: &str) -> Option<Reading> {
    let (year, month) = text.split_once('-')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (year.len(), month.len()) != (4, 2) || !digits(year) || !digits(month) {
        return None;
    }
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    if !(1800..2200).contains(&year) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year, month, 1);
    Some(date.map_or(Reading::NoSuchDay, |date| Reading::Days(f64::from(date.to_epoch_days()))))
}

/// The three fields of a date and what follows them.
fn fields(text: &str) -> Option<([&str; 3], &str)> {
    if !text.is_ascii() {
        return None;
    }
    let run = |text: &str, alphabetic: bool| {
        text.bytes()
            .take_while(|byte| if alphabetic { byte.is_ascii_alphabetic() } else { byte.is_ascii_digit() })
            .count()
    };
    let first = run(text, false);
    if first == 8 && matches!(text.as_bytes().get(8), None | Some(b'T' | b' ')) {
        return Some(([&text[..4], &text[4..6], &text[6..8]], &text[8..]));
    }
    if !(1..=4).contains(&first) {
        return None;
    }
    let (a, rest) = text.split_at(first);
    let separator = rest.bytes().next().filter(|byte| matches!(byte, b'-' | b'/' | b'.' | b' '));
    let rest = if separator.is_some() { &rest[1..] } else { rest };
    let spaced = separator == Some(b'.') && rest.starts_with(' ');
    let rest = if spaced { &rest[1..] } else { rest };
    let named = rest.starts_with(|c: char| c.is_ascii_alphabetic());
    if !named && !matches!(separator, Some(b'-' | b'/' | b'.')) {
        return None;
    }
    let (b, rest) = rest.split_at(run(rest, named));
    let rest = match separator {
        Some(separator) => {
            let rest = rest.strip_prefix(char::from(separator))?;
            rest.strip_prefix(' ').filter(|_| spaced).unwrap_or(rest)
        }
        None => rest,
    };
    let (c, rest) = rest.split_at(run(rest, false));
    if b.is_empty() || c.is_empty() { None } else { Some(([a, b, c], rest)) }
}

/// The number of a month by its English or German name, or the first three letters of it.
fn month_of(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    const GERMAN: [(&str, u32); 6] =
        [("mai", 5), ("okt", 10), ("dez", 12), ("mrz", 3), ("oktober", 10), ("dezember", 12)];
    let name = name.to_ascii_lowercase();
    if name.len() < 3 {
        return None;
    }
    let english = (1..).zip(NAMES).find(|(_, known)| *known == name || known[..3] == name);
    english
        .map(|(month, _)| month)
        .or_else(|| GERMAN.into_iter().find(|(known, _)| *known == name).map(|(_, month)| month))
}

/// The time of day after a date, as a fraction of a day, an offset subtracted: nothing, `T12:30`, ` 12:30:05.5Z`.
fn time_of_day(rest: &str) -> Option<f64> {
    if rest.is_empty() {
        return Some(0.0);
    }
    let rest = rest.strip_prefix([' ', 'T'])?.trim();
    let (clock, offset) = if let Some(clock) = rest.strip_suffix('Z').or_else(|| rest.strip_suffix(" UTC")) {
        (clock, 0.0)
    } else if let Some(at) = rest.rfind(['+', '-']) {
        (&rest[..at], offset(&rest[at..])?)
    } else {
        (rest, 0.0)
    };
    let clock = clock.trim_end();
    let time = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(clock, format).ok())?;
    Some(time.signed_duration_since(NaiveTime::MIN).as_seconds_f64() / 86_400.0 - offset)
}

/// An offset such as `+02:00`, `+0200` or `-05`, as a fraction of a day.
fn offset(text: &str) -> Option<f64> {
    let (sign, digits) = text.split_at(1);
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let minutes = hours.parse::<f64>().ok()? * 60.0 + minutes.parse::<f64>().unwrap_or(0.0);
    Some(if sign == "-" { -minutes } else { minutes } / 1440.0)
}

/// The date of days since 1970-01-01, for messages.
pub(crate) fn iso(days: f64) -> String {
    // The cast saturates, and chrono refuses days that it has no date for.
    NaiveDate::from_epoch_days(days.floor() as i32)
        .map_or_else(|| format!("day {days}"), |date| date.to_string())
}

/// Day of the week (0 is Monday) and month (0 is January) of days since 1970-01-01.
pub(crate) fn weekday_and_month(days: f64) -> Option<(usize, usize)> {
    use chrono::Datelike;
    let date = NaiveDate::from_epoch_days(days.floor() as i32)?;
    Some((date.weekday().num_days_from_monday() as usize, date.month0() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: f64 = 19_813.0; // 2024-03-31

    #[test]
    fn one_day_in_every_notation() {
        for (order, cell) in [
            (Order::YearMonthDay, "2024-03-31"),
            (Order::YearMonthDay, "2024/3/31"),
            (Order::YearMonthDay, "20240331"),
            (Order::YearMonthDay, "2024-03-31T00:00:00Z"),
            (Order::DayMonthYear, "31.03.2024"),
            (Order::DayMonthYear, "31. 3. 2024"),
            (Order::DayMonthYear, "31/03/2024 00:00"),
            (Order::MonthDayYear, "3/31/2024"),
            (Order::MonthDayYear, "03/31/2024 12:00 AM"),
            (Order::DayNameYear, "31-Mar-2024"),
            (Order::DayNameYear, "31MAR2024"),
            (Order::DayNameYear, "31 March 2024"),
        ] {
            assert_eq!(order.read(cell), Reading::Days(DAY), "{cell}");
        }
        assert_eq!(Order::YearMonthDay.read("2024-03-31 18:00:00+06:00"), Reading::Days(DAY + 0.5));
        assert_eq!(Order::YearMonthDay.read("2024-03"), Reading::Days(DAY - 30.0));
        assert_eq!(iso(DAY + 0.5), "2024-03-31");
        assert_eq!(weekday_and_month(DAY), Some((6, 2)));
    }

    #[test]
    fn what_is_no_date() {
        assert_eq!(Order::YearMonthDay.read("2023-02-30"), Reading::NoSuchDay);
        assert_eq!(Order::YearMonthDay.read("2023-13"), Reading::NoSuchDay);
        assert_eq!(Order::YearMonthDay.read("2023-02-03 25:00"), Reading::NoSuchDay);
        assert_eq!(Order::DayMonthYear.read("03/31/2024"), Reading::NoSuchDay);
        assert_eq!(Order::DayMonthYear.read("01.02.23"), Reading::ShortYear);
        for cell in [
            "",
            "12",
            "1.5",
            "2024",
            "1-2",
            "1.2.3",
            "10.0.0.1",
            "abc",
            "12-345-6789",
            "2024-03-31x",
            "192.168.1.1",
            "2h52",
            "10.0.99",
            "45-67-89",
        ] {
            for order in ORDERS {
                assert_eq!(order.read(cell), Reading::No, "{cell} {order:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            for order in ORDERS {
                order.read(&text);
            }
        }

        #[test]
        fn dates_are_read_as_what_they_are(days in -100_000_i32..100_000) {
            let date = NaiveDate::from_epoch_days(days).unwrap_or_default();
            for (order, format) in [
                (Order::YearMonthDay, "%Y-%m-%d"),
                (Order::DayMonthYear, "%d.%m.%Y"),
                (Order::MonthDayYear, "%m/%d/%Y"),
                (Order::DayNameYear, "%d-%b-%Y"),
            ] {
                prop_assert_eq!(order.days(&date.format(format).to_string()), Some(f64::from(days)));
            }
        }
    }
}
