//! Forms that filter a list: ordinary GET forms, which the browser's part turns into a navigation within the page.

use crate::components::pager::address;
use crate::query::{Query, use_query};
use leptos::ev::SubmitEvent;
use leptos::html::Form;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlFormElement;
#[cfg(feature = "hydrate")]
use leptos::web_sys::{FormData, HtmlInputElement};
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// What a form's `on:submit` does: goes to `path` with those of the fields that are filled in.
pub fn go_to_filtered(path: &'static str, fields: &'static [&'static str]) -> impl Fn(SubmitEvent) + 'static {
    let navigate = use_navigate();
    move |event| {
        let form = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        let Some(values) = form.and_then(|form| values(&form, fields)) else { return };
        event.prevent_default();
        navigate(&address(path, &values, 1), NavigateOptions { scroll: false, ..Default::default() });
    }
}

/// A form whose fields show what the address asks for, whenever that changes. Not at first: they have it already, and what was
/// typed while the page's script was on its way stays.
pub fn follow_address(fields: &'static [&'static str]) -> NodeRef<Form> {
    let (form, query) = (NodeRef::<Form>::new(), use_query());
    let show = move |query: &Query, _: Option<&Query>, _: Option<()>| {
        if let Some(form) = form.get_untracked() {
            fields.iter().for_each(|field| show_in(&form, field, &query.get(field).unwrap_or_default()));
        }
    };
    Effect::watch(move || query.get(), show, false);
    form
}

#[cfg(feature = "hydrate")]
fn show_in(form: &HtmlFormElement, field: &str, value: &str) {
    let found = form.query_selector(&format!("[name={field}]")).ok().flatten();
    let Some(input) = found.and_then(|found| found.dyn_into::<HtmlInputElement>().ok()) else { return };
    if input.type_() == "checkbox" { input.set_checked(input.value() == value) } else { input.set_value(value) }
}

#[cfg(not(feature = "hydrate"))]
fn show_in(_form: &HtmlFormElement, _field: &str, _value: &str) {}

#[cfg(feature = "hydrate")]
fn values(form: &HtmlFormElement, fields: &[&'static str]) -> Option<Vec<(&'static str, String)>> {
    let data = FormData::new_with_form(form).ok()?;
    Some(filled(fields, |field| data.get(field).as_string()))
}

#[cfg(not(feature = "hydrate"))]
fn values(_form: &HtmlFormElement, _fields: &[&'static str]) -> Option<Vec<(&'static str, String)>> {
    None
}

/// The fields that the address of the page has filled in.
#[must_use]
pub fn from_query(query: &Query, fields: &[&'static str]) -> Vec<(&'static str, String)> {
    filled(fields, |field| query.get(field))
}

fn filled(fields: &[&'static str], value: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let value = |field: &&'static str| Some((*field, value(field)?.trim().to_owned())).filter(|(_, v)| !v.is_empty());
    fields.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::from_query;
    use crate::query::Query;

    #[test]
    fn blank_and_unknown_fields_are_left_out() {
        let query = Query::parse("route=+%2Ffn+&user=++&else=x");
        assert_eq!(from_query(&query, &["route", "user", "status"]), [("route", "/fn".to_owned())]);
    }
}
