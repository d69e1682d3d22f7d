//! `forecast`: what an iteration takes on many nodes, from the planner's counts, this machine's pace, and a network that is given.
//!
//! Of an iteration on `B` blocks and `R` nodes, `ceil(B / R)` times a block's work is dealt. Everything else is done by every node: the
//! rotations of the weights, the key switches that finish the gradient, the update, and the bootstrap. Between the two, all nodes add up
//! the sums of products, three polynomials for each giant step and output (a ring: each node sends twice the bytes, less its share).

use ckks::Pace;
use fhe_head::{Degree, Fit, Logistic, Optimizer, Plan, Request, Scheme, Sigmoid};
use serde::Serialize;

use crate::measure::print;

/// Arguments of `forecast`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Samples
    #[arg(long, default_value_t = 1_000_000)]
    samples: usize,
    /// Features, without the constant one
    #[arg(long, default_value_t = 768)]
    features: usize,
    /// Parameter set
    #[arg(long, default_value = "n15-boot-l6")]
    preset: String,
    /// Most nodes; powers of two up to it are shown
    #[arg(long, default_value_t = 1024)]
    nodes: usize,
    /// Cores of a node
    #[arg(long, default_value_t = 32)]
    cores: usize,
    /// Share of the work of a node that its cores do not share (Amdahl), from `step` with one thread and with several
    #[arg(long, default_value_t = 0.05)]
    serial: f64,
    /// Gigabytes a second that a node sends
    #[arg(long, default_value_t = 12.0)]
    network: f64,
    /// Microseconds that a message takes at least
    #[arg(long, default_value_t = 5.0)]
    latency: f64,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// A forecast.
#[derive(Serialize)]
struct Forecast {
    samples: usize,
    features: usize,
    preset: String,
    blocks: usize,
    data_bytes: usize,
    upload_bytes: usize,
    /// Seconds of one core for a block.
    block_core_s: f64,
    /// Seconds of one core for what every node does, without the bootstrap.
    fixed_core_s: f64,
    /// Seconds of one core for the bootstraps of an iteration.
    bootstrap_core_s: f64,
    /// Bytes that are added up in an iteration.
    reduced_bytes: usize,
    /// Nodes beyond which what is dealt takes less time than what every node does.
    limit_nodes: f64,
    iterations: Vec<Iteration>,
}

/// An iteration on some nodes.
#[derive(Serialize)]
struct Iteration {
    nodes: usize,
    blocks_s: f64,
    fixed_s: f64,
    bootstrap_s: f64,
    reduction_s: f64,
    iteration_s: f64,
    /// Share of the nodes' time that a single node would need.
    efficiency: f64,
    /// Data of a node in memory.
    node_bytes: usize,
}

/// Prints the forecast.
///
/// # Errors
/// A shape that the parameters do not hold.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let forecast = forecast(arguments)?;
    if arguments.json {
        return print(&forecast, true);
    }
    let Forecast { samples, features, preset, blocks, .. } = &forecast;
    println!("{samples} x {features}, {preset}: {blocks} blocks, nodes of {} cores", arguments.cores);
    println!(
        "{:>6} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "nodes", "blocks", "fixed", "bootstrap", "reduction", "iteration", "efficiency"
    );
    for it in &forecast.iterations {
        println!(
            "{:>6} {:>8.3} s {:>8.3} s {:>8.3} s {:>8.3} s {:>8.3} s {:>9.0}%",
            it.nodes,
            it.blocks_s,
            it.fixed_s,
            it.bootstrap_s,
            it.reduction_s,
            it.iteration_s,
            100.0 * it.efficiency
        );
    }
    println!("what every node does takes longer than what is dealt beyond {:.0} nodes", forecast.limit_nodes);
    Ok(())
}

fn forecast(arguments: &Arguments) -> anyhow::Result<Forecast> {
    let scheme = Scheme::by_name(&arguments.preset)?;
    let parameters = scheme.parameters();
    let pace = Pace::of_this_machine()?;
    let sigmoid = Sigmoid::new(Degree::Three, 8.0, Fit::LeastSquares)?;
    let plan_of = |samples| {
        // long enough for an iteration with its bootstrap to come last
        let request = Request {
            optimizer: Optimizer::NesterovSchedule,
            ..Request::new(Logistic::binary(sigmoid.clone()), samples, arguments.features, vec![1.0; 8])
        };
        Plan::new(&scheme, &request)
    };
    let plan = plan_of(arguments.samples)?;
    let packing = plan.job.packing();
    let (blocks, held) = (packing.blocks(), packing.block_samples());
    // the same packing on one block and on two: the difference is a block
    let seconds = |blocks: usize| -> anyhow::Result<f64> {
        Ok(plan_of(blocks * held)?.last_iteration_seconds(parameters, &pace)?)
    };
    let (two, four) = (seconds(2)?, seconds(4)?);
    let block_core_s = (four - two) / 2.0;
    let bootstrap_core_s = match plan.keys.refresh {
        Some(message) => {
            let cost = message.plan(parameters)?.costs().total();
            cost.seconds(parameters.raised().unwrap_or(parameters), &pace) * plan.job.messages().len() as f64
        }
        None => 0.0,
    };
    let fixed_core_s = (two - 2.0 * block_core_s - bootstrap_core_s).max(0.0);
    let giants: usize = packing.chunks().iter().map(|chunk| chunk.giant_steps()).sum();
    let reduced_bytes = giants * 3 * (plan.levels.samples + 1) * parameters.degree() * size_of::<u64>();

    // Amdahl's law
    let speedup = 1.0 / (arguments.serial + (1.0 - arguments.serial) / arguments.cores as f64);
    let one = |nodes: usize| {
        let share = blocks.div_ceil(nodes);
        let ring = 2.0 * (nodes - 1) as f64 / nodes as f64 * reduced_bytes as f64 / (arguments.network * 1e9);
        let hops = 2.0 * (nodes as f64).log2() * arguments.latency * 1e-6;
        let blocks_s = share as f64 * block_core_s / speedup;
        let [fixed_s, bootstrap_s] = [fixed_core_s, bootstrap_core_s].map(|seconds| seconds / speedup);
        let reduction_s = ring + hops;
        let iteration_s = blocks_s + fixed_s + bootstrap_s + reduction_s;
        let node_bytes = plan.sizes.data_bytes / blocks * share;
        Iteration {
            nodes,
            blocks_s,
            fixed_s,
            bootstrap_s,
            reduction_s,
            iteration_s,
            efficiency: 0.0,
            node_bytes,
        }
    };
    let alone = one(1).iteration_s;
    let nodes =
        std::iter::successors(Some(1), |nodes| Some(2 * nodes)).take_while(|&it| it <= arguments.nodes);
    let with_efficiency =
        |it: Iteration| Iteration { efficiency: alone / (it.iteration_s * it.nodes as f64), ..it };
    Ok(Forecast {
        samples: arguments.samples,
        features: arguments.features,
        preset: arguments.preset.clone(),
        blocks,
        data_bytes: plan.sizes.data_bytes,
        upload_bytes: plan.sizes.upload_bytes,
        block_core_s,
        fixed_core_s,
        bootstrap_core_s,
        reduced_bytes,
        limit_nodes: blocks as f64 * block_core_s / (fixed_core_s + bootstrap_core_s),
        iterations: nodes.map(one).map(with_efficiency).collect(),
    })
}
