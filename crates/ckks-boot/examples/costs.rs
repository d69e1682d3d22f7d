//! Prints a table of what the presets' bootstraps cost, counted from their plans.
#![allow(clippy::unwrap_used)]

use ckks::presets;
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, Values};

fn main() {
    println!(
        "| preset | slots | values | transforms | conversions | products | key bytes read | in transforms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, all) in [("n15-boot-l6", 14), ("n16-boot-l15", 15)] {
        let parameters = presets::by_name(name).unwrap();
        let literal = BootstrapLiteral::of_preset(name).unwrap();
        for (log_slots, values) in
            [(9, Values::Real), (9, Values::Pair), (12, Values::Pair), (all, Values::Real)]
        {
            let plan = BootstrapPlan::new(&parameters, literal, Packing { log_slots, values }).unwrap();
            let total = plan.costs().total();
            println!(
                "| `{name}` | 2^{log_slots} | {values:?} | {} | {} | {} | {:.2} GB | {:.0} |",
                total.transforms,
                total.conversions,
                total.products,
                total.key_bytes(plan.raised()) as f64 * 1e-9,
                total.equivalent_transforms(),
            );
        }
    }
}
