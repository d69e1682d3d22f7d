//! Numbers in bfloat16: the upper half of those in float32.

/// The upper half of the bits of the nearest number in bfloat16; of two that are as near, the one whose last bit is 0.
pub(super) fn bits(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The nearest number in bfloat16.
pub(super) fn rounded(x: f32) -> f32 {
    f32::from_bits(u32::from(bits(x)) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_and_ties_to_even() {
        assert_eq!(rounded(1.0), 1.0);
        assert_eq!(rounded(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(rounded(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0);
        assert_eq!(rounded(-1.003), -1.0);
        assert!(rounded(f32::NAN).is_nan());
        assert_eq!(rounded(f32::INFINITY), f32::INFINITY);
        assert_eq!(rounded(f32::MAX), f32::INFINITY);
        // a NaN whose payload stands in the lower half does not become infinite
        assert!(rounded(f32::from_bits(0x7f80_0001)).is_nan());
    }
}
