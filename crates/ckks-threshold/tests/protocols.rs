//! The protocols: what comes out of them is right, and what does not belong is refused by the party's number.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::presets::insecure_joint_for_tests;
use ckks_threshold::{
    CommonRandomness, Contribution, DecryptionSum, Error, Ledger, Protocol, Release, SecretShare, Session,
    Sum,
};
use common::{Parties, budget};

/// A bound on the noise of these budgets, in slots.
const FLOODED: f64 = 1e-4;

fn decrypted(parties: &Parties, release: &Release) -> Vec<f64> {
    let mut sum = DecryptionSum::new(release);
    for share in &parties.shares {
        sum.add(&share.decryption_share(release, &mut Ledger::default()).unwrap()).unwrap();
    }
    sum.finish(&parties.encoder).unwrap()[0].iter().map(|slot| slot.re).collect()
}

fn release_of(parties: &Parties, a: ckks::Ciphertext, n: usize) -> Release {
    let set: Vec<usize> = (0..parties.session.parties()).collect();
    Release::new(&parties.session, budget(2 * n, 4096.0, 2, 1), &set, &[0; 32], vec![(a, n)]).unwrap()
}

#[test]
fn products_and_rotations_of_joint_ciphertexts_decrypt() {
    for count in [2, 5] {
        let parties = Parties::new(&insecure_joint_for_tests(11, 5, count).unwrap(), count as usize);
        let evaluator = parties.evaluator(&[1]);
        let values = [0.5, -0.25, 0.125, 0.75];
        let a = parties.encrypt(&values, 5);
        let product = evaluator.mul(&a, &a).unwrap();
        let rotated = evaluator.rotate(&product, 1).unwrap();
        let got = decrypted(&parties, &release_of(&parties, rotated, 4));
        for (i, got) in got.iter().enumerate() {
            let want = values[(i + 1) % 4].powi(2);
            assert!((got - want).abs() < FLOODED, "{count} parties, slot {i}: {got} instead of {want}");
        }
    }
}

#[test]
fn any_threshold_of_the_parties_decrypts_and_fewer_do_not() {
    let parties = Parties::new(&insecure_joint_for_tests(11, 3, 4).unwrap(), 3);
    let (session, common, level) = (&parties.session, &parties.common, 1);
    let deals: Vec<Vec<_>> = (0..4)
        .map(|to| parties.shares.iter().map(|from| from.deal(common, level, to).unwrap()).collect())
        .collect();
    let shares: Vec<_> =
        (0..4).map(|i| parties.shares[i].collect(common, level, &deals[i]).unwrap()).collect();
    let values = [0.5, -0.75];
    let a = parties.encrypt(&values, 3);
    for set in [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]] {
        let release =
            Release::new(session, budget(4, 4096.0, 9, level), &set, &[0; 32], vec![(a.clone(), 2)]).unwrap();
        let mut sum = DecryptionSum::new(&release);
        for party in set {
            let mut ledger = Ledger::default();
            sum.add(&shares[party].decryption_share(&parties.shares[party], &release, &mut ledger).unwrap())
                .unwrap();
        }
        let got = &sum.finish(&parties.encoder).unwrap()[0];
        assert!(
            got.iter().zip(values).all(|(slot, want)| (slot.re - want).abs() < FLOODED),
            "{set:?}: {got:?}"
        );
        // a party outside the set, and a sum with one share too few
        let outside = (0..4).find(|party| !set.contains(party)).unwrap();
        let share =
            shares[outside].decryption_share(&parties.shares[outside], &release, &mut Ledger::default());
        assert!(matches!(share, Err(Error::Budget(_))));
        let mut two = DecryptionSum::new(&release);
        for &party in &set[..2] {
            let mut ledger = Ledger::default();
            two.add(&shares[party].decryption_share(&parties.shares[party], &release, &mut ledger).unwrap())
                .unwrap();
        }
        assert!(matches!(two.finish(&parties.encoder), Err(Error::Missing { party, .. }) if party == set[2]));
    }
    // the shares of the secret themselves decrypt only where all parties do
    let release =
        Release::new(session, budget(4, 4096.0, 9, level), &[0, 1, 2], &[0; 32], vec![(a, 2)]).unwrap();
    assert!(parties.shares[0].decryption_share(&release, &mut Ledger::default()).is_err());
    // what was dealt to another is refused, and so is a second deal
    let refused = |deals: &[ckks_threshold::Deal]| parties.shares[0].collect(common, level, deals);
    assert!(matches!(refused(&deals[1]), Err(Error::Refused { .. })));
    let twice = [&deals[0][..], &deals[0][..1]].concat();
    assert!(matches!(refused(&twice), Err(Error::Refused { party: 0, .. })));
    assert!(matches!(refused(&deals[0][..3]), Err(Error::Missing { party: 3, .. })));
}

