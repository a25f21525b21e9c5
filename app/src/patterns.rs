/// The route patterns that pages tell their telemetry, in the place of paths.
pub const PATTERNS: [&str; 16] = [
    "/",
    "/login",
    "/register",
    "/account",
    "/messages",
    "/search",
    "/samples",
    "/traces",
    TRACE,
    "/logs",
    "/statistics",
    "/messaging",
    "/cache",
    "/status",
    "/faults",
    ELSEWHERE,
];

const TRACE: &str = "/traces/:id";
const ELSEWHERE: &str = "/*";

/// The route pattern of a path.
#[cfg(feature = "hydrate")]
pub fn pattern(path: &str) -> &'static str {
    match PATTERNS.iter().find(|pattern| **pattern == path) {
        Some(pattern) => pattern,
        None if path.starts_with("/traces/") => TRACE,
        None => ELSEWHERE,
    }
}
