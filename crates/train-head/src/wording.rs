//! Words that depend on numbers.

/// A number of things: `1 iteration`, `2 iterations`, `3 classes`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    let ending = match thing {
        _ if count == 1 => "",
        hissing if hissing.ends_with('s') || hissing.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

/// Classes from the lowest to the highest: `mild < moderate < severe`.
pub(crate) fn in_order(names: &[String]) -> String {
    names.join(" < ")
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
}