/// With one dealt share less than the threshold, every secret is as likely: the missing one can be chosen for any.
#[test]
fn dealt_shares_interpolate_to_the_secret_and_differ_from_it() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 2, 3).unwrap(), 2);
    let deal = |to| parties.shares[0].deal(&parties.common, 1, to).unwrap().value;
    // of degree one: 2 f(1) - f(2) = f(0)
    let mut secret = deal(0);
    secret.add_assign(&deal(0));
    secret.sub_assign(&deal(1));
    let basis = secret.basis();
    assert!(secret == parties.shares[0].key().poly().truncated(basis));
    assert!(deal(0) != deal(1) && deal(0) != secret);
}

#[test]
fn contributions_are_those_that_were_committed_to() {
    let session = Session::new(&insecure_joint_for_tests(10, 2, 3).unwrap(), &[1; 32], 0, 3).unwrap();
    let mut contributions: Vec<_> = (0..3).map(|_| Contribution::generate().unwrap()).collect();
    let commitments: Vec<_> = (0..3).map(|i| contributions[i].commitment(&session, i)).collect();
    CommonRandomness::finish(&session, &commitments, &contributions).unwrap();
    assert!(matches!(
        CommonRandomness::finish(&session, &commitments, &contributions[..2]),
        Err(Error::Missing { party: 2, .. })
    ));
    // a copied commitment does not open with the copied contribution
    let copied = [commitments[0], commitments[1], commitments[0]];
    contributions[2] = contributions[0].clone();
    for commitments in [&commitments[..], &copied] {
        assert!(matches!(
            CommonRandomness::finish(&session, commitments, &contributions),
            Err(Error::Refused { party: 2, .. })
        ));
    }
}

#[test]
fn shares_that_do_not_belong_are_refused_by_number() {
    let parameters = insecure_joint_for_tests(10, 3, 3).unwrap();
    let parties = Parties::new(&parameters, 3);
    let (session, common) = (&parties.session, &parties.common);
    let good = parties.shares[1].public_key(common);
    let refused = |share: &ckks_threshold::Share| {
        Sum::new(session, Protocol::PublicKey).unwrap().add(share).unwrap_err()
    };

    let mut other = good.clone();
    other.sender.session = *Session::new(&parameters, &[1; 32], 1, 3).unwrap().tag();
    assert!(matches!(refused(&other), Error::OtherSession { party: 1, .. }));
    let mut nobody = good.clone();
    nobody.sender.party = 3;
    assert!(matches!(refused(&nobody), Error::Refused { party: 3, .. }));
    let wrong = parties.shares[1].galois_key(common, 5, parties.shape()).unwrap();
    assert!(refused(&wrong).to_string().contains("share of the Galois key of element 5"));
    let mut short = good.clone();
    short.polys.clear();
    assert!(refused(&short).to_string().contains("expected 1 polynomials"));
    let mut large = good.clone();
    large.polys[0].limb_mut(0)[0] = u64::MAX >> 1;
    assert!(refused(&large).to_string().contains("not below its prime"));

    let mut sum = Sum::new(session, Protocol::PublicKey).unwrap();
    sum.add(&good).unwrap();
    assert!(sum.add(&good).unwrap_err().to_string().contains("has come already"));
    assert!(matches!(sum.finish(), Err(Error::Missing { party: 0, .. })));
}

