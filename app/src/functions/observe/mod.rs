//! What the ribbon and the pages under Observe ask for.

mod logs;
mod ribbon;
mod status;
mod traces;

pub use logs::{ListLogs, LogQuery, list_logs};
pub use ribbon::{GetRibbon, RibbonPicture, Segment, get_ribbon};
pub use status::{GetStatus, StatusReport, TracesKept, get_status};
pub use traces::{GetTrace, ListTraces, TraceList, TraceQuery, get_trace, list_traces};
