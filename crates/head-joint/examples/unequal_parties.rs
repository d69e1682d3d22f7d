//! A joint head beside other ways, in the clear: parties of unequal size and class balance, on a table of numbers with a column `label` of two
//! classes (without one, the last column).
//!
//! ```sh
//! cargo run --release -p head-joint --example unequal_parties -- data/breast-cancer/breast_cancer.csv
//! cargo run --release -p head-joint --example unequal_parties -- DIR/mnist38/train.csv 3000    # 3000 rows of it in each split
//! ```
//!
//! Lines: accuracy on a quarter of the rows, mean over ten splits, of
//! - `union`: logistic regression in the clear on all rows but those that everybody may see, features standardised, C = 1;
//! - `choice on union`: the method that a single data party with all rows would choose;
//! - `joint`: the method chosen on a fifth of the rows that everybody may see, trained on the encrypted other rows at 128-bit parameters
//!   and decrypted with 40 bits of flooding;
//! - `FedAvg`: federated averaging of logistic regression, 50 rounds of 5 local steps, weighted by size;
//! - `alone`: each party's own logistic regression, a line for each party.
//!
//! The standard error is that of the mean over the splits, of differences to `joint`.

use fhe_head::ckks::presets;
use fhe_head::{Functions, Scheme};
use head_fit::{ClassWeight, Classifier, Data, FeatureMap, Preprocessing, converged};
use head_joint::{Choices, Error, Result, Terms, fit};
use ndarray::{Array1, Array2, Axis};

const SPLITS: u64 = 10;
/// Shares of the rows, and odds by which a party has more of class 1.
const PARTIES: [(f64, f64); 3] = [(0.6, 0.5), (0.3, 1.0), (0.1, 3.0)];

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Clone)]
struct Table {
    x: Array2<f64>,
    y: Array1<f64>,
}

impl Table {
    fn read(path: &str) -> Result<Self> {
        let failed = |why: String| Error::Data(format!("{path}: {why}"));
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let mut lines = text.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
        let names = lines.next().unwrap_or_default();
        let label = names.iter().position(|name| *name == "label").unwrap_or(names.len().saturating_sub(1));
        let rows: Vec<(Vec<f64>, &str)> = lines
            .map(|mut cells| {
                if cells.len() != names.len() {
                    return Err(failed(format!("{} cells, of {} columns", cells.len(), names.len())));
                }
                let label = cells.remove(label);
                let numbers = cells.iter().map(|cell| cell.parse()).collect::<std::result::Result<_, _>>();
                Ok((numbers.map_err(|error| failed(format!("{error}")))?, label))
            })
            .collect::<Result<_>>()?;
        // the last in alphabetical order is class 1
        let last = rows.iter().map(|row| row.1).max().unwrap_or_default();
        let y = rows.iter().map(|row| f64::from(u8::from(row.1 == last))).collect();
        let columns = rows.first().map_or(0, |row| row.0.len());
        let numbers = rows.iter().flat_map(|row| row.0.iter().copied()).collect();
        let x = Array2::from_shape_vec((rows.len(), columns), numbers)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { x, y })
    }

    fn select(&self, rows: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), rows), y: self.y.select(Axis(0), rows) }
    }

    fn data(&self) -> Result<Data<'_>> {
        Ok(Data::new(self.x.view(), self.y.view())?.with_classes(2)?)
    }

    fn accuracy(&self, predicted: &[usize]) -> f64 {
        predicted.iter().zip(&self.y).filter(|(p, y)| **p as f64 == **y).count() as f64
            / predicted.len() as f64
    }
}

/// Deals rows to the parties: their sizes by share, their patients by class.
fn dealt(table: &Table, rows: &[usize], random: &mut Random) -> Vec<Vec<usize>> {
    let mut parties = vec![Vec::new(); PARTIES.len()];
    for &row in rows {
        let odds = PARTIES.map(|(share, odds)| share * if table.y[row] == 1.0 { odds } else { 1.0 });
        let mut left = random.uniform() * odds.iter().sum::<f64>();
        let at = odds.iter().position(|odd| {
            left -= odd;
            left < 0.0
        });
        parties[at.unwrap_or(0)].push(row);
    }
    parties
}