#[test]
fn shares_of_decryptions_that_do_not_belong_are_refused() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 3, 2).unwrap(), 2);
    let release = release_of(&parties, parties.encrypt(&[0.5], 3), 1);
    let other = release_of(&parties, parties.encrypt(&[0.5], 3), 1);
    let share = |release: &Release, party: usize| {
        parties.shares[party].decryption_share(release, &mut Ledger::default()).unwrap()
    };
    let mut sum = DecryptionSum::new(&release);
    assert!(sum.add(&share(&other, 0)).unwrap_err().to_string().contains("another release"));
    let mut large = share(&release, 0);
    large.residues[0][0][0] = u64::MAX;
    assert!(sum.add(&large).unwrap_err().to_string().contains("not below its prime"));
    let mut short = share(&release, 0);
    short.residues[0][0].pop();
    assert!(sum.add(&short).unwrap_err().to_string().contains("another shape"));
    sum.add(&share(&release, 0)).unwrap();
    assert!(sum.add(&share(&release, 0)).unwrap_err().to_string().contains("has come already"));
}

#[test]
fn releases_stay_within_the_budget() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 3, 2).unwrap(), 2);
    let session = &parties.session;
    let a = || parties.encrypt(&[0.5, 0.25], 3);
    let new = |budget, set: &[usize], a| Release::new(session, budget, set, &[0; 32], vec![(a, 2)]);
    assert!(new(budget(3, 1.0, 1, 1), &[0, 1], a()).is_err(), "more numbers than the budget");
    assert!(new(budget(4, 1.0, 1, 1), &[0], a()).is_err(), "fewer parties than the threshold");
    assert!(new(budget(4, 1.0, 1, 1), &[1, 0], a()).is_err(), "parties out of order");
    assert!(new(budget(4, 1.0, 1, 0), &[0, 1], parties.encrypt(&[0.125], 0)).is_ok());
    assert!(new(budget(4, 1.0, 1, 1), &[0, 1], parties.encrypt(&[0.125], 0)).is_err(), "below the level");
    assert!(new(budget(4, 2f64.powi(40), 1, 0), &[0, 1], a()).is_err(), "noise beyond the modulus");
    assert!(new(budget(4, 1.0, 1, 9), &[0, 1], a()).is_err(), "no such level");

    let budget = budget(4, 1.0, 2, 1);
    let releases: Vec<_> = (0..3).map(|_| new(budget, &[0, 1], a()).unwrap()).collect();
    let mut ledger = Ledger::default();
    let share = |release: &Release, ledger: &mut Ledger| parties.shares[0].decryption_share(release, ledger);
    let first = share(&releases[0], &mut ledger).unwrap();
    share(&releases[1], &mut ledger).unwrap();
    assert!(matches!(share(&releases[2], &mut ledger), Err(Error::Budget(_))));
    // the same release again costs nothing and shows nothing new, from a ledger that was lost too
    assert!(share(&releases[0], &mut ledger).unwrap() == first);
    assert!(share(&releases[0], &mut Ledger::default()).unwrap() == first);
    assert_eq!(Ledger::of(ledger.entries().to_vec()), ledger);
}

