//! Plain slot vectors: real, or complex where two samples share a slot.

use rayon::prelude::*;

/// One number for each slot. Real vectors, which most are, have no imaginary part in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    real: Vec<f64>,
    imaginary: Option<Vec<f64>>,
}

impl From<Vec<f64>> for Slots {
    fn from(real: Vec<f64>) -> Self {
        Self { real, imaginary: None }
    }
}

impl Slots {
    /// Complex numbers from two vectors of one length.
    pub fn complex(real: Vec<f64>, imaginary: Vec<f64>) -> Self {
        debug_assert_eq!(real.len(), imaginary.len());
        Self { real, imaginary: Some(imaginary) }
    }

    /// Zero in this number of slots.
    pub fn zero(slots: usize) -> Self {
        vec![0.0; slots].into()
    }

    /// Number of slots.
    pub fn count(&self) -> usize {
        self.real.len()
    }

    /// Real parts.
    pub fn real(&self) -> &[f64] {
        &self.real
    }

    /// Imaginary parts; `None` for a real vector.
    pub fn imaginary(&self) -> Option<&[f64]> {
        self.imaginary.as_deref()
    }

    /// Largest absolute value; infinite if there is a NaN.
    pub fn largest(&self) -> f64 {
        let larger = |max: f64, x: f64| if x.is_nan() { f64::INFINITY } else { max.max(x) };
        match &self.imaginary {
            None => self.real.iter().fold(0.0, |max, x| larger(max, x.abs())),
            Some(imaginary) => {
                let square = |(x, y): (&f64, &f64)| x * x + y * y;
                self.real.iter().zip(imaginary).map(square).fold(0.0, larger).sqrt()
            }
        }
    }

    /// Mean of the squared absolute values.
    pub fn mean_square(&self) -> f64 {
        let parts = self.real.iter().chain(self.imaginary.iter().flatten());
        parts.map(|x| x * x).sum::<f64>() / self.real.len() as f64
    }

    /// `a + b`.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.combined(other, 1.0)
    }

    /// `a - b`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.combined(other, -1.0)
    }

    /// `a + sign b`.
    fn combined(&self, other: &Self, sign: f64) -> Self {
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + sign * b).collect::<Vec<_>>();
        let imaginary = match (&self.imaginary, &other.imaginary) {
            (None, None) => None,
            (Some(a), None) => Some(a.clone()),
            (None, Some(b)) => Some(b.iter().map(|b| sign * b).collect()),
            (Some(a), Some(b)) => Some(sum(a, b)),
        };
        Self { real: sum(&self.real, &other.real), imaginary }
    }

    /// A real constant added to every slot.
    #[must_use]
    pub fn plus_constant(&self, c: f64) -> Self {
        Self { real: self.real.iter().map(|x| x + c).collect(), imaginary: self.imaginary.clone() }
    }

    /// The product with a real vector, repeated with its length as period. A vector of one number is a constant.
    #[must_use]
    pub fn times(&self, v: &[f64]) -> Self {
        self.each(|part| part.iter().zip(v.iter().cycle()).map(|(x, v)| x * v).collect())
    }

    /// `rot(a, k)[s] = a[s + k]`, indices modulo the number of slots.
    #[must_use]
    pub fn rotated(&self, k: isize) -> Self {
        self.each(|part| {
            let (head, tail) = part.split_at(normalise_step(k, part.len()));
            [tail, head].concat()
        })
    }

    /// The product with the imaginary unit.
    #[must_use]
    pub fn times_i(&self) -> Self {
        let turned = self.imaginary.as_ref().map(|part| part.iter().map(|y| -y).collect());
        Self::complex(turned.unwrap_or_else(|| vec![0.0; self.real.len()]), self.real.clone())
    }

    /// Real and imaginary parts, each as a real vector.
    pub fn parts(&self) -> (Self, Self) {
        let imaginary = self.imaginary.clone().unwrap_or_else(|| vec![0.0; self.real.len()]);
        (self.real.clone().into(), imaginary.into())
    }

    /// Adds products slot by slot.
    pub fn add_products(&mut self, terms: &[(&Self, &Self)]) {
        add(&mut self.real, terms, |(a, b)| Some((&a.real, &b.real)), 1.0);
        add(&mut self.real, terms, |(a, b)| Some((a.imaginary.as_ref()?, b.imaginary.as_ref()?)), -1.0);
        if terms.iter().any(|(a, b)| a.imaginary.is_some() || b.imaginary.is_some()) {
            let imaginary = self.imaginary.get_or_insert_with(|| vec![0.0; self.real.len()]);
            add(imaginary, terms, |(a, b)| Some((&a.real, b.imaginary.as_ref()?)), 1.0);
            add(imaginary, terms, |(a, b)| Some((a.imaginary.as_ref()?, &b.real)), 1.0);
        }
    }

    fn each(&self, f: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        Self { real: f(&self.real), imaginary: self.imaginary.as_deref().map(f) }
    }
}

/// The step of a rotation as a number in `[0, slots)`.
pub(super) fn normalise_step(k: isize, slots: usize) -> usize {
    k.rem_euclid(slots as isize) as usize
}

/// Adds `sign` times the products of the parts that `select` picks from each term.
fn add<'a>(
    sum: &mut [f64],
    terms: &[(&'a Slots, &'a Slots)],
    select: impl Fn(&(&'a Slots, &'a Slots)) -> Option<(&'a Vec<f64>, &'a Vec<f64>)>,
    sign: f64,
) {
    /// Numbers that stay in the cache while all terms are added to them.
    const CHUNK: usize = 1 << 12;
    let selected: Vec<_> = terms.iter().filter_map(select).collect();
    if selected.is_empty() {
        return;
    }
    sum.par_chunks_mut(CHUNK).enumerate().for_each(|(i, chunk)| {
        for (a, b) in &selected {
            for ((sum, a), b) in chunk.iter_mut().zip(&a[i * CHUNK..]).zip(&b[i * CHUNK..]) {
                *sum += sign * a * b;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn z(real: [f64; 2], imaginary: [f64; 2]) -> Slots {
        Slots::complex(real.to_vec(), imaginary.to_vec())
    }

    #[test]
    fn products_and_sums_are_those_of_complex_numbers() {
        let (a, b, r) =
            (z([1.0, -2.0], [3.0, 0.5]), z([2.0, 4.0], [-1.0, 1.0]), Slots::from(vec![2.0, -1.0]));
        let mut sum = Slots::zero(2);
        sum.add_products(&[(&a, &b), (&r, &a), (&r, &r)]);
        // (1 + 3i)(2 - i) + 2 (1 + 3i) + 4, (-2 + i/2)(4 + i) - (-2 + i/2) + 1
        assert_eq!(sum, z([11.0, -5.5], [11.0, -0.5]));
        assert_eq!(r.minus(&a), z([1.0, 1.0], [-3.0, -0.5]));
        assert_eq!(a.plus(&r.times_i()), z([1.0, -2.0], [5.0, -0.5]));
        assert_eq!(a.times_i(), z([-3.0, -0.5], [1.0, -2.0]));
        assert_eq!(a.rotated(-1), z([-2.0, 1.0], [0.5, 3.0]));
        assert_eq!(a.times(&[-2.0]).parts(), (vec![-2.0, 4.0].into(), vec![-6.0, -1.0].into()));
        assert_eq!(z([3.0, 0.0], [4.0, 1.0]).largest(), 5.0);
        assert_eq!(z([3.0, 0.0], [4.0, 1.0]).mean_square(), 13.0);
        assert_eq!(z([f64::NAN, 0.0], [4.0, 1.0]).largest(), f64::INFINITY);
    }
}
