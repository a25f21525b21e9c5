use leptos::prelude::*;

#[component]
pub fn TracesPage() -> impl IntoView {}
#[component]
pub fn TracePage() -> impl IntoView {}
#[component]
pub fn LogsPage() -> impl IntoView {}
#[component]
pub fn StatusPage() -> impl IntoView {}
