//! Memory of spans and fields that is used again, by the thread that used it last: it is still in its processor's cache.

use super::fields::Fields;
use super::record::SpanRecord;
use std::cell::{Cell, RefCell};
use tracing::Metadata;

/// Goes from hand to hand, and its memory stays where it is.
pub(super) type BoxedRecord = Box<SpanRecord>;

thread_local! {
    static SCRATCH: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
    static SPARE: RefCell<Vec<BoxedRecord>> = const { RefCell::new(Vec::new()) };
}

/// So many a thread keeps at most.
const MAX_SPARE: usize = 64;
/// Of a record that is kept; one that grew beyond it goes.
const MAX_SPARE_BYTES: usize = 4 * 1024;

/// An empty record, for a span of that callsite.
pub(super) fn spare(metadata: &'static Metadata<'static>) -> BoxedRecord {
    let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten();
    spare.unwrap_or_else(|| Box::new(SpanRecord::new(metadata, Fields::with_room())))
}

pub(super) fn give_back(mut record: BoxedRecord) {
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < MAX_SPARE
            && record.bytes() <= MAX_SPARE_BYTES
        {
            record.clear();
            spare.push(record);
        }
    });
}

/// Reads fields without anything locked, because a value's Debug may record in turn.
pub(super) fn with_fields<R>(visit: impl FnOnce(&mut Fields), then: impl FnOnce(&Fields) -> R) -> R {
    let mut fields = SCRATCH.take().unwrap_or_default();
    fields.clear();
    visit(&mut fields);
    let result = then(&fields);
    if fields.bytes() <= MAX_SPARE_BYTES {
        SCRATCH.set(Some(fields));
    }
    result
}
