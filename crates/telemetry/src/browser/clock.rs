/// The server's clock minus the browser's, in milliseconds: the smallest correction that explains what was seen.
///
/// The server read its clock (`server_ms`) after the request began and before the response arrived, both by the
/// browser's clock. Every offset in between is possible; on one machine 0 is among them.
pub(crate) fn offset_ms(server_ms: f64, request_start_ms: f64, response_start_ms: f64) -> f64 {
    let least = server_ms - response_start_ms;
    let most = server_ms - request_start_ms;
    if least <= most { 0.0_f64.clamp(least, most) } else { least }
}

#[cfg(test)]
mod tests {
    use super::offset_ms;

    #[test]
    fn clocks_that_agree_are_not_corrected_however_late_the_answer() {
        assert_eq!(offset_ms(1_040.0, 1_000.0, 1_100.0), 0.0);
        assert_eq!(offset_ms(1_100.0, 1_000.0, 1_100.0), 0.0);
    }

    #[test]
    fn clocks_that_differ_are_corrected_as_little_as_possible() {
        assert_eq!(offset_ms(1_350.0, 1_000.0, 1_100.0), 250.0);
        assert_eq!(offset_ms(700.0, 1_000.0, 1_100.0), -300.0);
    }
}
