#![no_main]

use head_fuzz::targets::HEAD as TARGET;

libfuzzer_sys::fuzz_target!(init: TARGET.start(), |data: &[u8]| TARGET.feed(data));
