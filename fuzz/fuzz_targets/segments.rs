#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stonechat_testkit::fuzz::segments::run(bytes));
