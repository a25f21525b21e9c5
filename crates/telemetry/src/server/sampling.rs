//! Which traces are kept. Decided at the end of this process's part of one, where errors and slowness are known; until then
//! its spans wait with the first of them.

use super::config::ConfigError;
use crate::propagation::{TraceParent, is_below, threshold};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names that the adaptive sampler tells apart; routes and commands are fewer.
const MAX_NAMES: usize = 1_000;

/// Which traces are kept, whatever happens in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keep {
    All,
    /// Nothing, not even errors.
    None,
    /// So many of all traces, chosen by their ids: every process chooses the same ones.
    Ratio(f64),
    /// So many traces per second of each kind: of each route, say.
    PerSecond(f64),
}

/// What an operator has chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    pub keep: Keep,
    /// A caller's choice counts, where there is one.
    pub parent_based: bool,
    /// Traces that took so long here are kept, as those with errors are; `None`: however long.
    pub slow: Option<Duration>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { keep: Keep::All, parent_based: false, slow: Some(Duration::from_secs(1)) }
    }
}

const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const SLOW: &str = "GLASSBOARD_KEEP_SLOW_MS";

impl Sampling {
    /// Reads OpenTelemetry's variables, where the name `adaptive` is ours, and what counts as slow.
    pub(super) fn from_env(get: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let name = get(SAMPLER).unwrap_or_else(|| "always_on".to_owned());
        let (parent_based, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, name.as_str()),
        };
        let argument = get(ARGUMENT);
        let number = |default: f64, most: f64, advice: &str| match argument.as_deref().map_or(Ok(default), str::parse) {
            Ok(number) if (0.0..=most).contains(&number) => Ok(number),
            _ => Err(ConfigError { variable: ARGUMENT, advice: advice.to_owned() }),
        };
        let keep = match kind {
            "always_on" => Keep::All,
            "always_off" => Keep::None,
            "traceidratio" => Keep::Ratio(number(1.0, 1.0, "Set it to the part of all traces to keep, from 0 to 1.")?),
            "adaptive" => Keep::PerSecond(number(1.0, 1e6, "Set it to traces per second of each route.")?),
            _ => {
                let advice = "Set it to always_on, always_off, traceidratio or adaptive; with parentbased_ before it, a \
                              caller's choice counts.";
                return Err(ConfigError { variable: SAMPLER, advice: advice.to_owned() });
            }
        };
        let slow = match get(SLOW).as_deref() {
            None => Self::default().slow,
            Some("off") => None,
            Some(text) => Some(Duration::from_millis(text.parse().map_err(|_| ConfigError {
                variable: SLOW,
                advice: "Set it to milliseconds, or to off.".to_owned(),
            })?)),
        };
        Ok(Self { keep, parent_based, slow })
    }

    /// Traces below this number are kept from the beginning; the rest is decided here.
    #[must_use]
    pub(super) fn threshold(&self) -> u64 {
        match self.keep {
            Keep::All => threshold(1.0),
            Keep::None | Keep::PerSecond(_) => 0,
            Keep::Ratio(ratio) => threshold(ratio),
        }
    }
}

/// What is known of a part of a trace that ends.
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) failed: bool,
    pub(super) forced: bool,
    pub(super) took: Duration,
}

/// Chooses as an operator wants it.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    sampling: Sampling,
    kinds: Mutex<HashMap<String, Bucket>>,
}

/// Fills with time; each kept trace takes one.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        Self { sampling, kinds: Mutex::default() }
    }

    /// There is nothing to count.
    pub(super) fn keeps_all(&self) -> bool {
        self.sampling.keep == Keep::All && !self.sampling.parent_based
    }

    /// Whether a trace that begins is kept, whatever happens in it.
    pub(super) fn keeps(&self, trace_id: &[u8; 16]) -> bool {
        match self.sampling.keep {
            Keep::All => true,
            Keep::None | Keep::PerSecond(_) => false,
            Keep::Ratio(ratio) => is_below(trace_id, threshold(ratio)),
        }
    }

    /// The same for a trace that came from elsewhere. `follows`: whoever sent it has decided.
    pub(super) fn keeps_remote(&self, parent: TraceParent, follows: bool) -> bool {
        if follows || self.sampling.parent_based { parent.sampled } else { self.keeps(&parent.trace_id) }
    }

    /// Whether a part that was not kept from its beginning is kept for what happened in it.
    pub(super) fn keeps_at_end(&self, part: &Part<'_>) -> bool {
        let Sampling { keep, slow, .. } = self.sampling;
        if keep == Keep::None {
            return false;
        }
        if part.forced {
            return true;
        }
        let is_slow = slow.is_some_and(|slow| part.took >= slow);
        part.failed
            || is_slow
            || matches!(keep, Keep::PerSecond(rate) if self.takes_token(part.name, rate, Instant::now()))
    }

    fn takes_token(&self, name: &str, rate: f64, now: Instant) -> bool {
        // One may come at any time, and as many as fit in a second.
        let most = if rate > 0.0 { rate.max(1.0) } else { 0.0 };
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if !kinds.contains_key(name) {
            if kinds.len() >= MAX_NAMES {
                return false;
            }
            kinds.insert(name.to_owned(), Bucket { tokens: most, filled: now });
        }
        let Some(bucket) = kinds.get_mut(name) else { return false };
        let gained = now.duration_since(bucket.filled).as_secs_f64() * rate;
        (bucket.tokens, bucket.filled) = ((bucket.tokens + gained).min(most), now);
        let some = bucket.tokens >= 1.0;
        if some {
            bucket.tokens -= 1.0;
        }
        some
    }
}

