use crate::functions::call::Call;
use leptos::prelude::*;
use model::{ApiLogPage, BoardError};
use serde::{Deserialize, Serialize};
use telemetry::client::QuietClient;

/// Which API calls are wanted, as the filter's form sends it; empty fields take all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    pub route: String,
    /// `404` or `4xx`.
    pub status: String,
    pub user: String,
    /// Local time in the reader's zone, as `<input type="datetime-local">` sends it: `2026-11-21T09:30`.
    pub since: String,
    pub until: String,
    /// `1` with what the pages of the instruments ask for themselves, too.
    pub instruments: String,
    pub page: String,
}

impl LogQuery {
    /// Whether the instruments' own calls are left out: unless one asks for them, or for a route.
    #[must_use]
    pub fn board_only(&self) -> bool {
        self.instruments != "1" && self.route.trim().is_empty()
    }

    /// Whether anything is filtered out.
    #[must_use]
    pub fn filters(&self) -> bool {
        [&self.route, &self.status, &self.user, &self.since, &self.until].iter().any(|text| !text.trim().is_empty())
    }
}

/// The API log, newest first, for operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`; `InvalidRequest` when a time is not one; `Unavailable`.
#[server(prefix = "/fn", endpoint = "logs/list", protocol = Call, client = QuietClient)]
pub async fn list_logs(query: LogQuery) -> Result<ApiLogPage, BoardError> {
    let result = async {
        let page = model::PageRequest::parse(Some(&query.page), Some("50"));
        crate::context::operator()?;
        let zone = crate::context::request().and_then(|request| request.zone);
        let filter = filter(query, zone.as_deref())?;
        crate::context::state().board.api_logs().page(&filter, page).await
    };
    crate::functions::door::answer(result.await)
}

#[cfg(feature = "ssr")]
fn filter(query: LogQuery, zone: Option<&str>) -> Result<model::ApiLogFilter, BoardError> {
    let board_only = query.board_only();
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(model::ApiLogFilter {
        route: given(query.route),
        status: given(query.status),
        user: given(query.user),
        since: given(query.since).map(|text| moment(&text, zone)).transpose()?,
        // The form's minutes are meant to their end.
        until: given(query.until).map(|text| moment(&text, zone)).transpose()?.map(|at| at.plus_seconds(59)),
        board_only,
    })
}

/// A local time in this IANA zone (UTC when unknown).
#[cfg(feature = "ssr")]
fn moment(text: &str, zone: Option<&str>) -> Result<model::Timestamp, BoardError> {
    use jiff::{civil::DateTime, tz::TimeZone};
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let zoned = text.parse::<DateTime>().and_then(|local| local.to_zoned(zone));
    let zoned = zoned.map_err(|_| model::Code::InvalidRequest)?;
    Ok(model::Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::{LogQuery, filter, moment};
    use model::{ApiLogFilter, Timestamp};

    #[test]
    fn a_local_time_is_read_in_the_readers_zone() {
        let utc = moment("2026-11-21T09:30", None);
        let seoul = moment("2026-11-21T09:30", Some("Asia/Seoul"));
        assert_eq!(utc, Ok(Timestamp::from_millis(1_795_253_400_000)));
        assert_eq!(seoul, utc.map(|at| at.plus_seconds(-9 * 3600)));
        assert!(moment("yesterday", None).is_err());
    }

    #[test]
    fn blank_fields_filter_nothing() {
        let query = LogQuery { route: "  ".into(), ..Default::default() };
        assert!(!query.filters());
        let everything = ApiLogFilter { board_only: true, ..Default::default() };
        assert_eq!(filter(query, None), Ok(everything));
        let query = LogQuery { instruments: "1".into(), ..Default::default() };
        assert_eq!(filter(query, None), Ok(ApiLogFilter::default()));
        assert!(LogQuery { status: "4xx".into(), ..Default::default() }.filters());
    }
}
