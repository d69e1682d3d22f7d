//! Flipped bytes and cut ends in every file that a command reads.

use anyhow::Result;

use super::row::Row;
use super::site::{DOCUMENTED, Site};
use crate::rng::Rng;

/// What must come of damage.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// The file has checksums, so each change is found: exit code 4.
    Found,
    /// Some changes give another good file. No panic, no abort, a documented exit code.
    Survived,
}

pub(super) fn run(site: &Site, tries: usize, rng: &mut Rng, show: &mut impl FnMut(Row)) -> Result<()> {
    use Expected::{Found, Survived};
    let train = "train --data data.enc --keys keys/eval --out new.enc";
    let decrypt = "decrypt --head head.enc --plan plan.json --keys keys --out new";
    let encrypt = "encrypt --features table.csv --plan plan.json --keys keys --out new.enc";
    let score = "score --head head.enc --data samples.enc --keys keys/eval --out new.enc";
    let predict = "predict --head head --features table.csv --out new.csv";
    let scores =
        "predict --scores scores.enc --plan plan.json --keys keys --features table.csv --out new.csv";
    let embed = format!(
        "embed --input notes.csv --model-id {} --text-column text --out new.safetensors",
        site.encoder()
    );
    let key = site
        .list()?
        .into_keys()
        .find(|name| name.starts_with("keys/eval/rotation-"))
        .unwrap_or_else(|| "keys/eval/keys.json".into());
    for (file, line, expected) in [
        ("data.enc", train, Found),
        (&*key, train, Found),
        ("keys/eval/keys.json", train, Survived),
        ("keys/secret.key", encrypt, Found),
        ("keys/public.key", "inspect --verify keys/public.key", Found),
        ("head.enc", decrypt, Found),
        ("plan.json", decrypt, Survived),
        ("plan.safetensors", decrypt, Found),
        ("samples.enc", score, Found),
        ("scores.enc", scores, Found),
        ("head/head.json", predict, Survived),
        ("head/head.safetensors", predict, Survived),
        ("all.tar", "unbundle all.tar --out new", Survived),
        ("table.csv", encrypt, Survived),
        (
            "x.safetensors",
            "estimate --features x.safetensors --out new.json --preset n13-l3 --max-iter 1",
            Survived,
        ),
        (
            "x.npy",
            "estimate --features x.npy --labels labels.csv --out new.json --preset n13-l3 --max-iter 1",
            Survived,
        ),
        ("notes.csv", &embed, Survived),
    ] {
        // damage tells nothing where the whole file is refused
        site.time(line)?;
        let whole = site.read(file)?;
        let mut problems = Vec::new();
        let mut codes = std::collections::BTreeMap::new();
        for _ in 0..tries {
            let (bytes, what) = damaged(&whole, rng);
            site.write(file, &bytes)?;
            match damaged_run(site, line, expected)? {
                Ok(code) => *codes.entry(code).or_insert(0) += 1,
                Err(why) => problems.push(format!("{file}: {what}: {why}")),
            }
            site.clear()?;
        }
        site.write(file, &whole)?;
        let note =
            codes.iter().map(|(code, times)| format!("{times} x exit {code}")).collect::<Vec<_>>().join(", ");
        let command = format!("{} {file}", line.split_whitespace().next().unwrap_or_default());
        show(Row { fault: "damage", command, tries, note, problems });
    }
    Ok(())
}

/// A file with a bit flipped or its end cut off, and which.
pub(super) fn damaged(whole: &[u8], rng: &mut Rng) -> (Vec<u8>, String) {
    let at = rng.below(whole.len());
    if rng.below(4) == 3 {
        return (whole[..at].to_vec(), format!("cut after {at} bytes"));
    }
    let mut damaged = whole.to_vec();
    damaged[at] ^= 1 << rng.below(8);
    (damaged, format!("byte {at} flipped"))
}

fn damaged_run(site: &Site, line: &str, expected: Expected) -> Result<Result<i32, String>> {
    let before = site.list()?;
    let ended = site.run(line)?;
    if !DOCUMENTED.contains(&ended.code) || ended.stderr.contains("panicked") {
        return Ok(Err(format!("exit code {}: {}", ended.code, ended.stderr)));
    }
    if expected == Expected::Found && ended.code != 4 {
        return Ok(Err(format!("exit code {} in place of 4: {}", ended.code, ended.stderr)));
    }
    let changed = site.changed(&before)?;
    if ended.code != 0 && !changed.is_empty() {
        return Ok(Err(format!("left behind: {}", changed.join(", "))));
    }
    Ok(Ok(ended.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_of_one_place() {
        let whole = vec![7; 50];
        for seed in 0..50 {
            let (bytes, what) = damaged(&whole, &mut Rng::new(seed));
            let differs = bytes.iter().zip(&whole).filter(|(a, b)| a != b).count();
            assert_eq!(
                (bytes.len() < 50, differs),
                (what.starts_with("cut"), usize::from(what.ends_with("flipped")))
            );
        }
    }
}
