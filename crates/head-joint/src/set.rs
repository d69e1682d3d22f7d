//! Which parties decrypt, where a threshold of them does. The set is fixed before any of them makes a share: a party answers one set, and
//! its share is bound to it.

use ckks_threshold::Session;

use crate::error::Result;

/// The set of parties that decrypts, or what is missing to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptingSet {
    /// All members have named it: increasing numbers, as many as decrypt.
    Fixed(Vec<usize>),
    /// Somebody has named it. These of its members have not, or named another.
    Named {
        /// The set.
        set: Vec<usize>,
        /// Members that have not named it.
        missing: Vec<usize>,
    },
    /// Nobody has named one.
    Open,
}

impl DecryptingSet {
    /// The set from what each party named, `None` for one that named none. Where all parties decrypt, nobody need name any.
    ///
    /// One that all its members named comes first, then the one that `own` named, then one that names `own`, then any.
    ///
    /// # Errors
    /// [`crate::Error::Threshold`] for a set that is none of this session's, by the number of the party that named it.
    pub fn of(session: &Session, named: &[Option<Vec<usize>>], own: Option<usize>) -> Result<Self> {
        let parties = session.parties();
        if session.threshold() == parties {
            return Ok(Self::Fixed((0..parties).collect()));
        }
        for (party, set) in named.iter().enumerate() {
            if let Some(set) = set {
                expect_set(session, party, set)?;
            }
        }
        let by = |party: &usize| named.get(*party).and_then(Option::as_ref);
        let missing =
            |set: &Vec<usize>| set.iter().copied().filter(|party| by(party) != Some(set)).collect::<Vec<_>>();
        let sets = || named.iter().flatten();
        if let Some(set) = sets().find(|set| missing(set).is_empty()) {
            return Ok(Self::Fixed(set.clone()));
        }
        let wanted = own.as_ref().and_then(by).or_else(|| {
            let own = own?;
            sets().find(|set| set.contains(&own))
        });
        Ok(match wanted.or_else(|| sets().next()) {
            Some(set) => Self::Named { set: set.clone(), missing: missing(set) },
            None => Self::Open,
        })
    }
}

/// Refuses a set that cannot decrypt: other parties than the session's, out of order, or not as many as its threshold.
///
/// # Errors
/// [`crate::Error::Threshold`], by the number of the party that named it.
pub fn expect_set(session: &Session, party: usize, set: &[usize]) -> Result<()> {
    let increasing = set.windows(2).all(|pair| pair[0] < pair[1]);
    let known = set.last().is_some_and(|&last| last < session.parties());
    if increasing && known && set.len() == session.threshold() {
        return Ok(());
    }
    let reason = format!("parties {set:?}, where {} of {} decrypt", session.threshold(), session.parties());
    Err(ckks_threshold::Error::Refused { what: "set of parties that decrypt".into(), party, reason }.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::Error;
    use fhe_head::ckks::presets::insecure_joint_for_tests;

    fn session(parties: u32, threshold: usize) -> Session {
        Session::new(&insecure_joint_for_tests(10, 2, parties).unwrap(), &[0; 32], 0, threshold).unwrap()
    }

    #[test]
    fn a_set_is_fixed_when_each_of_its_members_has_named_it() {
        let session = session(3, 2);
        let of = |named: [Option<&[usize]>; 3], own| {
            DecryptingSet::of(&session, &named.map(|set| set.map(<[usize]>::to_vec)), own).unwrap()
        };
        let named = |set: &[usize], missing: &[usize]| DecryptingSet::Named {
            set: set.to_vec(),
            missing: missing.to_vec(),
        };
        assert_eq!(of([None, None, None], Some(0)), DecryptingSet::Open);
        assert_eq!(of([Some(&[0, 2]), None, None], Some(2)), named(&[0, 2], &[2]));
        assert_eq!(of([Some(&[0, 2]), None, Some(&[0, 2])], Some(1)), DecryptingSet::Fixed(vec![0, 2]));
        // what others name does not fix a set without its members
        assert_eq!(of([Some(&[1, 2]), Some(&[0, 1]), None], Some(2)), named(&[1, 2], &[1, 2]));
        assert_eq!(of([Some(&[1, 2]), Some(&[0, 1]), None], Some(1)), named(&[0, 1], &[0]));
        assert_eq!(of([Some(&[1, 2]), Some(&[0, 1]), Some(&[1, 2])], Some(0)), named(&[1, 2], &[1]));
    }

    #[test]
    fn sets_that_cannot_decrypt_are_refused_by_number() {
        let session = session(3, 2);
        for set in [&[0usize][..], &[0, 1, 2], &[1, 0], &[1, 1], &[1, 3], &[]] {
            let refused = DecryptingSet::of(&session, &[None, Some(set.to_vec()), None], None).unwrap_err();
            let Error::Threshold(refused) = refused else { panic!("{refused}") };
            assert_eq!(refused.party(), Some(1), "{set:?}");
        }
        let all = self::session(3, 3);
        assert_eq!(DecryptingSet::of(&all, &[], None).unwrap(), DecryptingSet::Fixed(vec![0, 1, 2]));
    }
}
