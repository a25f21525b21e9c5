//! What every request passes through, outermost first: see `routes::layered`.

mod api_event;
mod bounds;
mod context;
mod headers;
mod origin;
mod problems;
mod trace;

pub use api_event::record_api_event;
pub use bounds::bound_request;
pub use context::{accepts_html, add_context, require_session};
pub use headers::{add_security_headers, page_policy};
pub use origin::refuse_cross_site;
pub use problems::write_problems;
pub use trace::trace_request;
