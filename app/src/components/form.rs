use leptos::ev::SubmitEvent;
use leptos::form::FromFormData;
use leptos::html::Form;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::serde::de::DeserializeOwned;
use model::{BoardError, Code};

/// A form that calls a server function: by a fetch where there is JavaScript, else as the browser posts it.
/// (Leptos's `ActionForm` asks for a client that can send multipart forms, on the server too.)
#[component]
pub fn ServerForm<S>(
    action: ServerAction<S>,
    class: &'static str,
    #[prop(optional)] node_ref: NodeRef<Form>,
    children: Children,
) -> impl IntoView
where
    S: ServerFn<Error = BoardError> + DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let submit = move |event: SubmitEvent| {
        if event.default_prevented() {
            return;
        }
        event.prevent_default();
        match S::from_event(&event) {
            Ok(input) => {
                action.dispatch(input);
            }
            Err(error) => {
                tracing::error!(?error, "the form does not fit its server function");
                action.value().set(Some(Err(Code::InvalidRequest.into())));
            }
        }
    };
    view! { <form method="post" action=S::url() class=class node_ref=node_ref on:submit=submit>{children()}</form> }
        .into_any()
}
