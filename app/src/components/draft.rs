//! What was typed into a form before it failed, for readers without JavaScript.

use leptos::prelude::SharedValue;

/// The fields of a form that failed on the way to this page.
#[derive(Clone)]
pub struct Draft(Vec<(String, String)>);

impl Draft {
    /// What was typed into this field; empty when there is no draft.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The draft of a form by its endpoint, such as `messages/post`. The same on the server and in the browser.
#[must_use]
pub fn use_draft(form: &'static str) -> Draft {
    Draft(SharedValue::new(|| kept(form)).into_inner())
}

#[cfg(feature = "ssr")]
fn kept(form: &str) -> Vec<(String, String)> {
    use crate::{context, functions::door};
    use leptos::{prelude::use_context, server::ServerActionError};
    // Only a page that also shows the error: a draft must not come up later, from nowhere.
    let failed = use_context::<ServerActionError>().is_some_and(|error| error.path().ends_with(form));
    if !failed || context::request().is_none() {
        return Vec::new();
    }
    let state = context::state();
    let now = state.board.ports().clock.now();
    let mut fields = state.drafts.find(&door::draft_owner(), form, now);
    if fields.is_empty() {
        // Written when the session was over already.
        fields = state.drafts.find(&door::visitor(), form, now);
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(not(feature = "ssr"))]
fn kept(_form: &str) -> Vec<(String, String)> {
    Vec::new()
}
