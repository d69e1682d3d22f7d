//! How ciphertexts and products travel between the ranks of a [`Collective`]: first what they are, then their residues. They go one after
//! the other, so that few words are held twice.

use ckks::{EvaluationKeys, ResidueShape, Residues};

use crate::collective::Collective;
use crate::error::{Error, Result};

/// The ends of an exchange.
pub(super) struct Exchange<'a> {
    pub(super) collective: &'a dyn Collective,
    pub(super) keys: &'a EvaluationKeys,
}

impl Exchange<'_> {
    /// The sums over all ranks. A rank without a part of its own gives `None`; rank 0 always has one, and says how many there are.
    pub(super) fn sums<T: Residues>(&self, part: Option<Vec<T>>) -> Result<Vec<T>> {
        self.travel(0, part, |shape, own| {
            let mut words = match own {
                Some(own) if own.shape() == *shape => own.to_words(),
                Some(own) => return Err(unlike(shape, &own.shape())),
                None => self.zeros::<T>(shape),
            };
            self.collective.sum(&mut words)?;
            Ok(words)
        })
    }

    /// The values of rank `from`, which gives them.
    pub(super) fn broadcast<T: Residues>(&self, from: usize, own: Option<Vec<T>>) -> Result<Vec<T>> {
        self.travel(from, own, |shape, own| {
            let mut words = own.map_or_else(|| self.zeros::<T>(shape), |own| own.to_words());
            self.collective.broadcast(from, &mut words)?;
            Ok(words)
        })
    }

    /// As many values as rank `from` says, of the shapes that it says.
    fn travel<T: Residues>(
        &self,
        from: usize,
        own: Option<Vec<T>>,
        mut exchange: impl FnMut(&ResidueShape, Option<T>) -> Result<Vec<u64>>,
    ) -> Result<Vec<T>> {
        let mut count = [own.as_ref().map_or(0, Vec::len) as u64];
        self.collective.broadcast(from, &mut count)?;
        let mut own = own.into_iter().flatten();
        let one = |_| {
            let own = own.next();
            let shape = self.shape(from, own.as_ref())?;
            let words = exchange(&shape, own)?;
            Ok(T::from_words(self.keys.parameters(), self.keys.key_id(), &shape, &words)?)
        };
        (0..count[0]).map(one).collect()
    }

    /// The shape of what rank `from` has.
    fn shape<T: Residues>(&self, from: usize, own: Option<&T>) -> Result<ResidueShape> {
        let mut words = own.map(|own| own.shape().to_words()).unwrap_or_default();
        let mut length = [words.len() as u64];
        self.collective.broadcast(from, &mut length)?;
        words.resize(length[0] as usize, 0);
        self.collective.broadcast(from, &mut words)?;
        ResidueShape::from_words(&words)
            .ok_or_else(|| Error::Data("another process sent what no process of this program sends".into()))
    }

    fn zeros<T: Residues>(&self, shape: &ResidueShape) -> Vec<u64> {
        vec![0; shape.words::<T>(self.keys.parameters())]
    }
}

fn unlike(expected: &ResidueShape, got: &ResidueShape) -> Error {
    Error::Data(format!(
        "a sum of this process is at {} primes and scale {}, that of process 0 at {} and {}: they train on different data, or with different \
         versions of the program",
        got.primes, got.scale, expected.primes, expected.scale
    ))
}