/// Federated averaging of logistic regression on features that are standardised by the union: more than parties could agree on.
fn federated(parties: &[Table], map: &FeatureMap, test: &Table) -> Result<f64> {
    let mapped: Vec<_> = parties.iter().map(|party| map.apply(&party.x.view())).collect::<Result<_, _>>()?;
    let total: f64 = parties.iter().map(|party| party.y.len() as f64).sum();
    let mut w = Array1::<f64>::zeros(map.outputs());
    let mut b = 0.0;
    for _ in 0..50 {
        let (mut sum_w, mut sum_b) = (Array1::<f64>::zeros(w.len()), 0.0);
        for (party, x) in parties.iter().zip(&mapped) {
            let (mut own_w, mut own_b) = (w.clone(), b);
            let n = party.y.len() as f64;
            for _ in 0..5 {
                let residual = (x.dot(&own_w) + own_b).mapv(|z| 1.0 / (1.0 + (-z).exp())) - &party.y;
                own_w.scaled_add(-0.5 / n, &x.t().dot(&residual));
                own_b -= 0.5 / n * residual.sum();
            }
            sum_w.scaled_add(n / total, &own_w);
            sum_b += n / total * own_b;
        }
        (w, b) = (sum_w, sum_b);
    }
    let scores = map.apply(&test.x.view())?.dot(&w) + b;
    Ok(test.accuracy(&scores.iter().map(|&score| usize::from(score > 0.0)).collect::<Vec<_>>()))
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or_else(|| Error::Data("the path of a table is needed".into()))?;
    let table = Table::read(&path)?;
    let most = words.next().and_then(|word| word.parse().ok()).unwrap_or(usize::MAX).min(table.y.len());
    let scheme = Scheme::new(presets::joint(PARTIES.len() as u32)?);
    let (mut found, mut refused) = (Vec::new(), 0);
    for split in 0..SPLITS {
        let mut random = Random((split + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut order: Vec<usize> = (0..table.y.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, (random.uniform() * (i + 1) as f64) as usize);
        }
        order.truncate(most);
        let (test, rest) = order.split_at(order.len() / 4);
        let (public, private) = rest.split_at(rest.len() / 5);
        let (test, public) = (table.select(test), table.select(public));
        let parties: Vec<Table> =
            dealt(&table, private, &mut random).iter().map(|rows| table.select(rows)).collect();
        let union = table.select(private);

        let ours = |model: &head_fit::Model| Ok::<_, Error>(test.accuracy(&model.predict(&test.x.view())?));
        let clear = |table: &Table| {
            let fit = converged(&table.data()?, ClassWeight::Uniform, Preprocessing::Standardize)?;
            ours(&fit)
        };
        let method = Classifier::default().prepare_on(&scheme, &public.data()?, None)?;
        let rows: Vec<usize> = parties.iter().map(|party| party.y.len()).collect();
        let terms = Terms::new(&method, &rows, Choices::default())?;
        let data = parties.iter().map(Table::data).collect::<Result<Vec<_>>>()?;
        let joint = match fit(&terms, &data) {
            Ok(fitted) => ours(&fitted.model)?,
            // a party whose samples the terms do not hold for does not encrypt: the same session in the clear
            Err(Error::Data(_)) => {
                refused += 1;
                ours(&terms.model(&terms.plain_twin(&data, Functions::Polynomials)?)?)?
            }
            Err(other) => return Err(other),
        };
        let ones = Array1::ones(union.y.len());
        let map = FeatureMap::fit(&union.x.view(), &ones.view(), Preprocessing::Standardize, usize::MAX)?;
        let choice = ours(&Classifier::default().prepare(&union.data()?, None)?.plain_model()?)?;
        let mut accuracies = vec![joint, clear(&union)?, choice, federated(&parties, &map, &test)?];
        accuracies.extend(parties.iter().map(clear).collect::<Result<Vec<_>>>()?);
        found.push(accuracies);
    }
    println!(
        "{path}: {most} rows, {} features; in {refused} of {SPLITS} splits a party would refuse",
        table.x.ncols()
    );
    let mut names: Vec<String> = ["joint", "union", "choice on union", "FedAvg"].map(str::to_owned).to_vec();
    names.extend(PARTIES.iter().map(|(share, odds)| format!("alone {share} {odds}")));
    for (i, name) in names.iter().enumerate() {
        let n = SPLITS as f64;
        let mean = found.iter().map(|split| split[i]).sum::<f64>() / n;
        let apart: Vec<f64> = found.iter().map(|split| split[i] - split[0]).collect();
        let middle = apart.iter().sum::<f64>() / n;
        let spread = apart.iter().map(|d| (d - middle).powi(2)).sum::<f64>() / (n - 1.0);
        println!("{name:<16} {mean:.4}, {:+.4} to joint, standard error {:.4}", middle, (spread / n).sqrt());
    }
    Ok(())
}
