//! Calls of a backend's kernel.

#[cfg(target_arch = "x86_64")]
use super::doubles::isa::Isa;

/// The instruction set of a backend that a ring has accepted.
#[cfg(target_arch = "x86_64")]
pub(super) fn present<S: Isa>() -> S {
    match S::detect() {
        Some(isa) => isa,
        None => unreachable!("a ring refuses backends that the machine lacks"),
    }
}

/// Calls a function of a module that is compiled for an instruction set of its own.
#[cfg(target_arch = "x86_64")]
macro_rules! entered {
    ($module:ident, $call:expr) => {{
        assert!($crate::kernels::$module::is_available(), "a ring refuses backends that the machine lacks");
        // SAFETY: the machine has the instructions that the function is compiled for.
        unsafe { $call }
    }};
}

/// Calls a kernel for doubles, compiled for an instruction set.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled {
    ($set:ty, |$isa:ident| $call:expr) => {{
        let $isa = $crate::kernels::entry::present::<$set>();
        $crate::kernels::doubles::isa::Isa::call(
            $isa,
            #[inline(always)]
            move || $call,
        )
    }};
}

/// Calls the kernel of a backend.
macro_rules! on_backend {
    ($backend:expr, $scalar:expr, |$isa:ident| $doubles:expr, $ifma:expr) => {
        match $backend {
            $crate::Backend::Scalar => $scalar,
            #[cfg(target_arch = "x86_64")]
            $crate::Backend::Avx2 => {
                $crate::kernels::entry::compiled!($crate::kernels::doubles::Avx2, |$isa| $doubles)
            }
            #[cfg(target_arch = "x86_64")]
            $crate::Backend::Avx512 => {
                $crate::kernels::entry::compiled!($crate::kernels::doubles::Avx512, |$isa| $doubles)
            }
            #[cfg(target_arch = "x86_64")]
            $crate::Backend::Avx512Ifma => $crate::kernels::entry::entered!(ifma, $ifma),
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("a ring refuses backends that the machine lacks"),
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub(super) use compiled;
#[cfg(target_arch = "x86_64")]
pub(super) use entered;
pub(super) use on_backend;
