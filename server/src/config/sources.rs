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
    use super::without_password;

    #[test]
    fn a_urls_password_is_not_shown() {
        assert_eq!(without_password("http://u:secret@x:4318/a@b"), "http://***@x:4318/a@b");
        assert_eq!(without_password("http://x:4318/a@b"), "http://x:4318/a@b");
        assert_eq!(without_password("mina@example"), "mina@example");
        assert_eq!(without_password("u:sec/ret@broker:9092"), "***@broker:9092");
    }
}
