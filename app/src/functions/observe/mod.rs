//! What the ribbon and the pages under Observe ask for.

mod cache;
mod faults;
mod logs;
mod messaging;
mod ribbon;
mod statistics;
mod status;
mod traces;

pub use cache::{CacheReport, CachedSearch, ClearCache, Cleared, ListCache, clear_cache, list_cache};
pub use faults::{EndFault, FaultReport, ListFaults, StartFault, end_fault, list_faults, start_fault};
pub use logs::{ListLogs, LogQuery, list_logs};
pub use messaging::{EventBus, ListMessaging, MessagingReport, list_messaging};
pub use ribbon::{GetRibbon, RibbonPicture, Segment, get_ribbon};
pub use statistics::{GetStatistics, get_statistics};
pub use status::{GetStatus, StatusReport, TracesKept, get_status};
pub use traces::{GetTrace, ListTraces, TraceList, TraceQuery, get_trace, list_traces};