/// What a party deals survives its journey; other lengths, residues, parties and levels are refused.
#[test]
fn dealt_shares_travel_as_bytes() {
    use ckks_threshold::Deal;
    let parties = Parties::new(&insecure_joint_for_tests(10, 2, 3).unwrap(), 2);
    let deal = parties.shares[1].deal(&parties.common, 1, 2).unwrap();
    let bytes = deal.to_bytes();
    let read = |bytes: &[u8]| Deal::from_bytes(&parties.session, 1, (1, 2), bytes);
    let again = read(&bytes).unwrap();
    assert!(again.value == deal.value && again.mask == deal.mask);
    assert_eq!((again.sender, again.receiver, again.digest()), (deal.sender, 2, deal.digest()));
    assert_ne!(parties.shares[1].deal(&parties.common, 1, 0).unwrap().digest(), deal.digest());

    let refused = |bytes: &[u8]| match read(bytes) {
        Err(Error::Refused { party: 1, reason, .. }) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("taken"),
    };
    assert!(refused(&bytes[1..]).contains("bytes"));
    let mut large = bytes.to_vec();
    large[32 + 8 * 1024 + 7] = 0xff;
    assert!(refused(&large).contains("not below its prime"));
    assert!(Deal::from_bytes(&parties.session, 1, (1, 3), &bytes).is_err(), "no such receiver");
    assert!(Deal::from_bytes(&parties.session, 9, (1, 2), &bytes).is_err(), "no such level");
    assert!(Deal::from_bytes(&parties.session, 0, (1, 2), &bytes).is_err(), "another level");
}

/// One share of a ciphertext, ever: not for another set of parties, another transcript, or beside another ciphertext.
#[test]
fn a_ciphertext_is_answered_once() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 3, 4).unwrap(), 2);
    let (session, common) = (&parties.session, &parties.common);
    let deals: Vec<_> = parties.shares.iter().map(|from| from.deal(common, 1, 0).unwrap()).collect();
    let share = parties.shares[0].collect(common, 1, &deals).unwrap();
    let (a, b) = (parties.encrypt(&[0.5], 3), parties.encrypt(&[0.25], 3));
    let answer = |ledger: &mut Ledger, set: &[usize], transcript: u8, of: &[&ckks::Ciphertext], releases| {
        let of = of.iter().map(|&one| (one.clone(), 1)).collect();
        let release = Release::new(session, budget(4, 1.0, releases, 1), set, &[transcript; 32], of).unwrap();
        share.decryption_share(&parties.shares[0], &release, ledger).map(|share| share.residues)
    };
    let mut ledger = Ledger::default();
    let first = answer(&mut ledger, &[0, 1], 0, &[&a], 9).unwrap();
    let rescaled = a.clone().with_scale(ckks::Scale::power_of_two(49));
    for (set, transcript, of) in [
        ([0, 2], 0, vec![&a]),
        ([0, 1], 1, vec![&a]),
        ([0, 1], 0, vec![&b, &a]),
        ([0, 1], 0, vec![&rescaled]),
    ] {
        let refused = answer(&mut ledger, &set, transcript, &of, 9).unwrap_err().to_string();
        assert!(refused.contains("one share of a ciphertext") && refused.contains("[0, 1]"), "{refused}");
    }
    assert!(answer(&mut ledger, &[0, 1], 0, &[&a], 9).unwrap() == first);
    // without the ledger the masks keep shares of two sets apart: the difference is no multiple of the product
    assert!(answer(&mut Ledger::default(), &[0, 2], 0, &[&a], 9).unwrap() != first);
    // parties 2 and 3 could decrypt as well: of four releases a party has two
    assert_eq!(session.sets_apart(), 2);
    answer(&mut ledger, &[0, 1], 0, &[&b], 4).unwrap();
    let c = parties.encrypt(&[0.125], 3);
    let refused = answer(&mut ledger, &[0, 1], 0, &[&c], 4).unwrap_err().to_string();
    assert!(refused.contains("all 2 releases"), "{refused}");
}

