use super::ConfigError;
use super::variables::{VARIABLES, Variable};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;

/// Where values come from, in order: flags, environment, `NAME_FILE`, defaults.
pub struct Sources {
    flags: HashMap<&'static str, String>,
    environment: HashMap<String, String>,
    /// Variables whose values are not UTF-8.
    unreadable: HashSet<String>,
}

/// A value with where it came from.
pub struct Value {
    pub text: String,
    pub source: String,
}

impl Sources {
    /// `flags` are given by the name of their variable.
    pub fn new(
        flags: Vec<(&'static str, String)>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut sources =
            Self { flags: flags.into_iter().collect(), environment: HashMap::new(), unreadable: HashSet::new() };
        for (name, value) in environment {
            // Names that are not UTF-8 are not ours.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(sources.environment.insert(name, value)),
                Err(_) => drop(sources.unreadable.insert(name)),
            }
        }
        sources
    }

    /// The value of a variable; an empty one counts as unset, wherever it comes from.
    ///
    /// # Errors
    /// When a mounted secret can't be read, or the value is not UTF-8, or has a zero in it, which no engine takes.
    pub fn value(&self, name: &str) -> Result<Option<Value>, ConfigError> {
        if let Some(text) = self.flags.get(name).filter(|text| !text.is_empty()) {
            return Ok(Some(Value { text: text.clone(), source: "flag".to_owned() }));
        }
        if let Some(text) = self.environment.get(name).filter(|text| !text.is_empty()) {
            return Ok(Some(Value { text: text.clone(), source: "environment".to_owned() }));
        }
        let file_variable = format!("{name}_FILE");
        for variable in [name, &file_variable] {
            if self.unreadable.contains(variable) {
                return Err(ConfigError::new(variable, "It is not UTF-8 text; set it to some."));
            }
        }
        if let Some(path) = self.environment.get(&file_variable).filter(|path| !path.is_empty()) {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
            let text =
                read.and_then(|text| if text.contains('\0') { Err("it is no text".to_owned()) } else { Ok(text) });
            let text = text.map_err(|error| {
                ConfigError::new(
                    file_variable,
                    format!("{path} can't be read ({error}); mount it or unset the variable."),
                )
            })?;
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.is_empty() {
                return Ok(Some(Value { text: text.to_owned(), source: path.clone() }));
            }
        }
        let default = VARIABLES.iter().find(|variable| variable.name == name).and_then(|variable| variable.default);
        Ok(default.map(|text| Value { text: text.to_owned(), source: "default".to_owned() }))
    }

    /// # Errors
    /// When a mounted secret can't be read.
    pub fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.value(name)?.map(|value| value.text))
    }

    /// The same for a variable that may be empty, which is something else than unset.
    ///
    /// # Errors
    /// When a mounted secret can't be read.
    pub fn text_or_empty(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let empty = [name, &format!("{name}_FILE")].iter().any(|name| self.environment.contains_key(*name));
        Ok(self.text(name)?.or_else(|| empty.then(String::new)))
    }

    /// A value that has a default.
    ///
    /// # Errors
    /// When it has none after all, or a mounted secret can't be read.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigError> {
        self.text(name)?.ok_or_else(|| ConfigError::new(name, "Set it."))
    }

    /// OpenTelemetry's variables that are set and that nobody reads here, in order. Others begin with `OTEL_`, too: Kubernetes
    /// makes some up for a service of that name.
    pub fn unread(&self) -> Vec<String> {
        const STANDARD: [&str; 12] = [
            "OTEL_ATTRIBUTE_",
            "OTEL_BLRP_",
            "OTEL_BSP_",
            "OTEL_CONFIG_FILE",
            "OTEL_EVENT_",
            "OTEL_EXPORTER_",
            "OTEL_LINK_",
            "OTEL_LOG",
            "OTEL_METRIC",
            "OTEL_PROPAGATORS",
            "OTEL_SPAN_",
            "OTEL_TRACES_",
        ];
        let is_read = |name: &str| {
            let named = |known: &str| name == known || name.strip_suffix("_FILE") == Some(known);
            VARIABLES.iter().any(|variable| named(variable.name))
        };
        let set = self.environment.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
        let of_a_service =
            |name: &str| name.ends_with("_PORT") || ["_SERVICE_", "_PORT_"].iter().any(|part| name.contains(part));
        let standard = set.filter(|name| STANDARD.iter().any(|start| name.starts_with(start)) && !of_a_service(name));
        let mut unread: Vec<String> = standard.filter(|name| !is_read(name)).cloned().collect();
        unread.sort_unstable();
        unread
    }

    /// All variables with their effective values; secrets masked.
    pub fn effective(&self) -> impl Iterator<Item = (&'static Variable, Result<Option<Value>, ConfigError>)> {
        VARIABLES.iter().map(|variable| {
            let value = self.value(variable.name).map(|value| {
                value.map(|value| {
                    let text = if variable.secret { "***".to_owned() } else { without_password(&value.text) };
                    Value { text, ..value }
                })
            });
            (variable, value)
        })
    }
}

/// A URL without its user and password, if it has them; the same for `USER:PASSWORD@HOST`.
fn without_password(text: &str) -> String {
    let (start, rest) = text.split_at(text.find("://").map_or(0, |at| at + 3));
    // Of a URL, what comes after its host is no secret.
    let end = rest.find('/').filter(|_| !start.is_empty()).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if !start.is_empty() || rest[..at].contains(':') => format!("{start}***{}", &rest[at..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Sources, without_password};

    #[test]
    fn standard_variables_that_nobody_reads_are_found() {
        let set = [
            ("OTEL_BSP_SCHEDULE_DELAY", "5000"),
            ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS_FILE", "/run/secrets/headers"),
            ("OTEL_COLLECTOR_SERVICE_HOST", "10.0.0.1"),
            ("OTEL_LOGS_PORT_4317_TCP_ADDR", "10.0.0.2"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "9"),
            ("OTEL_PROPAGATORS", ""),
            ("PATH", "/bin"),
        ];
        let sources = Sources::new(Vec::new(), set.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(
            sources.unread(),
            ["OTEL_BSP_SCHEDULE_DELAY", "OTEL_EXPORTER_OTLP_INSECURE", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"]
        );
    }

    #[test]
    fn a_urls_password_is_not_shown() {
        assert_eq!(without_password("http://u:secret@x:4318/a@b"), "http://***@x:4318/a@b");
        assert_eq!(without_password("http://x:4318/a@b"), "http://x:4318/a@b");
        assert_eq!(without_password("mina@example"), "mina@example");
        assert_eq!(without_password("u:sec/ret@broker:9092"), "***@broker:9092");
    }
}
