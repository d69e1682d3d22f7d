//! The header of an array file, and the type of its elements.

/// A parsed header.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// The type of the elements, in NumPy's notation.
    pub(super) descr: String,
    /// True if the first axis is fastest.
    pub(super) fortran_order: bool,
    /// Lengths of the axes.
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, with its entries in any order and any spaces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let body = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let value = |key: &str| {
            let rest = body.split_once(&format!("'{key}'"))?.1.trim_start();
            Some(rest.strip_prefix(':')?.trim_start())
        };
        let descr = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0.to_owned();
        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        if !fortran_order && !order.starts_with("False") {
            return None;
        }
        let axes = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
        let axes =
            axes.split(',').map(|axis| axis.trim().trim_end_matches('L')).filter(|axis| !axis.is_empty());
        let shape = axes.map(|axis| axis.parse().ok()).collect::<Option<Vec<usize>>>()?;
        Some(Self { descr, fortran_order, shape })
    }
}

/// The type of an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    /// NumPy's letter: `f`, `i`, `u`, `b`, `U`, `S`.
    class: u8,
    big_endian: bool,
    /// Bytes.
    size: usize,
}

impl Element {
    /// The type with this name, if it is supported.
    pub(crate) fn of(descr: &str) -> Option<Self> {
        let (&[order, class], size) = descr.as_bytes().split_first_chunk::<2>()?;
        let size: usize = std::str::from_utf8(size).ok()?.parse().ok()?;
        let big_endian = order == b'>' || (order == b'=' && cfg!(target_endian = "big"));
        let known = match class {
            b'f' => matches!(size, 2 | 4 | 8),
            b'i' | b'u' => matches!(size, 1 | 2 | 4 | 8),
            b'b' => size == 1,
            b'U' | b'S' => size < 1 << 20,
            _ => false,
        };
        if !known || !b"<>|=".contains(&order) {
            return None;
        }
        // a character has four bytes
        let size = if class == b'U' { 4 * size } else { size };
        Some(Self { class, big_endian, size })
    }

    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        self.size
    }

    /// True for Unicode and byte strings.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.class, b'U' | b'S')
    }

    /// An element as a number.
    pub(crate) fn number(self, item: &[u8]) -> f64 {
        let mut raw = [0; 8];
        for (to, from) in raw.iter_mut().zip(item) {
            *to = *from;
        }
        if self.big_endian {
            raw[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(raw);
        let unused = 64 - 8 * self.size as u32;
        match (self.class, self.size) {
            (b'f', 2) => half(bits as u16),
            (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
            (b'f', _) => f64::from_bits(bits),
            // shifted up and down again, for the sign
            (b'i', _) => ((bits << unused).cast_signed() >> unused) as f64,
            _ => bits as f64,
        }
    }

    /// An element as a text; `None` if it is none.
    pub(super) fn text(self, item: &[u8]) -> Option<String> {
        let text = match self.class {
            b'S' => std::str::from_utf8(item).ok()?.to_owned(),
            _ => item
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&code| {
                    char::from_u32(if self.big_endian {
                        u32::from_be_bytes(code)
                    } else {
                        u32::from_le_bytes(code)
                    })
                })
                .collect::<Option<String>>()?,
        };
        Some(text.trim_end_matches('\0').to_owned())
    }
}

/// A number of half precision (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}
