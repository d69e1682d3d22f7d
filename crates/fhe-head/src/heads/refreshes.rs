//! Bootstraps inside an iteration, at points that the head names and the job selects.
//!
//! The head's gradient passes its values through every point. At a point without a bootstrap they stay as they are. The values fill the
//! slots, so the bootstrap refreshes as many as it can hold.

use ckks::Scale;
use ckks::threads::try_map;
use serde::{Deserialize, Serialize};

use super::columns::side_by_side;
use crate::engine::Engine;
use crate::error::Result;
use crate::packing::{Packing, split};

/// Most bits by which the scale of values may differ from the bootstrap's own. Larger differences gain nothing.
const MOST_BITS: f64 = 40.0;

/// A point of a head's iteration with a bootstrap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshedPoint {
    /// Its name, one of [`super::Head::refresh_points`].
    pub name: String,
    /// Level to which refreshed values are lowered if the bootstrap leaves more.
    pub level: usize,
}

/// The points of an iteration with a bootstrap.
#[derive(Clone, Copy, Debug)]
pub struct Refreshes<'a>(&'a [RefreshedPoint]);

/// One number for each row, in one column and zero in the others.
#[derive(Clone, Debug)]
pub struct InColumn<V> {
    /// The slots.
    pub value: V,
    /// The column.
    pub column: usize,
}

impl<'a> Refreshes<'a> {
    /// No bootstrap.
    pub const NONE: Refreshes<'static> = Refreshes(&[]);

    /// Bootstraps at these points of a job.
    pub fn new(points: &'a [RefreshedPoint]) -> Self {
        Self(points)
    }

    /// The scale at which values of magnitude up to `bound` must arrive at this point so that they fill the bootstrap's range: a power of
    /// two times the bootstrap's own. `None` without a bootstrap there.
    pub fn scale<E: Engine>(self, engine: &E, point: &str, bound: f64) -> Option<Scale> {
        let bits = (-bound.log2().ceil()).clamp(-MOST_BITS, MOST_BITS) as i32;
        self.find(point).map(|_| engine.refresh_unit().mul_power_of_two(bits))
    }

    /// Lowers a value that arrives at this point `depth` levels further down to the lowest level that allows the bootstrap there, since
    /// operations on fewer limbs are cheaper. Without a bootstrap the value stays as it is.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn entering<E: Engine>(
        self,
        engine: &E,
        point: &str,
        value: &E::Value,
        depth: usize,
    ) -> Result<E::Value> {
        match self.find(point) {
            Some(_) => engine.drop_to(value, (engine.refresh_level() + depth).min(engine.level(value))),
            None => Ok(value.clone()),
        }
    }

    /// Splits a value that fills the slots of a block into one real value for each half ([`split`]). With a bootstrap they are refreshed
    /// and keep the scale. Without one, splitting a complex block doubles the scale.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn halves<E: Engine>(
        self,
        engine: &E,
        packing: &Packing,
        point: &str,
        value: E::Value,
    ) -> Result<Vec<E::Value>> {
        let Some(placed) = self.find(point) else {
            return Ok(split(engine, packing, vec![value])?.into_iter().flatten().collect());
        };
        let halves = match packing.is_complex() {
            true => <[E::Value; 2]>::from(engine.refresh_parts(&value)?).to_vec(),
            false => vec![engine.refresh(&value, None)?.0],
        };
        halves.iter().map(|half| placed.lowered(engine, half)).collect()
    }

    /// How many values of [`Self::rows`] share a bootstrap; 1 without one.
    pub fn rows_together(self, packing: &Packing, point: &str) -> usize {
        if self.find(point).is_some() { packing.columns() } else { 1 }
    }

    /// Refreshes values with one number for each row, in column 0 and zero elsewhere. As many values as there are columns share a
    /// bootstrap, each in a column of its own, where it stays. Masks separate them, which takes a level after the bootstrap. Without a
    /// bootstrap the values stay as they are.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn rows<E: Engine>(
        self,
        engine: &E,
        packing: &Packing,
        point: &str,
        values: Vec<E::Value>,
    ) -> Result<Vec<InColumn<E::Value>>> {
        let Some(placed) = self.find(point) else {
            return Ok(values.into_iter().map(|value| InColumn { value, column: 0 }).collect());
        };
        let columns = packing.columns();
        let mut fresh = Vec::with_capacity(values.len());
        for together in values.chunks(columns) {
            let refreshed =
                placed.lowered(engine, &engine.refresh(&side_by_side(engine, together)?, None)?.0)?;
            let alone: Result<Vec<_>> = try_map(0..together.len(), |column| {
                let mut mask = vec![0.0; columns];
                mask[column] = 1.0;
                let value = engine.mul_vec(&refreshed, &mask, &engine.scale(&refreshed))?;
                Ok(InColumn { value, column })
            });
            fresh.extend(alone?);
        }
        Ok(fresh)
    }

    fn find(self, point: &str) -> Option<&'a RefreshedPoint> {
        self.0.iter().find(|placed| placed.name == point)
    }
}

impl RefreshedPoint {
    /// Lowers a refreshed value to the level: further limbs would only make operations slower.
    fn lowered<E: Engine>(&self, engine: &E, value: &E::Value) -> Result<E::Value> {
        engine.drop_to(value, self.level.min(engine.level(value)))
    }
}
