//! Several files in one input: each but the last is preceded by its length. A mutation that breaks a length moves a border, no more.

/// Packs files.
#[must_use]
pub fn pack<const N: usize>(files: [&[u8]; N]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, file) in files.iter().enumerate() {
        if i + 1 < N {
            out.extend_from_slice(&(file.len() as u32).to_le_bytes());
        }
        out.extend_from_slice(file);
    }
    out
}

/// Cuts an input into files.
#[must_use]
pub fn unpack<const N: usize>(mut input: &[u8]) -> [&[u8]; N] {
    std::array::from_fn(|i| {
        if i + 1 == N {
            return std::mem::take(&mut input);
        }
        let Some((length, rest)) = input.split_first_chunk() else { return &[][..] };
        let (file, rest) = rest.split_at(rest.len().min(u32::from_le_bytes(*length) as usize));
        input = rest;
        file
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let packed = pack([b"one", b"", b"three"]);
        assert_eq!(unpack(&packed), [&b"one"[..], b"", b"three"]);
        assert_eq!(unpack(&packed[..5]), [&b"o"[..], b"", b""]);
    }
}
