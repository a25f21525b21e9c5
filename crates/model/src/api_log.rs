use crate::{Pagination, Timestamp, TraceId, Username};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// One API call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiLogEntry {
    pub event_id: String,
    pub timestamp: Timestamp,
    pub method: Cow<'static, str>,
    /// The route pattern, never the raw path.
    pub endpoint: Arc<str>,
    pub status: u16,
    pub user: Option<Username>,
    /// `None` when an older program told it.
    pub duration_us: Option<u64>,
    pub trace_id: Option<TraceId>,
    /// What happened, for people; never what was typed.
    pub message: Cow<'static, str>,
}

/// Which entries are wanted; an empty filter takes all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiLogFilter {
    /// Part of the route pattern, without regard to case.
    pub route: Option<String>,
    /// An exact status (`404`) or a class (`4xx`).
    pub status: Option<String>,
    pub user: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Leaves out what the pages that show traces, logs and states ask for themselves.
    pub board_only: bool,
}

impl ApiLogFilter {
    #[must_use]
    pub fn accepts(&self, entry: &ApiLogEntry) -> bool {
        let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.trim().to_lowercase());
        self.route.as_deref().is_none_or(|route| contains(&entry.endpoint, route))
            && self.status.as_deref().is_none_or(|status| status_matches(status.trim(), entry.status))
            && self.user.as_deref().is_none_or(|user| contains(entry.user.as_ref().map_or("", Username::as_str), user))
            && self.since.is_none_or(|since| entry.timestamp >= since)
            && self.until.is_none_or(|until| entry.timestamp <= until)
            && !(self.board_only && is_instrument(&entry.endpoint))
    }
}

fn is_instrument(endpoint: &str) -> bool {
    // Clearing the cache is something that somebody did.
    const PREFIXES: [&str; 6] =
        ["/fn/traces/", "/fn/logs/", "/fn/messaging/", "/fn/statistics/", "/fn/status/", "/fn/cache/list"];
    PREFIXES.iter().any(|prefix| endpoint.starts_with(prefix))
}

fn status_matches(wanted: &str, status: u16) -> bool {
    match wanted.to_ascii_lowercase().strip_suffix("xx") {
        Some(class) => class.parse() == Ok(status / 100),
        None => wanted.is_empty() || wanted.parse() == Ok(status),
    }
}

/// A page of the API log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiLogPage {
    pub entries: Vec<ApiLogEntry>,
    pub pagination: Pagination,
}

#[cfg(test)]
mod tests {
    use super::{ApiLogEntry, ApiLogFilter, Username};
    use crate::Timestamp;

    fn entry() -> ApiLogEntry {
        ApiLogEntry {
            event_id: String::new(),
            timestamp: Timestamp::from_millis(1000),
            method: "POST".into(),
            endpoint: "/fn/messages/post".into(),
            status: 404,
            user: Some(Username::stored("mina".into())),
            duration_us: Some(5),
            trace_id: None,
            message: "".into(),
        }
    }

    #[test]
    fn a_filter_takes_statuses_and_classes() {
        for (wanted, accepted) in [("404", true), ("4xx", true), ("5XX", false), ("", true), ("abc", false)] {
            let filter = ApiLogFilter { status: Some(wanted.into()), ..Default::default() };
            assert_eq!(filter.accepts(&entry()), accepted, "{wanted}");
        }
    }

    #[test]
    fn a_filter_can_leave_out_what_the_instruments_read() {
        let filter = ApiLogFilter { board_only: true, ..Default::default() };
        assert!(filter.accepts(&entry()));
        for endpoint in ["/fn/traces/ribbon", "/fn/statistics/get", "/fn/cache/list"] {
            let read = ApiLogEntry { endpoint: endpoint.into(), ..entry() };
            assert!(!filter.accepts(&read), "{endpoint}");
            assert!(ApiLogFilter::default().accepts(&read), "{endpoint}");
        }
        assert!(filter.accepts(&ApiLogEntry { endpoint: "/fn/cache/clear".into(), ..entry() }));
    }

    #[test]
    fn a_filter_joins_its_parts() {
        let filter = ApiLogFilter {
            route: Some("Messages".into()),
            user: Some("MINA".into()),
            since: Some(Timestamp::from_millis(1000)),
            ..Default::default()
        };
        assert!(filter.accepts(&entry()));
        assert!(!ApiLogFilter { until: Some(Timestamp::from_millis(999)), ..filter }.accepts(&entry()));
    }
}
