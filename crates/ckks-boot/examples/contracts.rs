//! Prints what the bootstraps of the presets promise, as a table, with their cost by stage.
#![allow(clippy::unwrap_used)]

use ckks::presets;
use ckks_boot::bootstrap::{BootstrapLiteral, BootstrapPlan, Packing, Values};

fn main() {
    println!(
        "| preset | slots | values | from | to | scale | rms | worst | log2(failure) | keys | key bytes | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut costs = Vec::new();
    for (name, all) in [("n15-boot-l6", 14), ("n16-boot-l15", 15)] {
        let parameters = presets::by_name(name).unwrap();
        let literal = BootstrapLiteral::of_preset(name).unwrap();
        for (log_slots, values) in
            [(9, Values::Real), (9, Values::Pair), (12, Values::Pair), (all, Values::Real)]
        {
            let plan = BootstrapPlan::new(&parameters, literal, Packing { log_slots, values }).unwrap();
            let contract = plan.contract();
            println!(
                "| `{name}` | 2^{log_slots} | {values:?} | {} | {} | 2^{:.0} | {:.1} | {:.1} | {:.1} | {} | {:.2} GB | {:.2} GB |",
                contract.level_before,
                contract.level_after,
                contract.scale_after.log2(),
                contract.rms_bits,
                contract.worst_bits,
                contract.log2_failure,
                contract.keys,
                contract.key_bytes as f64 * 1e-9,
                contract.memory_bytes as f64 * 1e-9,
            );
            let total = plan.costs().total();
            costs.push(format!(
                "| `{name}` | 2^{log_slots} | {values:?} | {} | {} | {} | {:.2} GB | {:.0} |",
                total.transforms,
                total.conversions,
                total.products,
                total.key_bytes(&parameters) as f64 * 1e-9,
                total.equivalent_transforms(),
            ));
        }
    }
    println!(
        "\n| preset | slots | values | transforms | conversions | products | key bytes read | in transforms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    costs.iter().for_each(|line| println!("{line}"));
}
