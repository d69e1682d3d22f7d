//! One purpose for each column: what the flags ask of a column must go together.

use crate::exit::{Failure, Result};

/// What a flag takes a column for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Text,
    Label,
    Weight,
    Group,
    Id,
    Keep,
    Drop,
    Numeric,
    Categorical,
    Impute,
}

impl Role {
    fn flag(self) -> &'static str {
        match self {
            Self::Text => "--text-column",
            Self::Label => "--label-column",
            Self::Weight => "--sample-weight",
            Self::Group => "--group-column",
            Self::Id => "--id-column",
            Self::Keep => "--keep-columns",
            Self::Drop => "--drop",
            Self::Numeric => "--numeric",
            Self::Categorical => "--categorical",
            Self::Impute => "--impute",
        }
    }

    /// Whether a column may have both.
    fn goes_with(self, other: Self) -> bool {
        use Role::{Categorical, Group, Id, Impute, Keep, Numeric, Text, Weight};
        // a patient's number groups visits and names predictions; whatever is no label may be passed through
        let pairs = [
            (Group, Id),
            (Group, Keep),
            (Id, Keep),
            (Weight, Keep),
            (Text, Keep),
            (Numeric, Impute),
            (Categorical, Impute),
        ];
        self == other || pairs.contains(&(self, other)) || pairs.contains(&(other, self))
    }
}

/// Refuses a column that two flags take for purposes that exclude each other.
///
/// # Errors
/// The first such column, with both flags.
pub(super) fn expect_one_purpose(roles: &[(Role, &[String])]) -> Result<()> {
    for (at, (role, names)) in roles.iter().enumerate() {
        for (other, others) in &roles[..at] {
            let Some(name) = names.iter().find(|name| !role.goes_with(*other) && others.contains(name))
            else {
                continue;
            };
            let message =
                format!("{} {name} and {} {name}: a column has one purpose", other.flag(), role.flag());
            return Err(Failure::usage(message).help("name it for one of them"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn purposes_exclude_each_other_or_go_together() {
        use Role::*;
        let name = ["x".to_owned()];
        let refused = |a, b| expect_one_purpose(&[(a, &name), (b, &name)]).err().map(|f| f.to_string());
        let all = [Text, Label, Weight, Group, Id, Keep, Drop, Numeric, Categorical, Impute];
        let mut together = 0;
        for a in all {
            for b in all {
                assert_eq!(refused(a, b).is_some(), refused(b, a).is_some(), "{a:?} {b:?}");
                together += usize::from(a != b && refused(a, b).is_none());
            }
        }
        assert_eq!(together, 14);
        let message = refused(Group, Weight).unwrap();
        assert!(message.contains("--group-column x and --sample-weight x"), "{message}");
        assert!(expect_one_purpose(&[(Group, &name), (Weight, &["y".to_owned()])]).is_ok());
    }
}
