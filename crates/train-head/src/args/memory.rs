//! The flag that bounds memory.

use clap::Args;

/// How much memory a training may take.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Memory")]
pub(crate) struct MemoryArgs {
    /// Most memory that the training may take, such as `6G`. Blocks of encrypted samples that do not fit stay in their file and are read in
    /// each iteration [default: what is free]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) memory: Option<u64>,
}

/// A number of bytes: `6G`, `1.5GiB`, `800M`. The units are powers of 1024.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let expected = || format!("'{text}' is no size: a number with K, M, G or T is needed, such as 6G");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let power = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(expected()),
    };
    let number: f64 = digits.trim().parse().map_err(|_| expected())?;
    match number > 0.0 && number.is_finite() {
        true => Ok((number * 1024f64.powi(power)) as u64),
        false => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("6G"), Ok(6 << 30));
        assert_eq!(bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(bytes("800 MB"), Ok(800 << 20));
        assert_eq!(bytes("4096"), Ok(4096));
        for wrong in ["", "G", "-1G", "0", "6X", "NaN", "infG", "6Gi6"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
