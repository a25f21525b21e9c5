//! The document's title. On the server it goes into the head, by leptos_meta; the browser does not need that crate.

use leptos::text_prop::TextProp;

#[cfg(feature = "ssr")]
pub use server::{provide_title, set_title};

/// Gives the page its title, for as long as the component at hand lives. Follows what `text` follows.
#[cfg(not(feature = "ssr"))]
pub fn set_title(text: impl Into<TextProp>) {
    let text = text.into();
    leptos::prelude::Effect::new(move |_| leptos::prelude::document().set_title(&complete(text.get().to_string())));
}

/// The title of a page that has none.
#[cfg(not(feature = "ssr"))]
pub fn provide_title() {}

/// With the name of the board.
fn complete(title: String) -> String {
    if title.is_empty() { "Glassboard".to_owned() } else { title + " · Glassboard" }
}

#[cfg(feature = "ssr")]
mod server {
    use super::{TextProp, complete};
    use leptos::prelude::untrack;
    use leptos_meta::{Title, TitleProps};

    pub fn set_title(text: impl Into<TextProp>) {
        // Read at once: the head is written last, when the page's signals may be gone already.
        let text = escaped(&untrack(|| text.into().get().to_string()));
        // The component has told the server all it has to when it is made; it shows nothing.
        drop(Title(TitleProps::builder().text(text).build()));
    }

    /// leptos_meta writes a title as it is, and what readers typed may be in it.
    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;")
    }

    pub fn provide_title() {
        leptos_meta::provide_meta_context();
        drop(Title(TitleProps::builder().formatter(complete).build()));
    }
}
