use super::buffer::Buffer;
use super::config::LogFormat;
use super::ids::current_trace_parent;
use super::secrets::{MASK, is_secret};
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines that wait to be written: when whoever reads them stands still, what no longer fits is dropped and counted.
const CAPACITY_BYTES: usize = 1024 * 1024;
/// Many lines share one write.
const GATHER: Duration = Duration::from_millis(5);
/// Of one value, so that nothing makes a line endless.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// Writes lines from a thread of its own.
#[derive(Debug, Clone)]
pub(super) struct LogWriter {
    lines: Arc<Buffer<u8>>,
}

impl LogWriter {
    /// Starts the thread.
    pub(super) fn start(mut output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let lines = Arc::new(Buffer::new(CAPACITY_BYTES));
        let writer = Self { lines: Arc::clone(&lines) };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            while lines.take(GATHER, &mut bytes) {
                // There is nowhere left to tell that standard output is gone.
                let _ = output.write_all(&bytes).and_then(|()| output.flush());
            }
        })?;
        Ok(writer)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.lines.dropped()
    }

    pub(super) fn flush(&self, limit: Duration) -> bool {
        self.lines.flush(limit)
    }
}

/// Turns events into lines with `timestamp`, `level`, `target`, `message`, `fields`, `trace_id` and `span_id`.
pub(super) struct LogLayer {
    writer: LogWriter,
    format: LogFormat,
}

impl LogLayer {
    pub(super) const fn new(writer: LogWriter, format: LogFormat) -> Self {
        Self { writer, format }
    }
}

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Taken, not borrowed: an event inside of a value's Debug finds an empty line of its own.
        let mut line = LINE.take();
        line.clear();
        // Writing to memory does not fail.
        let _ = match self.format {
            LogFormat::Json => write_json(&mut line, event),
            LogFormat::Text => write_text(&mut line, event),
        };
        line.push(b'\n');
        self.writer.lines.push_all(&line);
        LINE.set(line);
    }
}

fn write_json(line: &mut Vec<u8>, event: &Event<'_>) -> std::io::Result<()> {
    let metadata = event.metadata();
    write!(line, r#"{{"timestamp":"{:.6}","level":"{}","target":"#, jiff::Timestamp::now(), metadata.level())?;
    push_json(line, metadata.target());
    let mut fields = JsonFields { message: None, fields: Vec::new() };
    event.record(&mut fields);
    if let Some(message) = &fields.message {
        line.extend_from_slice(br#","message":"#);
        push_json(line, clipped(message));
    }
    if !fields.fields.is_empty() {
        line.extend_from_slice(br#","fields":{"#);
        line.extend_from_slice(&fields.fields[1..]);
        line.push(b'}');
    }
    if let Some(current) = current_trace_parent() {
        write!(line, r#","trace_id":"{}","span_id":"{}""#, current.trace_id_hex(), current.span_id_hex())?;
    }
    line.push(b'}');
    Ok(())
}

fn write_text(line: &mut Vec<u8>, event: &Event<'_>) -> std::io::Result<()> {
    let metadata = event.metadata();
    write!(line, "{:.6} {:5} {}:", jiff::Timestamp::now(), metadata.level(), metadata.target())?;
    event.record(&mut TextFields(line));
    if let Some(current) = current_trace_parent() {
        write!(line, " trace_id={} span_id={}", current.trace_id_hex(), current.span_id_hex())?;
    }
    Ok(())
}

fn push_json(line: &mut Vec<u8>, text: &str) {
    // Writing a string to memory does not fail.
    let _ = serde_json::to_writer(line, text);
}

fn clipped(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE_BYTES)]
}

struct JsonFields {
    message: Option<String>,
    /// `,"name":value` for each.
    fields: Vec<u8>,
}

impl JsonFields {
    fn key(&mut self, field: &Field) {
        self.fields.push(b',');
        push_json(&mut self.fields, field.name());
        self.fields.push(b':');
    }

    fn raw(&mut self, field: &Field, value: impl fmt::Display) {
        self.key(field);
        let _ = write!(self.fields, "{value}");
    }

    fn text(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
            return;
        }
        self.key(field);
        push_json(&mut self.fields, if is_secret(field.name()) { MASK } else { clipped(value) });
    }
}

impl Visit for JsonFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() { self.raw(field, value) } else { self.text(field, &value.to_string()) }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.raw(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.raw(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.raw(field, value);
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
        if field.name() != "message" {
            self.0.extend_from_slice(field.name().as_bytes());
            self.0.push(b'=');
        }
        for character in if is_secret(field.name()) { MASK } else { clipped(value) }.chars() {
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
