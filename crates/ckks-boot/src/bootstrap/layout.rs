//! The cheapest division of the transform's stages and of the trace among the steps of the bootstrap.

use ckks::{Cost, KeyShape, Parameters};
use ckks_math::Basis;

use super::shapes::{Noise, shape};
use crate::linear::{BsgsPlan, merged_rotations, split_stages};

/// A further stage on the raise doubles its keys. It must bring the total cost below this fraction.
const WORTH_THE_KEYS: f64 = 0.97;

/// The cheapest division of `log_slots` stages into one factor on the raise and `levels` more.
pub(crate) fn coeffs_to_slots_stages(parameters: &Parameters, log_slots: usize, levels: usize) -> Vec<usize> {
    // Each factor has at least one stage.
    let divisions = (1..=log_slots - levels)
        .map(|first| [&[first], &split_stages(log_slots - first, levels)[..]].concat());
    let cost = |stages: &Vec<usize>| {
        let raise =
            raise_cost(parameters, merged_rotations(log_slots, log_slots - stages[0] + 1, stages[0]).len());
        let mut lowest = log_slots - stages[0] + 1;
        let factors = stages[1..].iter().zip(0..).map(|(&count, i)| {
            lowest -= count;
            let order = FactorOrder::new(
                parameters,
                &merged_rotations(log_slots, lowest, count),
                1 << log_slots,
                parameters.max_level() - i,
                Noise::Rescaled,
            );
            order.cost()
        });
        (raise + factors.sum()).equivalent_transforms()
    };
    let costs = divisions.map(|stages| (cost(&stages), stages));
    let cheapest = costs.reduce(|best, next| if next.0 < WORTH_THE_KEYS * best.0 { next } else { best });
    cheapest.map(|(_, stages)| stages).unwrap_or_default()
}

/// The cost of the raise with a first factor of this many diagonals.
pub(crate) fn raise_cost(parameters: &Parameters, diagonals: usize) -> Cost {
    let shape = parameters.raise_shape(parameters.max_level());
    let (level, basis) = (shape.level, shape.basis());
    let raised = Cost { transforms: 1 + basis.limbs(), conversions: basis.limbs(), ..Cost::default() };
    raised * 2
        + Cost::turn(shape, level) * diagonals
        // The keys include the diagonals. Only the part added to one half is multiplied by them.
        + Cost { products: diagonals * basis.limbs(), ..Cost::default() }
        + Cost::divide(shape.special, level + 1) * 2
}

/// The order of the rotations of one linear map, and the shapes of their keys.
#[derive(Clone, Debug)]
pub(crate) struct FactorOrder {
    pub(crate) plan: BsgsPlan,
    pub(crate) level: usize,
    pub(crate) baby_shape: KeyShape,
    pub(crate) giant_shape: KeyShape,
}

impl FactorOrder {
    /// The cheapest order at `level`, with giant steps by keys whose noise is `giants`.
    pub(crate) fn new(
        parameters: &Parameters,
        rotations: &[usize],
        period: usize,
        level: usize,
        giants: Noise,
    ) -> Self {
        let baby_shape = shape(parameters, level, Noise::Kept, None);
        let giant_shape = shape(parameters, level, giants, Some(baby_shape.special));
        let cost =
            |plan: &BsgsPlan| factor_cost(plan, level, baby_shape, giant_shape).equivalent_transforms();
        Self { plan: BsgsPlan::cheapest(rotations, period, cost), level, baby_shape, giant_shape }
    }

    /// The cost of the map and its rescaling.
    pub(crate) fn cost(&self) -> Cost {
        factor_cost(&self.plan, self.level, self.baby_shape, self.giant_shape)
    }
}