/// All that a share's noise depends on: with any of it changed, the noise is another.
#[test]
fn noise_is_a_function_of_the_release() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 3, 2).unwrap(), 2);
    let a = parties.encrypt(&[0.5], 3);
    let noise = |budget, transcript: [u8; 32], a: &ckks::Ciphertext| {
        let release =
            Release::new(&parties.session, budget, &[0, 1], &transcript, vec![(a.clone(), 1)]).unwrap();
        parties.shares[0].decryption_share(&release, &mut Ledger::default()).unwrap().residues
    };
    let first = noise(budget(2, 64.0, 1, 1), [0; 32], &a);
    assert!(first == noise(budget(2, 64.0, 1, 1), [0; 32], &a));
    assert!(first != noise(budget(2, 64.0, 1, 1), [1; 32], &a));
    assert!(first != noise(budget(2, 65.0, 1, 1), [0; 32], &a));
    assert!(first != noise(budget(2, 64.0, 1, 1), [0; 32], &a.with_scale(ckks::Scale::power_of_two(49))));
}

/// A relinearisation key of several parties has halves that no seed stands for.
#[test]
fn keys_of_several_parties_survive_their_files() {
    use ckks::serial::{FileKind, NewFile, Reader, Writer};
    let parameters = insecure_joint_for_tests(10, 3, 2).unwrap();
    let parties = Parties::new(&parameters, 2);
    let (full, seeded) = (parties.relinearisation_key(), parties.rotation_key(1));
    let share = parties.shares[0].public_key(&parties.common);
    let basis = share.protocol.basis(&parameters);
    let file = NewFile {
        kind: FileKind::new("test"),
        parameters: &parameters,
        key_id: parties.common.key_id(),
        items: 3,
        metadata: b"",
    };
    let mut writer = Writer::new(Vec::new(), "memory", file).unwrap();
    writer.write_switching_key(&full).unwrap();
    writer.write_switching_key(&seeded).unwrap();
    writer.write_polys(basis, &[&share.polys[0]]).unwrap();
    let bytes = writer.finish().unwrap();
    let mut reader = Reader::new(&bytes[..], "memory").unwrap();
    for (key, has_seed) in [(full, false), (seeded, true)] {
        let read = reader.read_switching_key(&parameters).unwrap();
        assert_eq!(
            (read.purpose(), read.shape(), read.seed().is_some()),
            (key.purpose(), key.shape(), has_seed)
        );
        for (a, b) in key.digits().iter().zip(read.digits()) {
            assert!([0, 1].iter().all(|&half| a.to_poly(half) == b.to_poly(half)));
        }
    }
    assert!(reader.read_polys(&parameters, basis, 1).unwrap() == share.polys);
    let mut reader = Reader::new(&bytes[..], "memory").unwrap();
    let said = reader.read_polys(&parameters, basis, 1).unwrap_err().to_string();
    assert!(said.contains("not 1 polynomials"), "{said}");
}

/// A party that was killed makes the same shares again, in this attempt; in the next attempt all differ.
#[test]
fn shares_repeat_within_an_attempt_alone() {
    let parameters = insecure_joint_for_tests(10, 3, 2).unwrap();
    let parties = Parties::new(&parameters, 2);
    let again = {
        let key = {
            let mut bytes = Vec::new();
            let file = ckks::serial::NewFile {
                kind: ckks::serial::FileKind::new("share"),
                parameters: &parameters,
                key_id: parties.shares[0].key().key_id(),
                items: 1,
                metadata: b"",
            };
            let mut writer = ckks::serial::Writer::new(&mut bytes, "share", file).unwrap();
            writer.write_secret_key(parties.shares[0].key()).unwrap();
            writer.finish().unwrap();
            ckks::serial::Reader::new(&bytes[..], "share").unwrap().read_secret_key(&parameters).unwrap()
        };
        SecretShare::from_key(&parties.session, 0, key).unwrap()
    };
    let (common, shape) = (&parties.common, parties.shape());
    let first = parties.first_round();
    let shares = |share: &SecretShare| {
        [
            share.public_key(common),
            share.galois_key(common, 5, shape).unwrap(),
            share.relinearisation_one(common, shape).unwrap(),
            share.relinearisation_two(common, &first).unwrap(),
        ]
        .map(|share| share.digest())
    };
    let original = shares(&parties.shares[0]);
    assert_eq!(original, shares(&again));
    let next = Session::new(&parameters, &[1; 32], 1, 2).unwrap();
    let contributions: Vec<_> = (0..2).map(|_| Contribution::generate().unwrap()).collect();
    let commitments: Vec<_> = (0..2).map(|i| contributions[i].commitment(&next, i)).collect();
    let other = CommonRandomness::finish(&next, &commitments, &contributions).unwrap();
    assert!(
        other.key_id() != common.key_id()
            && other.seed(&Protocol::PublicKey) != common.seed(&Protocol::PublicKey)
    );
}

