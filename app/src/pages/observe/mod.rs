//! The instruments: traces, the API log, statistics, the messaging log, the search cache, the state of the server,
//! faults on request.

mod cache;
mod calls;
mod facts;
mod faults;
mod filter;
mod live_rows;
mod logs;
mod messaging;
mod operators;
mod refresh;
mod statistics;
mod status;
mod trace;
mod traces;

pub use cache::CachePage;
pub use faults::FaultsPage;
pub use logs::LogsPage;
pub use messaging::MessagingPage;
pub use statistics::StatisticsPage;
pub use status::StatusPage;
pub use trace::TracePage;
pub use traces::TracesPage;

/// The status of the response that this page is; in the browser there is none.
fn set_status(code: model::Code) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (leptos::prelude::use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(code.status()))
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = code;
}
