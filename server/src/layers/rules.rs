use axum::extract::MatchedPath;
use http::Extensions;
use std::collections::HashMap;

/// What a route asks of its requests, and what is recorded of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rule {
    /// Needs a session.
    pub session: bool,
    /// A call of it is an API event.
    pub api_event: bool,
    /// A server function, which forms post to.
    pub function: bool,
    /// Not traced: probes, files, telemetry itself.
    pub quiet: bool,
    /// A page for those who GET it, whatever else it is.
    pub page: bool,
    /// Answers for as long as the client listens.
    pub stream: bool,
}

/// The rules by route pattern; a route that is not listed has the default one.
#[derive(Debug, Default)]
pub struct Rules(HashMap<String, Rule>);

impl Rules {
    pub fn add(&mut self, route: impl Into<String>, rule: Rule) {
        self.0.insert(route.into(), rule);
    }

    /// A page at this route, beside what was added there before.
    pub fn add_page(&mut self, route: &str) {
        self.0.entry(route.to_owned()).or_default().page = true;
    }

    #[must_use]
    pub fn of(&self, route: Option<&MatchedPath>) -> Rule {
        route.and_then(|route| self.0.get(route.as_str())).copied().unwrap_or_default()
    }
}

/// The route pattern of a request; `None` where nothing matched.
#[must_use]
pub fn route_of(extensions: &Extensions) -> Option<MatchedPath> {
    extensions.get::<MatchedPath>().cloned()
}
