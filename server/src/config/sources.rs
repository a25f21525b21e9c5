use super::ConfigError;
use super::variables::{VARIABLES, Variable};
use std::collections::HashMap;

/// Where values come from, in order: flags, environment, `NAME_FILE`, defaults.
pub struct Sources {
    flags: HashMap<&'static str, String>,
    environment: HashMap<String, String>,
}

/// A value with where it came from.
pub struct Value {
    pub text: String,
    pub source: String,
}

impl Sources {
    /// `flags` are given by the name of their variable.
    pub fn new(flags: Vec<(&'static str, String)>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { flags: flags.into_iter().collect(), environment: environment.into_iter().collect() }
    }

    /// The value of a variable; empty counts as unset, except for passwords.
    ///
    /// # Errors
    /// When a mounted secret can't be read.
    pub fn value(&self, name: &str) -> Result<Option<Value>, ConfigError> {
        if let Some(text) = self.flags.get(name) {
            return Ok(Some(Value { text: text.clone(), source: "flag".to_owned() }));
        }
        if let Some(text) = self.environment.get(name).filter(|text| !text.is_empty()) {
            return Ok(Some(Value { text: text.clone(), source: "environment".to_owned() }));
        }
        let file_variable = format!("{name}_FILE");
        if let Some(path) = self.environment.get(&file_variable).filter(|path| !path.is_empty()) {
            let text = std::fs::read_to_string(path).map_err(|error| {
                ConfigError::new(
                    file_variable,
                    format!("{path} can't be read ({error}); mount it or unset the variable."),
                )
            })?;
            return Ok(Some(Value { text: text.trim_end_matches(['\r', '\n']).to_owned(), source: path.clone() }));
        }
        let default = VARIABLES.iter().find(|variable| variable.name == name).and_then(|variable| variable.default);
        Ok(default.map(|text| Value { text: text.to_owned(), source: "default".to_owned() }))
    }

    /// # Errors
    /// When a mounted secret can't be read.
    pub fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.value(name)?.map(|value| value.text))
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
                value.map(|value| if variable.secret { Value { text: "***".to_owned(), ..value } } else { value })
            });
            (variable, value)
        })
    }
}