#[cfg(test)]
mod tests {
    use super::{Keep, Part, Sampler, Sampling};
    use crate::propagation::{TraceParent, is_below, threshold};
    use crate::server::ids::random;
    use std::time::{Duration, Instant};

    fn sampler(keep: Keep) -> Sampler {
        Sampler::new(Sampling { keep, parent_based: false, slow: Some(Duration::from_secs(1)) })
    }

    #[test]
    fn opentelemetrys_variables_choose() {
        let read = |variables: &[(&str, &str)]| {
            Sampling::from_env(&|name: &str| {
                variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(read(&[]), Ok(Sampling::default()));
        let ratio = [("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.1")];
        let slow = Some(Duration::from_secs(1));
        assert_eq!(read(&ratio), Ok(Sampling { keep: Keep::Ratio(0.1), parent_based: true, slow }));
        let adaptive =
            [("OTEL_TRACES_SAMPLER", "adaptive"), ("OTEL_TRACES_SAMPLER_ARG", "5"), ("GLASSBOARD_KEEP_SLOW_MS", "off")];
        assert_eq!(read(&adaptive), Ok(Sampling { keep: Keep::PerSecond(5.0), parent_based: false, slow: None }));
        for (variables, wrong) in [
            (&[("OTEL_TRACES_SAMPLER", "sometimes")][..], "OTEL_TRACES_SAMPLER"),
            (&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "1.5")], "OTEL_TRACES_SAMPLER_ARG"),
            (&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "NaN")], "OTEL_TRACES_SAMPLER_ARG"),
            (&[("GLASSBOARD_KEEP_SLOW_MS", "-1")], "GLASSBOARD_KEEP_SLOW_MS"),
        ] {
            assert_eq!(read(variables).map_err(|error| error.variable), Err(wrong));
        }
    }

    const UNEVENTFUL: Part<'_> = Part { name: "GET /", failed: false, forced: false, took: Duration::from_millis(5) };

    #[test]
    fn a_ratio_keeps_so_many_and_the_same_everywhere() {
        const TRACES: i32 = 100_000;
        for ratio in [0.0, 0.01, 0.25, 0.9, 1.0] {
            let (one, other) = (sampler(Keep::Ratio(ratio)), sampler(Keep::Ratio(ratio)));
            let mut kept = 0;
            for _ in 0..TRACES {
                let id = random();
                assert_eq!(one.keeps(&id), other.keeps(&id));
                kept += i32::from(one.keeps(&id));
            }
            // Five standard deviations: one run in two million is beyond them.
            let deviation = (f64::from(TRACES) * ratio * (1.0 - ratio)).sqrt();
            assert!((f64::from(kept) - f64::from(TRACES) * ratio).abs() <= 5.0 * deviation, "{ratio}: {kept}");
        }
        let smaller = |id: &[u8; 16]| !is_below(id, threshold(0.1)) || is_below(id, threshold(0.2));
        assert!((0..1000).all(|_| smaller(&random())), "what a small ratio keeps, a larger one keeps, too");
    }

    #[test]
    fn errors_and_slow_traces_are_kept_always_but_where_nothing_is() {
        for keep in [Keep::Ratio(0.0), Keep::PerSecond(0.0)] {
            let sampler = sampler(keep);
            assert!(!sampler.keeps_at_end(&UNEVENTFUL));
            assert!(sampler.keeps_at_end(&Part { failed: true, ..UNEVENTFUL }));
            assert!(sampler.keeps_at_end(&Part { took: Duration::from_secs(1), ..UNEVENTFUL }));
            assert!(sampler.keeps_at_end(&Part { forced: true, ..UNEVENTFUL }));
        }
        assert!(!sampler(Keep::None).keeps_at_end(&Part { failed: true, forced: true, ..UNEVENTFUL }));
    }

    #[test]
    fn each_kind_of_trace_gets_its_rate() {
        let (sampler, began) = (sampler(Keep::PerSecond(5.0)), Instant::now());
        for (name, per_second) in [("GET /busy", 1000), ("GET /quiet", 2)] {
            let mut kept = 0;
            for nth in 0..per_second * 20 {
                let at = began + Duration::from_secs(1) * nth / per_second;
                kept += u32::from(sampler.takes_token(name, 5.0, at));
            }
            // 20 seconds of five, or all there are; and the bucket's five to begin with.
            let most = 20 * per_second.min(5) + 5;
            assert!((20 * per_second.min(5)..=most).contains(&kept), "{name}: {kept}");
        }
    }

    #[test]
    fn a_callers_choice_counts_where_it_is_wanted_or_the_caller_has_decided() {
        let parent = |sampled| TraceParent { trace_id: [9; 16], span_id: [1; 8], sampled };
        let by_parent = Sampler::new(Sampling { keep: Keep::Ratio(1.0), parent_based: true, slow: None });
        assert!(by_parent.keeps_remote(parent(true), false) && !by_parent.keeps_remote(parent(false), false));
        let own = sampler(Keep::Ratio(1.0));
        assert!(own.keeps_remote(parent(false), false) && !own.keeps_remote(parent(false), true));
    }
}
