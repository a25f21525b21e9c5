//! Exact substring search on an index of three-character terms.
//!
//! The index is a cascade of segments of 2^8, 2^12 and 2^16 ids; the newest messages are in none yet. A search reads
//! those texts themselves, then the segments from the newest, all in one read transaction: what is committed is found.

mod index;
mod postings;
mod query;
mod terms;

pub(super) use index::{Step, forget, step as index_step};
pub(super) use query::search;
