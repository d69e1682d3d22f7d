//! What a page says of the columns of a table: counts, without a name of a column or a value of a record.

use std::collections::BTreeSet;

use tables::{Applied, AppliedColumn, Leak, Source};

/// Columns that tell a label alone.
pub(super) fn of_leaks(leaks: &[Leak]) -> Vec<String> {
    let columns = |identifiers: bool| {
        let of = leaks.iter().filter(|leak| (leak.source == Source::Identifier) == identifiers);
        of.map(|leak| leak.column.as_str()).collect::<BTreeSet<_>>().len()
    };
    let mut remarks = Vec::new();
    match columns(false) {
        0 => {}
        count => remarks.push(format!(
            "{} almost alone. Such a column is often filled in only once the label is known; on new samples, where it is not, the head then does \
             worse than the measures promise. The output of the program names {}.",
            if count == 1 {
                "One column of the table predicts the label".to_owned()
            } else {
                format!("{count} columns of the table each predict a label")
            },
            if count == 1 { "it" } else { "them" }
        )),
    }
    if columns(true) > 0 {
        remarks.push(
            "The rows are numbered by class: a column that names them was left out, since it would predict the label almost alone. If other \
             columns follow the order of the rows, too, the measures are too good."
                .to_owned(),
        );
    }
    remarks
}

/// Features that are named like a label.
pub(super) fn of_siblings(count: usize) -> String {
    let columns = if count == 1 { "One feature is".to_owned() } else { format!("{count} features are") };
    format!(
        "{columns} named like the label. What is entered together with the label makes the measures too good."
    )
}

/// What happened to the cells of new rows.
pub(super) fn of_cells(applied: &Applied) -> Vec<String> {
    let counted = |of: fn(&AppliedColumn) -> bool| {
        let count = applied.columns.iter().filter(|column| of(column)).count();
        (count > 0).then(|| if count == 1 { "one column".to_owned() } else { format!("{count} columns") })
    };
    let mut remarks = Vec::new();
    if let Some(columns) = counted(AppliedColumn::all_outside) {
        remarks.push(format!(
            "In {columns} every measured sample lies outside the range of the training samples: the unit may be another one, or these are other \
             people. What the head predicts there was never checked."
        ));
    }
    if let Some(columns) = counted(|column| column.outside > 0 && !column.all_outside()) {
        remarks.push(format!(
            "In {columns} some samples lie outside the range of the training samples, where the head extrapolates. A few do so by chance in any \
             data; many are a reason to look."
        ));
    }
    if let Some(columns) = counted(|column| column.new_level_rows > 0) {
        remarks.push(format!("In {columns} some samples have a category that no training sample had."));
    }
    if let Some(columns) = counted(|column| column.imputed > 0) {
        remarks.push(format!(
            "In {columns} values were missing among the measured samples; what the training chose for gaps stands in for them."
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_named() {
        let column = |outside, imputed| AppliedColumn {
            name: "canary".to_owned(),
            range: "271828 to 314159".to_owned(),
            new_levels: vec!["canary".to_owned()],
            new_level_rows: 1,
            outside,
            imputed,
            rows: 20,
            ..AppliedColumn::default()
        };
        let x = ndarray::Array2::zeros((20, 2));
        let remarks = of_cells(&Applied { x, columns: vec![column(20, 0), column(3, 2)] });
        assert_eq!(remarks.len(), 4);
        let leak = |source| Leak { column: "canary".to_owned(), balanced_accuracy: 0.9972, source };
        let told = of_leaks(&[leak(Source::Values), leak(Source::Missing), leak(Source::Identifier)]);
        assert!(told[0].starts_with("One column"), "{told:?}");
        for remark in remarks.iter().chain(&told).chain([&of_siblings(2)]) {
            assert!(!["canary", "271828", "0.99"].iter().any(|secret| remark.contains(secret)), "{remark}");
        }
    }
}
