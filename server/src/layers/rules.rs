use axum::extract::MatchedPath;
use hashbrown::HashMap;
use http::Extensions;
use std::sync::Arc;
use telemetry::server::metrics::RouteMetrics;

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
    /// Goes on without the session while sessions can't be checked.
    pub open: bool,
    /// Met by no fault that was asked for: the way to end one.
    pub spared: bool,
}

/// A route pattern with its rule, and what is counted of it.
#[derive(Debug, Clone)]
pub struct Route {
    /// Empty where nothing matched.
    pub pattern: Arc<str>,
    pub rule: Rule,
    pub metrics: RouteMetrics,
}

impl Route {
    fn new(pattern: &str, rule: Rule) -> Self {
        // A path that leads nowhere may be anything: only that it did is told.
        let label = if pattern.is_empty() { "unmatched" } else { pattern };
        Self { pattern: pattern.into(), rule, metrics: RouteMetrics::new(label) }
    }

    /// `None` where nothing matched.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(&*self.pattern).filter(|pattern| !pattern.is_empty())
    }
}

/// The routes by their patterns. One that is not listed is like none.
#[derive(Debug)]
pub struct Rules {
    listed: HashMap<String, Route>,
    nowhere: Route,
}

impl Default for Rules {
    fn default() -> Self {
        Self { listed: HashMap::new(), nowhere: Route::new("", Rule::default()) }
    }
}

impl Rules {
    pub fn add(&mut self, route: impl Into<String>, rule: Rule) {
        let pattern = route.into();
        let route = Route::new(&pattern, rule);
        self.listed.insert(pattern, route);
    }

    /// A page at this route, beside what was added there before. `open`, `spared`: as in [`Rule`].
    pub fn add_page(&mut self, route: &str, open: bool, spared: bool) {
        let listed = self.listed.entry(route.to_owned());
        let rule = &mut listed.or_insert_with(|| Route::new(route, Rule::default())).rule;
        (rule.page, rule.open, rule.spared) = (true, open, spared);
    }

    /// The route that a request matched.
    #[must_use]
    pub fn of(&self, extensions: &Extensions) -> &Route {
        let Some(matched) = extensions.get::<MatchedPath>() else { return &self.nowhere };
        let listed = self.listed.get(matched.as_str());
        debug_assert!(listed.is_some(), "{} has no rule", matched.as_str());
        listed.unwrap_or(&self.nowhere)
    }
}
