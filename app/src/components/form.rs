//! Forms that call server functions: by a fetch where there is JavaScript, else as the browser posts them.

use crate::components::life;
use leptos::ev::SubmitEvent;
use leptos::html::Form;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::BoardError;
use serde::de::DeserializeOwned;

/// What becomes of a form's submissions to the server function that answers with `T`.
pub struct FormAction<T: 'static> {
    path: &'static str,
    pending: RwSignal<bool>,
    /// The fields of which answers are on their way.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers submit"))]
    sent: StoredValue<Vec<String>>,
    value: RwSignal<Option<Result<T, BoardError>>>,
    version: RwSignal<u32>,
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers submit"))]
    then: Option<fn(&T)>,
}

impl<T> Clone for FormAction<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FormAction<T> {}

impl<T: DeserializeOwned + Send + Sync + 'static> FormAction<T> {
    /// Of the server function `S`. Without JavaScript, the page that the browser leads back to knows how it failed.
    #[must_use]
    pub fn of<S: ServerFn<Output = T, Error = BoardError>>() -> Self {
        let error = SharedValue::new(|| failed_before(S::PATH)).into_inner();
        Self {
            path: S::PATH,
            pending: RwSignal::new(false),
            sent: StoredValue::default(),
            value: RwSignal::new(error.map(Err)),
            version: RwSignal::new(0),
            then: None,
        }
    }

    /// What else a good answer leads to in the browser, also when the page that asked has gone.
    #[must_use]
    pub fn then(self, then: fn(&T)) -> Self {
        Self { then: Some(then), ..self }
    }

    /// Whether an answer is on its way.
    #[must_use]
    pub fn pending(self) -> RwSignal<bool> {
        self.pending
    }

    /// The last answer.
    #[must_use]
    pub fn value(self) -> RwSignal<Option<Result<T, BoardError>>> {
        self.value
    }

    /// Rises with each answer.
    #[must_use]
    pub fn version(self) -> RwSignal<u32> {
        self.version
    }

    /// The error of the last submission, if it failed.
    #[must_use]
    pub fn error(self) -> Option<BoardError> {
        self.value.with(|value| value.as_ref()?.as_ref().err().cloned())
    }

    /// Sends the form's fields as they are; a form that cannot be read is left to the browser.
    #[cfg(feature = "hydrate")]
    fn submit(self, event: &SubmitEvent) {
        use crate::functions::call::{FORM, decode, post};
        use telemetry::client::TracedClient;
        if event.default_prevented() {
            return;
        }
        let Some(fields) = crate::web::form_fields(event) else { return };
        event.prevent_default();
        // A second press while the first is on its way is the same wish; other fields are another.
        if self.sent.with_value(|sent| sent.contains(&fields)) {
            return;
        }
        self.sent.update_value(|sent| sent.push(fields.clone()));
        self.pending.set(true);
        let answer = post::<TracedClient>(self.path, FORM, fields.clone());
        leptos::task::spawn_local(async move {
            let answer = answer.await.and_then(|answer| decode(&answer));
            if let Some((then, answer)) = self.then.zip(answer.as_ref().ok()) {
                then(answer);
            }
            // The page may be gone.
            let idle = self.sent.try_update_value(|sent| {
                sent.retain(|sent| *sent != fields);
                sent.is_empty()
            });
            let _ = self.pending.try_set(idle == Some(false));
            let _ = self.value.try_set(Some(answer));
            let _ = self.version.try_update(|version| *version += 1);
        });
    }

    #[cfg(not(feature = "hydrate"))]
    fn submit(self, _event: &SubmitEvent) {}
}

#[cfg(feature = "ssr")]
fn failed_before(path: &str) -> Option<BoardError> {
    use leptos::server::ServerActionError;
    use leptos::server_fn::error::ServerFnUrlError;
    let error = use_context::<ServerActionError>().filter(|error| error.path() == path)?;
    Some(ServerFnUrlError::<BoardError>::decode_err(error.err()))
}

#[cfg(not(feature = "ssr"))]
fn failed_before(_path: &str) -> Option<BoardError> {
    None
}

/// A form that submits to `action`.
#[component]
pub fn ServerForm<T: DeserializeOwned + Send + Sync + 'static>(
    action: FormAction<T>,
    class: &'static str,
    #[prop(optional)] node_ref: NodeRef<Form>,
    children: Children,
) -> impl IntoView {
    life("ServerForm");
    let submit = move |event: SubmitEvent| action.submit(&event);
    view! { <form method="post" action=action.path class=class node_ref=node_ref on:submit=submit>{children()}</form> }
        .into_any()
}
