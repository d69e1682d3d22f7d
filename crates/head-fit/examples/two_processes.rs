//! Training where the data party and the compute party are two processes that share files, and nothing else.
//!
//! `cargo run --release -p head-fit --example two_processes` plays the data party; it starts itself a second time as the compute
//! party, with a folder of files that hold nothing secret.

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use head_fit::fhe_head::ckks::serial::{FileKind, NewFile, Reader, Writer};
use head_fit::fhe_head::ckks::{EvaluationKeys, SecretKey, presets};
use head_fit::fhe_head::client::{DataEncryptor, decrypt_head, evaluation_keys};
use head_fit::fhe_head::files::{Origin, Tag};
use head_fit::fhe_head::{Error as EngineError, Job, Scheme, files, server};
use head_fit::{Data, LogisticRegression};
use ndarray::{Array1, Array2};

type Outcome = Result<(), Box<dyn Error>>;

const PRESET: &str = "n14-l8";
const COMPUTE_PARTY: &str = "compute-party";

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    match &arguments[1..] {
        [role, folder] if role == COMPUTE_PARTY => compute_party(Path::new(folder)),
        _ => data_party(),
    }
}

fn data_party() -> Outcome {
    let x = Array2::from_shape_fn((300, 5), |(i, j)| ((i * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
    let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
    let scheme = Scheme::by_name(PRESET)?;
    let parameters = scheme.parameters();
    let data = Data::new(x.view(), y.view())?;
    let training = LogisticRegression::default().prepare_on(&scheme, &data, None)?;
    let secret = SecretKey::generate(parameters)?;

    let folder = std::env::temp_dir().join(format!("two-processes-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let encryptor = DataEncryptor::new(&secret, &training.plan, &training.samples);
    // names the run, so that files of two runs cannot be mixed
    let origin = Origin { run: Tag(secret.key_id().0), ..Origin::default() };
    let data = create(&folder, "data.ct")?;
    files::write_data(data, "data.ct", &encryptor, &origin, |_| Ok::<_, EngineError>(()))?;
    let mut keys = 0;
    evaluation_keys(&secret, &training.plan.keys, |key| {
        let name = format!("{keys}.key");
        let (kind, key_id) = (FileKind::EVALUATION_KEY, secret.key_id());
        let file = NewFile { kind, parameters, key_id, items: 1, metadata: b"" };
        let mut writer = Writer::new(create(&folder, &name)?, &name, file)?;
        writer.write_switching_key(&key)?;
        writer.finish()?;
        keys += 1;
        Ok::<_, Box<dyn Error>>(())
    })?;
    println!("data party (process {}): data and {keys} keys written", std::process::id());

    let status = Command::new(std::env::current_exe()?).arg(COMPUTE_PARTY).arg(&folder).status()?;
    if !status.success() {
        return Err("the compute party failed".into());
    }

    let (job, from, head): (Job, _, _) = files::read_head(open(&folder, "head.ct")?, parameters)?;
    origin.expect_same_run(&from, "head.ct")?;
    let model = training.model(&decrypt_head(&secret, &job, &head)?)?;
    println!("data party: coefficients {:.2}, intercept {:.2}", model.output.coef, model.output.intercept);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn compute_party(folder: &Path) -> Outcome {
    let parameters = presets::by_name(PRESET)?;
    let data = open(folder, "data.ct")?;
    let mut keys = EvaluationKeys::new(&parameters, data.header().key_id);
    let (job, origin, blocks, start): (Job, _, _, _) = files::read_data(data, &parameters)?;
    for i in 0.. {
        let name = format!("{i}.key");
        if !folder.join(&name).exists() {
            break;
        }
        let mut reader = open(folder, &name)?;
        keys.insert(reader.read_switching_key(&parameters)?)?;
        reader.finish()?;
    }
    let engine = server::engine(Arc::new(keys), &job)?;
    let trained = server::resume(&engine, &job, &blocks, start, |state| {
        println!("compute party (process {}): iteration {}", std::process::id(), state.iteration);
        Ok::<_, EngineError>(ControlFlow::<Infallible>::Continue(()))
    })?;
    let ControlFlow::Continue(head) = trained;
    files::write_head(create(folder, "head.ct")?, "head.ct", &job, &origin, &head)?;
    Ok(())
}

fn create(folder: &Path, name: &str) -> std::io::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(folder.join(name))?))
}

fn open(folder: &Path, name: &str) -> Result<Reader<File>, Box<dyn Error>> {
    Ok(Reader::new(File::open(folder.join(name))?, name)?)
}
