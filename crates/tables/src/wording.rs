//! Cells and names as they stand in messages: short, and quoted.

/// Most characters of a cell that a message repeats.
const MOST_OF_A_CELL: usize = 40;
/// Most words of a cell that a message repeats.
const MOST_WORDS: usize = 3;
/// Most names that a message lists.
const MOST_NAMES: usize = 20;

/// A cell in quotes, cut after 40 characters.
pub(crate) fn quoted(cell: &str) -> String {
    let mut characters = cell.chars();
    let start: String = characters.by_ref().take(MOST_OF_A_CELL).collect();
    if characters.next().is_none() {
        return format!("{start:?}");
    }
    format!("{:?} ({} bytes)", format!("{start}…"), cell.len())
}

/// A cell in quotes, unless it holds a sentence: that may be a record of a person, and messages are passed on.
pub(crate) fn shown(cell: &str) -> String {
    if cell.split_whitespace().nth(MOST_WORDS).is_some() {
        return format!("a text of {}", counted(cell.chars().count(), "character"));
    }
    quoted(cell)
}

/// Names in quotes: all, or the first of many.
pub(crate) fn listed(names: &[String]) -> String {
    let mut list: Vec<String> = names.iter().take(MOST_NAMES).map(|name| quoted(name)).collect();
    if names.len() > MOST_NAMES {
        list.push(format!("and {} more", names.len() - MOST_NAMES));
    }
    list.join(", ")
}

/// The name that was probably meant: one that differs in case or blanks alone, else the most similar one.
pub(crate) fn near<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    let bare = |name: &str| name.trim().to_lowercase();
    let asked = bare(name);
    if let Some(same) = names.iter().find(|known| bare(known) == asked) {
        return Some(same);
    }
    let similar = |known: &String| strsim::jaro_winkler(&bare(known), &asked);
    let best = names.iter().max_by(|a, b| similar(a).total_cmp(&similar(b)))?;
    (similar(best) >= 0.8).then_some(best)
}

/// A number of things: `1 row`, `2 rows`, `3 classes`.
pub fn counted(count: usize, thing: &str) -> String {
    let ending = match thing {
        _ if count == 1 => "",
        hissing if hissing.ends_with('s') || hissing.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

/// A number as people read it: six significant digits.
pub(crate) fn short_number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e9 || value.abs() < 1e-4 {
        return format!("{value:.5e}");
    }
    // Six significant digits; |value| lies between 1e-4 and 1e9, so there are at most ten decimals.
    let decimals = (5 - value.abs().log10().floor() as i32).clamp(0, 10) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let shown = [counted(1, "block"), counted(0, "block"), counted(2, "class"), counted(3, "mini-batch")];
        assert_eq!(shown, ["1 block", "0 blocks", "2 classes", "3 mini-batches"]);
        assert_eq!(counted(1, "class"), "1 class");
    }

    #[test]
    fn long_cells_are_cut() {
        assert_eq!(quoted("a\"b"), "\"a\\\"b\"");
        assert_eq!(shown("2023-02-30 08:00"), "\"2023-02-30 08:00\"");
        assert_eq!(shown("seen again by Dr Jones"), "a text of 22 characters");
        let long = quoted(&"ä".repeat(5_000_000));
        assert!(long.chars().count() < 70, "{long}");
        assert!(long.ends_with("(10000000 bytes)"));
    }

    #[test]
    fn near_names_are_found() {
        let names = ["Age".to_owned(), "weight_kg".to_owned(), "sex".to_owned()];
        assert_eq!(near("age", &names), Some(&names[0]));
        assert_eq!(near("weightkg", &names), Some(&names[1]));
        assert_eq!(near("haemoglobin", &names), None);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (123456.789, "123457"),
            (-0.1, "-0.1"),
            (2e12, "2.00000e12"),
            (100.0, "100"),
        ] {
            assert_eq!(short_number(value), text);
        }
    }
}
