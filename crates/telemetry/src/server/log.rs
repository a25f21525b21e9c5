use super::buffer::Buffer;
use super::config::LogFormat;
use super::meaning::Meaning;
use super::secrets::MASK;
use crate::propagation::{TraceParent, hex};
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata};
use tracing_subscriber::filter::Targets;

/// Lines that wait to be written: when whoever reads them stands still, what no longer fits is dropped and counted.
const CAPACITY_BYTES: usize = 1024 * 1024;
/// Many lines share one write.
const GATHER: Duration = Duration::from_millis(5);
/// Of one value, so that nothing makes a line endless.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Turns events into lines with `timestamp`, `level`, `target`, `message`, `fields`, `trace_id` and `span_id`, and writes
/// them from a thread of its own.
#[derive(Debug, Clone)]
pub(super) struct Log {
    lines: Arc<Buffer<Vec<u8>>>,
    format: LogFormat,
    filter: Targets,
}

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static SECOND: Cell<(i64, [u8; 19])> = const { Cell::new((i64::MIN, [0; 19])) };
}

impl Log {
    /// Starts the thread.
    pub(super) fn start(
        mut output: impl Write + Send + 'static,
        format: LogFormat,
        filter: Targets,
    ) -> std::io::Result<Self> {
        let lines = Arc::new(Buffer::new(CAPACITY_BYTES, CAPACITY_BYTES / 2));
        let log = Self { lines: Arc::clone(&lines), format, filter };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            while lines.take(GATHER, &mut bytes) {
                // There is nowhere left to tell that standard output is gone.
                let _ = output.write_all(&bytes).and_then(|()| output.flush());
            }
        })?;
        Ok(log)
    }

    /// Whether events like this are written.
    pub(super) fn takes(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.would_enable(metadata.target(), metadata.level())
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        let levels = self.filter.iter().map(|(_, level)| level).chain(self.filter.default_level());
        levels.max().unwrap_or(LevelFilter::OFF)
    }

    /// Writes an event that happened in the span at `place`.
    pub(super) fn write(&self, event: &Event<'_>, place: Option<TraceParent>) {
        // Taken, not borrowed: an event inside of a value's Debug finds an empty line of its own.
        let mut line = LINE.take();
        line.clear();
        // Writing to memory does not fail.
        let _ = match self.format {
            LogFormat::Json => write_json(&mut line, event, place),
            LogFormat::Text => write_text(&mut line, event, place),
        };
        line.push(b'\n');
        self.lines.push_all(&line);
        LINE.set(line);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.lines.dropped()
    }

    pub(super) fn flush(&self, limit: Duration) -> bool {
        self.lines.flush(limit)
    }
}

fn write_json(line: &mut Vec<u8>, event: &Event<'_>, place: Option<TraceParent>) -> std::io::Result<()> {
    let metadata = event.metadata();
    line.extend_from_slice(br#"{"timestamp":""#);
    push_time(line)?;
    line.extend_from_slice(br#"","level":""#);
    line.extend_from_slice(metadata.level().as_str().as_bytes());
    line.extend_from_slice(br#"","target":"#);
    push_json(line, metadata.target());
    let mut fields = JsonFields { line, some: false, message: None };
    event.record(&mut fields);
    let message = fields.message.take();
    if fields.some {
        line.push(b'}');
    }
    if let Some(message) = message {
        push_message(line, &message);
    }
    if let Some(place) = place {
        line.extend_from_slice(br#","trace_id":""#);
        hex::push_bytes(line, &place.trace_id);
        line.extend_from_slice(br#"","span_id":""#);
        hex::push_bytes(line, &place.span_id);
        line.push(b'"');
    }
    line.push(b'}');
    Ok(())
}

fn write_text(line: &mut Vec<u8>, event: &Event<'_>, place: Option<TraceParent>) -> std::io::Result<()> {
    let metadata = event.metadata();
    push_time(line)?;
    write!(line, " {:5} {}:", metadata.level(), metadata.target())?;
    event.record(&mut TextFields(line));
    if let Some(place) = place {
        write!(line, " trace_id={} span_id={}", place.trace_id_hex(), place.span_id_hex())?;
    }
    Ok(())
}

/// The time as in RFC 3339, with microseconds. The second's text is kept for the next line, which mostly shares it.
fn push_time(line: &mut Vec<u8>) -> std::io::Result<()> {
    let now = jiff::Timestamp::now();
    let (mut second, mut text) = SECOND.get();
    if second != now.as_second() {
        second = now.as_second();
        write!(&mut text[..], "{}", now.strftime("%Y-%m-%dT%H:%M:%S"))?;
        SECOND.set((second, text));
    }
    line.extend_from_slice(&text);
    let (mut digits, mut rest) = (*b".000000Z", now.subsec_microsecond());
    for digit in digits[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    line.extend_from_slice(&digits);
    Ok(())
}

fn push_json(line: &mut Vec<u8>, text: &str) {
    // Writing a string to memory does not fail.
    let _ = serde_json::to_writer(line, text);
}

fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE_BYTES)]
}

fn push_message(line: &mut Vec<u8>, message: &str) {
    line.extend_from_slice(br#","message":"#);
    push_json(line, clipped(message));
}

/// `,"message":"..."`, which `tracing` gives first, and `,"fields":{...`.
struct JsonFields<'a> {
    line: &'a mut Vec<u8>,
    some: bool,
    /// One that came after other fields.
    message: Option<String>,
}

impl JsonFields<'_> {
    fn key(&mut self, field: &Field) {
        self.line.extend_from_slice(if self.some { b",".as_slice() } else { br#","fields":{"# });
        self.some = true;
        self.line.push(b'"');
        self.line.extend_from_slice(field.name().as_bytes());
        self.line.extend_from_slice(br#"":"#);
    }

    fn number(&mut self, field: &Field, value: impl serde::Serialize) {
        self.key(field);
        // Writing a number to memory does not fail.
        let _ = serde_json::to_writer(&mut *self.line, &value);
    }

    fn text(&mut self, field: &Field, value: &str) {
        let meaning = Meaning::of(field.name());
        if meaning == Meaning::Message {
            match self.some {
                true => self.message = Some(value.to_owned()),
                false => push_message(self.line, value),
            }
            return;
        }
        self.key(field);
        push_json(self.line, if meaning == Meaning::Secret { MASK } else { clipped(value) });
    }
}

impl Visit for JsonFields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() { self.number(field, value) } else { self.text(field, &value.to_string()) }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

/// ` message name=value ...`, on one line whatever the values hold.
struct TextFields<'a>(&'a mut Vec<u8>);

impl Visit for TextFields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push(b' ');
        let meaning = Meaning::of(field.name());
        if meaning != Meaning::Message {
            self.0.extend_from_slice(field.name().as_bytes());
            self.0.push(b'=');
        }
        for character in if meaning == Meaning::Secret { MASK } else { clipped(value) }.chars() {
            let _ = if character.is_control() {
                write!(self.0, "{}", character.escape_default())
            } else {
                write!(self.0, "{character}")
            };
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
