#![no_main]

libfuzzer_sys::fuzz_target!(
    init: telemetry_fuzz::sow(telemetry_fuzz::Format::Json),
    |input: &[u8]| telemetry_fuzz::relay(telemetry_fuzz::Format::Json, input)
);
