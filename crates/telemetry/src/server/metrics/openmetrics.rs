//! Instruments as text: OpenMetrics 1.0 with exemplars, or Prometheus' older format without.
//! <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>

use super::instrument::{Also, Distribution, Exemplar, Instrument, Kind, Label, Values};
use crate::propagation::hex;
use std::fmt::{self, Write};
use std::time::UNIX_EPOCH;

/// How `/metrics` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    OpenMetrics,
    Prometheus,
}

impl TextFormat {
    /// OpenMetrics for those who name it and do not prefer the other, as Prometheus does.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let open = weight(accept, "application/openmetrics-text").unwrap_or_default();
        let older = weight(accept, "text/plain").unwrap_or_default();
        if open > 0.0 && open >= older { Self::OpenMetrics } else { Self::Prometheus }
    }

    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// How much a type is wanted, from 0 to 1; `None` where it is not named. RFC 9110, section 12.5.1.
fn weight(accept: &str, media_type: &str) -> Option<f64> {
    let mut ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
    let mut parameters =
        ranges.find_map(|mut parts| parts.next()?.eq_ignore_ascii_case(media_type).then_some(parts))?;
    let told = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
    });
    Some(told.unwrap_or(1.0))
}

type Labels = Vec<(String, String)>;

/// One metric family under one name.
struct Family<'a> {
    /// Without `_total`.
    name: String,
    unit: &'a str,
    kind: Kind,
    description: &'a str,
    series: Vec<(Labels, Values)>,
}

/// All instruments with values, each under all of its names.
pub(super) fn write(instruments: &[&Instrument], format: TextFormat) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(16 * 1024);
    for instrument in instruments {
        let series = instrument.read();
        if series.is_empty() {
            continue;
        }
        family(instrument, &series).write(&mut text, format)?;
        for also in instrument.also {
            family_also(instrument, also, &series).write(&mut text, format)?;
        }
    }
    if format == TextFormat::OpenMetrics {
        text.push_str("# EOF\n");
    }
    Ok(text)
}

/// OpenTelemetry's name as Prometheus has it.
/// <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>
pub(super) fn prometheus_name(instrument: &Instrument) -> String {
    let mut name = underscored(instrument.name);
    if let Some(unit) = unit_word(instrument) {
        name.push('_');
        name.push_str(unit);
    }
    name
}

fn unit_word(instrument: &Instrument) -> Option<&'static str> {
    match instrument.unit {
        "s" => Some("seconds"),
        "By" => Some("bytes"),
        "1" if instrument.kind == Kind::Gauge => Some("ratio"),
        _ => None,
    }
}

fn underscored(name: &str) -> String {
    name.replace(['.', '-'], "_")
}

fn family<'a>(instrument: &'a Instrument, series: &[(Box<[Label]>, Values)]) -> Family<'a> {
    let labels = |values: &[Label]| -> Labels {
        if values.len() < instrument.attributes.len() {
            return overflow();
        }
        let named = instrument.attributes.iter().zip(values);
        named.filter_map(|(name, value)| Some((underscored(name), shown(value)?))).collect()
    };
    Family {
        name: prometheus_name(instrument),
        unit: unit_word(instrument).unwrap_or_default(),
        kind: instrument.kind,
        description: instrument.description,
        series: series.iter().map(|(values, of)| (labels(values), of.clone())).collect(),
    }
}

fn family_also<'a>(instrument: &Instrument, also: &'a Also, series: &[(Box<[Label]>, Values)]) -> Family<'a> {
    let labels = |attributes: Vec<(&str, Label)>| -> Labels {
        if attributes.is_empty() && !also.attributes.is_empty() {
            return overflow();
        }
        attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), shown(&value)?))).collect()
    };
    Family {
        name: also.name.strip_suffix("_total").unwrap_or(also.name).to_owned(),
        unit: "",
        kind: also.kind(instrument),
        description: also.description,
        series: also.read(instrument, series).into_iter().map(|(attributes, of)| (labels(attributes), of)).collect(),
    }
}

fn overflow() -> Labels {
    vec![("otel_metric_overflow".to_owned(), "true".to_owned())]
}

fn shown(value: &Label) -> Option<String> {
    match value {
        Label::Absent => None,
        Label::Word(word) => Some((*word).to_owned()),
        Label::Text(text) => Some(text.to_string()),
        Label::Number(number) => Some(number.to_string()),
    }
}

impl Family<'_> {
    fn write(&self, text: &mut String, format: TextFormat) -> fmt::Result {
        let (name, open) = (&self.name, format == TextFormat::OpenMetrics);
        let counter = if self.kind == Kind::Counter { "_total" } else { "" };
        let head = if open { "" } else { counter };
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::UpDownCounter | Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        writeln!(text, "# TYPE {name}{head} {kind}")?;
        if open && !self.unit.is_empty() {
            writeln!(text, "# UNIT {name} {}", self.unit)?;
        }
        writeln!(text, "# HELP {name}{head} {}", escaped(self.description))?;
        for (labels, values) in &self.series {
            match (values, self.kind) {
                (Values::Distribution(all), Kind::Histogram(bounds)) => {
                    write_histogram(text, name, labels, all, bounds, open)?;
                }
                (Values::Number(number), _) => sample(text, name, counter, labels, None, number)?,
                (Values::Distribution(_), _) => {}
            }
        }
        Ok(())
    }
}

