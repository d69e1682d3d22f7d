//! Where a model computes.

use crate::error::{Error, Result};

/// Where a model computes. The families with forward passes of our own compute on the CPU alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncoderDevice {
    /// All cores.
    #[default]
    Cpu,
    /// The first NVIDIA GPU. Needs the feature `cuda`.
    Cuda,
    /// The GPU of a Mac. Needs the feature `metal`.
    Metal,
}

impl EncoderDevice {
    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    fn refused(self, expected: impl Into<String>) -> Error {
        Error::Option { option: "device", expected: expected.into(), found: self.name().into() }
    }

    /// Refuses a GPU for a family that has none.
    pub(super) fn expect_cpu(self, family: &str) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            _ => Err(self.refused(format!("cpu for models of the family {family}"))),
        }
    }

    /// candle's handle of the device.
    #[cfg(feature = "candle-models")]
    pub(super) fn open(self) -> Result<candle_core::Device> {
        use candle_core::Device;
        let (built, device) = match self {
            Self::Cpu => return Ok(Device::Cpu),
            Self::Cuda => {
                (cfg!(feature = "cuda"), Device::new_cuda as fn(usize) -> candle_core::Result<Device>)
            }
            Self::Metal => {
                (cfg!(feature = "metal"), Device::new_metal as fn(usize) -> candle_core::Result<Device>)
            }
        };
        if !built {
            return Err(
                self.refused(format!("cpu: this program was built without the feature `{}`", self.name()))
            );
        }
        device(0).map_err(|error| {
            let reason = error.to_string();
            self.refused(format!("a device that works ({})", reason.lines().next().unwrap_or_default()))
        })
    }
}