/// No two objects of a session share a public polynomial: purposes, elements, levels, special primes and digits all count.
#[test]
fn no_two_keys_share_a_polynomial() {
    let parties = Parties::new(&insecure_joint_for_tests(10, 5, 2).unwrap(), 2);
    let (parameters, common) = (parties.parameters(), &parties.common);
    let mut shapes = Vec::new();
    for level in [2, 3, 5] {
        for special in [2, 3] {
            for limbs in [1, 2] {
                let digits = ckks::Digits::uniform(limbs).up_to(level);
                shapes.push(ckks::KeyShape { level, special, digits });
            }
        }
    }
    let mut protocols = vec![Protocol::PublicKey];
    for shape in shapes {
        protocols.push(Protocol::RelinearisationOne { shape });
        protocols.extend([5, 25].map(|g| Protocol::Galois { g, shape }));
    }
    let mut seen = std::collections::HashSet::new();
    let mut limbs = 0;
    for protocol in &protocols {
        let seed = common.seed(protocol);
        let halves = match protocol {
            Protocol::PublicKey => vec![ckks::PublicKey::public_half(parameters, &seed)],
            Protocol::Galois { g, shape } => {
                let purpose = ckks::KeyPurpose::Galois(*g);
                (0..shape.digits())
                    .map(|j| ckks::SwitchingKey::public_half(parameters, purpose, *shape, &seed, j))
                    .collect()
            }
            Protocol::RelinearisationOne { shape } | Protocol::RelinearisationTwo { shape } => {
                let purpose = ckks::KeyPurpose::Relinearisation;
                (0..shape.digits())
                    .map(|j| ckks::SwitchingKey::public_half(parameters, purpose, *shape, &seed, j))
                    .collect()
            }
        };
        for half in halves {
            for i in 0..half.basis().limbs() {
                limbs += 1;
                seen.insert((half.modulus(i).value(), half.limb(i)[..4].to_vec()));
            }
        }
    }
    assert_eq!(seen.len(), limbs);
    assert!(limbs > 300, "{limbs}");
}

#[test]
fn sessions_need_two_parties_and_a_threshold_of_two() {
    let one = ckks::presets::insecure_for_tests(10, 2).unwrap();
    assert!(Session::new(&one, &[0; 32], 0, 1).is_err());
    let three = insecure_joint_for_tests(10, 2, 3).unwrap();
    assert!([0, 1, 4].iter().all(|&t| Session::new(&three, &[0; 32], 0, t).is_err()));
    assert!(insecure_joint_for_tests(10, 2, 11).is_err());
    let tags: Vec<_> = [(0, 3), (1, 3), (0, 2)]
        .iter()
        .map(|&(attempt, t)| *Session::new(&three, &[0; 32], attempt, t).unwrap().tag())
        .collect();
    assert!(tags[0] != tags[1] && tags[0] != tags[2]);
    assert!(SecretShare::generate(&Session::new(&three, &[0; 32], 0, 3).unwrap(), 3).is_err());
}
