//! Values on the wire, shared by browser and server. No I/O; compiles to WASM.

pub mod account;
pub mod api_log;
pub mod error;
pub mod fault;
pub mod health;
pub mod lang;
pub mod live;
pub mod message;
pub mod page;
pub mod samples;
pub mod search;
pub mod statistics;
pub mod time;
pub mod trace;

pub use account::{Account, Password, SessionSummary, Username};
pub use api_log::{ApiLogEntry, ApiLogFilter, ApiLogPage};
pub use error::{BoardError, Code};
pub use fault::{Fault, FaultKind};
pub use health::{Dependency, DependencyName};
pub use lang::Lang;
pub use live::LiveEvent;
pub use message::{Message, MessagePage, MessageText, Scope};
pub use page::{PageRequest, Pagination};
pub use samples::{SampleJob, SampleState};
pub use search::{SearchHit, SearchPage, SearchQuery, TotalRelation};
pub use statistics::{LogIn, LogIns, Percentiles, Range, RouteStatistics, Slice, Statistics, UserActivity};
pub use time::Timestamp;
pub use trace::{Part, Span, SpanEvent, SpanKind, Trace, TraceId, TraceSummary};
