//! The target `sums`: see `src/targets/`.
#![no_main]

use head_fuzz::targets::SUMS as TARGET;

libfuzzer_sys::fuzz_target!(init: TARGET.start(), |data: &[u8]| TARGET.feed(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    head_fuzz::mutate::number(data, size, seed)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max_size))
});