fn factor_cost(plan: &BsgsPlan, level: usize, baby: KeyShape, giant: KeyShape) -> Cost {
    let babies = Cost::decompose(baby, level) + Cost::turn(baby, level) * plan.baby_key_switches();
    let giants = sum_of_turns(giant, level, 2) * plan.giant_key_switches();
    let basis = Basis { q: level + 1, p: baby.special };
    let diagonals = Cost { products: 2 * plan.products() * basis.limbs(), ..Cost::default() };
    babies + giants + diagonals + Cost::divide(baby.special + 1, level) * 2
}

/// The cost of a sum of `turns` automorphisms, the identity included, of a raised ciphertext. The second polynomial
/// is first divided by the special primes.
fn sum_of_turns(shape: KeyShape, level: usize, turns: usize) -> Cost {
    let divide = Cost::divide(shape.special, level + 1);
    divide + Cost::decompose(shape, level) + Cost::turn(shape, level) * (turns - 1)
}

/// A sequence of sums over automorphisms. The automorphisms of one sum share a decomposition.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub(crate) level: usize,
    pub(crate) shape: KeyShape,
    /// Galois elements of each sum, the identity first.
    pub(crate) groups: Vec<Vec<usize>>,
}

impl Sums {
    /// The cheapest order of the sum over the group that `generators` span. They commute and have order two in it.
    pub(crate) fn new(parameters: &Parameters, generators: &[usize], level: usize, noise: Noise) -> Self {
        let shape = shape(parameters, level, noise, None);
        let order = 2 * parameters.degree();
        let span = |generators: &[usize]| {
            generators.iter().fold(vec![1], |elements, g| {
                let turned = elements.iter().map(|e| e * g % order).collect::<Vec<_>>();
                [elements, turned].concat()
            })
        };
        let divided = |parts: usize| {
            let mut rest = generators;
            let groups = split_stages(generators.len(), parts).into_iter().map(|count| {
                let (now, later) = rest.split_at(count);
                rest = later;
                span(now)
            });
            Self { level, shape, groups: groups.collect() }
        };
        let plans = (1..=generators.len()).map(divided);
        let cheapest = plans
            .min_by(|a, b| a.cost().equivalent_transforms().total_cmp(&b.cost().equivalent_transforms()));
        cheapest.unwrap_or(Self { level, shape, groups: Vec::new() })
    }

    /// The cost of the sums, with the final division by the special primes.
    pub(crate) fn cost(&self) -> Cost {
        if self.groups.is_empty() {
            return Cost::default();
        }
        let sums = self.groups.iter().map(|group| sum_of_turns(self.shape, self.level, group.len()));
        // The argument of the first sum is not raised yet. The result is divided as a whole.
        sums.sum::<Cost>() + Cost::divide(self.shape.special, self.level + 1)
    }
}

#[cfg(test)]
mod tests {
    use ckks::presets;

    use super::*;

    #[test]
    fn the_cheap_first_factor_takes_the_larger_share() {
        let Ok(parameters) = presets::by_name("n15-boot-l6") else { unreachable!("a preset") };
        assert_eq!(coeffs_to_slots_stages(&parameters, 9, 1), [5, 4]);
        for log_slots in 4..=14 {
            for levels in 1..=3 {
                let stages = coeffs_to_slots_stages(&parameters, log_slots, levels);
                assert_eq!((stages.len(), stages.iter().sum::<usize>()), (levels + 1, log_slots));
                assert!(stages.iter().all(|&k| k > 0));
            }
        }
    }

    #[test]
    fn sums_cover_the_group_once() {
        let Ok(parameters) = presets::by_name("n15-boot-l6") else { unreachable!("a preset") };
        let order = 2 * parameters.degree();
        let generators = [25, 625, order - 1].map(|g| g % order);
        let sums = Sums::new(&parameters, &generators, 5, Noise::Kept);
        let all = sums.groups.iter().fold(vec![1], |all, group| {
            all.iter().flat_map(|a| group.iter().map(move |g| a * g % order)).collect()
        });
        assert_eq!(all.len(), 8);
        assert!(sums.groups.iter().all(|group| group[0] == 1));
    }
}
