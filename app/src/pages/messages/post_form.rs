use crate::components::draft::use_draft;
use crate::components::life;
use crate::components::numbers::count;
use crate::components::{ActionError, FormAction, ServerForm};
use crate::session::use_session;
use crate::text::use_text;
use leptos::html::{Form, Textarea};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::{Message, MessageText};

/// Writes a message; Ctrl or Cmd and Enter posts it. What was typed stays until it is stored.
#[component]
pub fn PostForm(post: FormAction<Message>, page: Memo<u64>, refresh: RwSignal<u32>) -> impl IntoView {
    life("PostForm");
    let (words, navigate) = (&use_text().board.messages, use_navigate());
    let (field, form) = (NodeRef::<Textarea>::new(), NodeRef::<Form>::new());
    let draft = use_draft("messages/post").field("text");
    let length = RwSignal::new(draft.chars().count());
    let session = use_session();
    let measure = move || {
        if let Some(field) = field.get_untracked() {
            length.set(field.value().chars().count());
            unsent::keep(session, &field.value());
        }
    };
    // What was typed before the page came alive, or before the session ended, or in another language of the page.
    Effect::new(move |_| {
        if let Some((field, text)) = field.get_untracked().zip(unsent::kept(session))
            && field.value().is_empty()
        {
            field.set_value(&text);
        }
        measure();
    });
    Effect::new(move |before: Option<u32>| {
        let version = post.version().get();
        let is_stored = post.value().with_untracked(|value| matches!(value, Some(Ok(_))));
        if is_stored && before.is_some_and(|before| before != version) {
            refresh.update(|n| *n += 1);
            if page.get_untracked() > 1 {
                navigate("/messages", NavigateOptions::default());
            }
        }
        version
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) && !event.is_composing() {
            event.prevent_default();
            if let Some(form) = form.get_untracked().filter(|_| !post.pending().get_untracked()) {
                let _ = form.request_submit();
            }
        }
    };
    let counter = move || (words.characters)(&count(length.get() as u64), &count(MessageText::MAX_CHARS as u64));
    view! {
        <ServerForm action=post node_ref=form class="post-form">
            <ActionError action=post/>
            <label class="visually-hidden" for="new-message">{words.label}</label>
            <textarea id="new-message" name="text" rows="3" required dir="auto" placeholder=words.placeholder
                aria-describedby="new-message-length" node_ref=field on:input=move |_| measure() on:keydown=on_key>
                {draft}
            </textarea>
            <div class="post-foot">
                <span id="new-message-length" class="counter" class=("too-long", move || length.get() > MessageText::MAX_CHARS)>
                    {move || counter()}
                </span>
                <button class="primary" type="submit" data-keys="⌃↵" aria-keyshortcuts="Control+Enter Meta+Enter" disabled=move || post.pending().get()>
                    {move || if post.pending().get() { words.posting } else { words.post }}
                </button>
            </div>
        </ServerForm>
    }
    .into_any()
}

/// A message that is being written, kept for its writer in this tab.
pub mod unsent {
    use crate::session::Session;
    use model::Message;

    #[cfg(feature = "hydrate")]
    pub fn keep(session: Session, text: &str) {
        if let Some(name) = session.name() {
            crate::web::keep(&key(&name), text);
        }
    }

    #[cfg(feature = "hydrate")]
    pub fn kept(session: Session) -> Option<String> {
        crate::web::kept(&key(&session.name()?))
    }

    /// A message that is stored is not written any more, unless it has been changed since.
    #[cfg(feature = "hydrate")]
    pub fn forget(stored: &Message) {
        let Some((author, text)) = stored.author.as_deref().zip(stored.text.as_deref()) else { return };
        if crate::web::kept(&key(author)).is_some_and(|kept| is_same(&kept, text)) {
            crate::web::keep(&key(author), "");
        }
        // The page may have gone and come again with the text.
        crate::web::empty("#new-message", |typed| is_same(typed, text));
    }

    /// Forms send a line's end as two characters.
    #[cfg(feature = "hydrate")]
    fn is_same(typed: &str, stored: &str) -> bool {
        let plain = |text: &str| text.replace('\r', "").trim().to_owned();
        plain(typed) == plain(stored)
    }

    #[cfg(feature = "hydrate")]
    fn key(name: &str) -> String {
        format!("unsent-{name}")
    }

    #[cfg(not(feature = "hydrate"))]
    pub fn keep(_: Session, _: &str) {}

    #[cfg(not(feature = "hydrate"))]
    pub fn forget(_: &Message) {}

    #[cfg(not(feature = "hydrate"))]
    pub fn kept(_: Session) -> Option<String> {
        None
    }
}
