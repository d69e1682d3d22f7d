//! What each step needs of what the others have made, where a server passes it on: nobody fetches the data of others who does not train.

/// A step, as far as it reads what others made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Messages alone: to join, to encrypt, to see how far the session is.
    Messages,
    /// A data party's part of the keys.
    Keys,
    /// The training, or to compute it again.
    Training,
    /// The decryption.
    Decryption,
    /// The decryption of sums, which each party adds itself.
    Sums,
}

impl Need {
    /// Whether the step of the party `own` reads the file of this name.
    pub(crate) fn wants(self, own: &str, name: &str) -> bool {
        let message = name.ends_with(".json") || name.ends_with(".safetensors");
        let dealt = || name.ends_with(&format!("_deals_{own}.age"));
        let of_all = ["_first_public.share", "_first_relinearisation"];
        message
            || match self {
                Self::Messages => name == "head.enc",
                Self::Keys => of_all.iter().any(|part| name.contains(part)) || dealt(),
                Self::Training => name.ends_with(".share") || name.ends_with(".enc"),
                Self::Sums => name.ends_with("_data.enc") || name.ends_with("_decryption.age"),
                Self::Decryption => name == "head.enc" || name.ends_with("_decryption.age") || dealt(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_fetches_the_data_of_others_who_does_not_train() {
        let wants = |need: Need, name| need.wants("north", name);
        for need in [Need::Messages, Need::Keys, Need::Decryption] {
            assert!(
                wants(need, "session.json")
                    && wants(need, "south_join.json")
                    && !wants(need, "south_data.enc")
            );
            assert!(!wants(need, "south_first_galois-5-3.share"));
        }
        assert!(
            wants(Need::Training, "south_data.enc") && wants(Need::Training, "south_first_galois-5-3.share")
        );
        assert!(
            wants(Need::Keys, "south_first_relinearisation-9.share")
                && wants(Need::Keys, "south_first_public.share")
        );
        // encrypted sums are added by each party
        assert!(wants(Need::Sums, "south_data.enc") && wants(Need::Sums, "south_decryption.age"));
        assert!(!wants(Need::Sums, "south_first_public.share"));
        // what is dealt to another is of no use
        assert!(wants(Need::Keys, "south_deals_north.age") && !wants(Need::Keys, "south_deals_west.age"));
        assert!(
            wants(Need::Decryption, "south_decryption.age") && !wants(Need::Training, "south_decryption.age")
        );
    }
}
