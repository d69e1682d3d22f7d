//! Columns whose values name rows, by their names and values.
//!
//! Care is taken not to lose a measurement: whole numbers that are all different are an identifier only if the name says
//! so or if they count the rows in order.

/// How much the name of a column says that it names rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    /// `nr`, `index`, `patient`: it does if all values are different.
    Perhaps,
    /// `site_id`, `clinic mrn`: it does, or it is a code if most values occur several times.
    Surely,
    /// `id`, `patient_id`, `mrn`: it does, also if several rows have the same value, unless there are very few.
    Always,
    /// An index that pandas or R wrote: no name at all, `Unnamed: 0`, `__index_level_0__`.
    Index,
}

/// What the name of a column says. `first` is true for the first column of a table.
pub(super) fn name_says(name: &str, first: bool) -> Says {
    const ALWAYS: [&str; 11] = [
        "uuid",
        "guid",
        "mrn",
        "ssn",
        "pid",
        "rowid",
        "patid",
        "patientid",
        "subjectid",
        "recordid",
        "accession",
    ];
    // Short words that have other meanings after other words: `sunspots SSN`.
    const AMBIGUOUS: [&str; 3] = ["ssn", "pid", "accession"];
    // Words before a point of reference: `age at accession`, `days since visit`.
    const RELATIONS: [&str; 9] = ["at", "of", "since", "before", "after", "until", "to", "per", "by"];
    const ONES: [&str; 12] = [
        "patient",
        "subject",
        "participant",
        "person",
        "record",
        "case",
        "sample",
        "row",
        "study",
        "encounter",
        "visit",
        "user",
    ];
    const PERHAPS: [&str; 22] = [
        "index",
        "idx",
        "nr",
        "no",
        "number",
        "nummer",
        "row",
        "rownum",
        "rowname",
        "rownames",
        "record",
        "case",
        "subject",
        "patient",
        "sample",
        "key",
        "code",
        "patnr",
        "fallnr",
        "lfdnr",
        "fallnummer",
        "patientennummer",
    ];
    let trimmed = name.trim();
    if (trimmed.is_empty() && first)
        || trimmed.starts_with("Unnamed: ")
        || trimmed.starts_with("__index_level_")
    {
        return Says::Index;
    }
    let words = words_of(trimmed);
    // The last word says what a column holds: `pid_error` and `case id count` are measurements, and so is `age at accession`.
    let Some((last, before)) = words.split_last() else { return Says::Nothing };
    let last = last.as_str();
    if before.iter().any(|word| RELATIONS.contains(&word.as_str())) {
        return Says::Nothing;
    }
    let named = ["id", "ids", "identifier"].contains(&last);
    let always = ALWAYS.contains(&last);
    if (always || named) && before.iter().all(|word| ONES.contains(&word.as_str())) {
        return Says::Always;
    }
    if named || (always && !AMBIGUOUS.contains(&last)) {
        return Says::Surely;
    }
    if always {
        return Says::Perhaps;
    }
    // `body mass index` is a measurement, `index` is not; `study nr` may be either, and `nr` too.
    let alone = words.len() == 1 && PERHAPS.contains(&last);
    let numbered = words.len() > 1 && ["nr", "no", "nummer", "number", "key", "code"].contains(&last);
    if alone || numbered { Says::Perhaps } else { Says::Nothing }
}

/// The words of a name, in small letters: `patientID`, `patient_id` and `Patient ID` are the same two.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for character in name.chars() {
        let starts = !character.is_alphanumeric() || (character.is_uppercase() && small_before);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        small_before = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether whole numbers count the rows, up or down: from 0 or 1, or from elsewhere in a column that is not named after a time. In
/// another order they may be ranks, which are a measurement.
pub(super) fn counts_rows(name: &str, values: &[f64]) -> bool {
    let steps = |step: f64| values.windows(2).all(|pair| pair[1] - pair[0] == step);
    let least = if steps(1.0) {
        values.first()
    } else if steps(-1.0) {
        values.last()
    } else {
        None
    };
    least.is_some_and(|&least| least == 0.0 || least == 1.0 || !is_time(name))
}

/// Whether whole numbers are a run without gaps in another order than that of the rows: shuffled numbers of rows, or ranks. A column
/// named after ranks or times holds those.
pub(super) fn may_number_rows(name: &str, values: &[f64]) -> bool {
    const RANKS: [&str; 12] = [
        "rank",
        "ranks",
        "ranking",
        "rang",
        "order",
        "position",
        "pos",
        "place",
        "platz",
        "percentile",
        "level",
        "grade",
    ];
    let ranks = words_of(name).iter().any(|word| RANKS.contains(&word.as_str()));
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let whole = values.iter().all(|value| value.fract() == 0.0);
    whole && !ranks && !is_time(name) && sorted.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
}

/// Whether a name is one of a time: a row for each year is no numbering of rows.
fn is_time(name: &str) -> bool {
    const TIMES: [&str; 14] = [
        "year", "years", "jahr", "month", "monat", "week", "woche", "day", "days", "tag", "hour", "time",
        "age", "zeit",
    ];
    words_of(name).iter().any(|word| TIMES.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak() {
        for (name, says) in [
            ("id", Says::Always),
            ("patient_id", Says::Always),
            ("patientID", Says::Always),
            ("Record ID", Says::Always),
            ("MRN", Says::Always),
            ("site_id", Says::Surely),
            ("nr", Says::Perhaps),
            ("Fall-Nr", Says::Perhaps),
            ("index", Says::Perhaps),
            ("body_mass_index", Says::Nothing),
            ("width", Says::Nothing),
            ("acid", Says::Nothing),
            ("weight", Says::Nothing),
            ("study visit id", Says::Always),
            ("hospital_mrn", Says::Surely),
            ("pid_error", Says::Nothing),
            ("age at accession", Says::Nothing),
            ("sunspots SSN", Says::Perhaps),
            ("case id count", Says::Nothing),
            ("study visit id count", Says::Nothing),
            ("Unnamed: 0", Says::Index),
        ] {
            assert_eq!(name_says(name, false), says, "{name}");
        }
        assert_eq!(name_says("", true), Says::Index);
        assert_eq!(name_says("", false), Says::Nothing);
    }

    #[test]
    fn counts_of_rows_are_told_from_ranks() {
        for values in [[0.0, 1.0, 2.0], [3.0, 2.0, 1.0], [1007.0, 1008.0, 1009.0], [9.0, 8.0, 7.0]] {
            assert!(counts_rows("passenger", &values), "{values:?}");
        }
        for values in [[2.0, 0.0, 1.0], [0.0, 2.0, 3.0]] {
            assert!(!counts_rows("passenger", &values), "{values:?}");
        }
        assert!(may_number_rows("passenger", &[2.0, 0.0, 1.0]));
        assert!(!may_number_rows("passenger", &[3.0, 0.0, 1.0]));
        assert!(!may_number_rows("rank", &[2.0, 0.0, 1.0]) && !may_number_rows("age", &[2.0, 0.0, 1.0]));
        assert!(!counts_rows("Year of birth", &[1950.0, 1951.0, 1952.0]));
    }
}