fn write_histogram(
    text: &mut String,
    name: &str,
    labels: &Labels,
    all: &Distribution,
    bounds: &[f64],
    exemplars: bool,
) -> fmt::Result {
    let mut until = 0;
    for (at, count) in all.counts.iter().enumerate() {
        until += count;
        let bound = bounds.get(at).map_or_else(|| "+Inf".to_owned(), |bound| format!("{bound:?}"));
        sample(text, name, "_bucket", labels, Some(&bound), until)?;
        if let Some(exemplar) = all.exemplars[at].filter(|_| exemplars) {
            text.pop();
            write_exemplar(text, &exemplar)?;
        }
    }
    sample(text, name, "_sum", labels, None, all.sum)?;
    sample(text, name, "_count", labels, None, until)
}

fn sample(
    text: &mut String,
    name: &str,
    suffix: &str,
    labels: &Labels,
    bound: Option<&str>,
    value: impl fmt::Display,
) -> fmt::Result {
    write!(text, "{name}{suffix}")?;
    let mut next = '{';
    let bound = bound.map(|bound| ("le", bound));
    for (label, value) in labels.iter().map(|(label, value)| (label.as_str(), value.as_str())).chain(bound) {
        write!(text, "{next}{label}=\"{}\"", escaped(value))?;
        next = ',';
    }
    if next == ',' {
        text.push('}');
    }
    writeln!(text, " {value}")
}

fn write_exemplar(text: &mut String, exemplar: &Exemplar) -> fmt::Result {
    let seconds = exemplar.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let (trace, span) = (hex::encode(&exemplar.seen.trace_id), hex::encode(&exemplar.seen.span_id));
    writeln!(text, " # {{trace_id=\"{trace}\",span_id=\"{span}\"}} {} {seconds:.3}", exemplar.value)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{TextFormat, write};
    use crate::server::metrics::instrument::{Also, Instrument, Kind, Label, Source, define};

    static WAITS: Instrument = define("db.waits", "s", Kind::Histogram(&[0.5, 1.0]), "Time waited")
        .by(&["db.system.name", "error.type"])
        .also(&[Also {
            name: "waits_total",
            description: "Waits",
            count: true,
            attributes: &[("outcome", Source::Outcome(1))],
        }])
        .instrument();

    #[test]
    fn a_histogram_is_written_under_all_of_its_names() {
        WAITS.with(&["sqlite".into(), Label::Absent]).observe(0.5);
        WAITS.with(&["redis".into(), Label::Absent]).observe(2.0);
        WAITS.with(&["sqlite".into(), Label::Text("a\"b\\\n".into())]).observe(0.75);
        assert_eq!(
            write(&[&WAITS], TextFormat::OpenMetrics).unwrap(),
            r#"# TYPE db_waits_seconds histogram
# UNIT db_waits_seconds seconds
# HELP db_waits_seconds Time waited
db_waits_seconds_bucket{db_system_name="redis",le="0.5"} 0
db_waits_seconds_bucket{db_system_name="redis",le="1.0"} 0
db_waits_seconds_bucket{db_system_name="redis",le="+Inf"} 1
db_waits_seconds_sum{db_system_name="redis"} 2
db_waits_seconds_count{db_system_name="redis"} 1
db_waits_seconds_bucket{db_system_name="sqlite",le="0.5"} 1
db_waits_seconds_bucket{db_system_name="sqlite",le="1.0"} 1
db_waits_seconds_bucket{db_system_name="sqlite",le="+Inf"} 1
db_waits_seconds_sum{db_system_name="sqlite"} 0.5
db_waits_seconds_count{db_system_name="sqlite"} 1
db_waits_seconds_bucket{db_system_name="sqlite",error_type="a\"b\\\n",le="0.5"} 0
db_waits_seconds_bucket{db_system_name="sqlite",error_type="a\"b\\\n",le="1.0"} 1
db_waits_seconds_bucket{db_system_name="sqlite",error_type="a\"b\\\n",le="+Inf"} 1
db_waits_seconds_sum{db_system_name="sqlite",error_type="a\"b\\\n"} 0.75
db_waits_seconds_count{db_system_name="sqlite",error_type="a\"b\\\n"} 1
# TYPE waits counter
# HELP waits Waits
waits_total{outcome="error"} 1
waits_total{outcome="success"} 2
# EOF
"#
        );
        let older = write(&[&WAITS], TextFormat::Prometheus).unwrap();
        assert!(older.contains("# TYPE waits_total counter\n") && !older.contains("EOF") && !older.contains("UNIT"));
    }

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        let open = "application/openmetrics-text";
        for accept in [prometheus, open, &format!("text/plain;q=0.5, {open}"), &format!("{open};q=0.3 , */*;q=0.1")] {
            assert_eq!(TextFormat::accepted(accept), TextFormat::OpenMetrics, "{accept}");
        }
        for accept in
            ["*/*", "", &format!("{open};q=0"), &format!("{open}; Q=0.0"), &format!("text/plain,{open};q=0.5")]
        {
            assert_eq!(TextFormat::accepted(accept), TextFormat::Prometheus, "{accept}");
        }
    }
}
