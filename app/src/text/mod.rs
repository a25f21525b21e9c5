//! The words of the pages, in both languages. Each text is a field, so that one without a translation does not compile.

pub mod board;
pub mod common;
pub mod observe;

use leptos::prelude::{provide_context, use_context};
use model::Lang;

/// All words of one language.
pub struct Text {
    pub lang: Lang,
    pub common: &'static common::Common,
    pub board: &'static board::Board,
    pub observe: &'static observe::Observe,
}

static KO: Text = Text { lang: Lang::Ko, common: &common::KO, board: &board::KO, observe: &observe::KO };
static EN: Text = Text { lang: Lang::En, common: &common::EN, board: &board::EN, observe: &observe::EN };

impl Text {
    #[must_use]
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Ko => &KO,
            Lang::En => &EN,
        }
    }
}

/// Makes the request's language (on the server) or the page's (in the browser) the one of all pages.
pub fn provide_text() {
    provide_context(page_lang());
}

/// The words in the reader's language. For components; event handlers and tasks take a copy with them.
#[must_use]
pub fn use_text() -> &'static Text {
    Text::of(use_context::<Lang>().unwrap_or_default())
}

#[cfg(feature = "ssr")]
fn page_lang() -> Lang {
    crate::context::request().map(|request| request.lang).unwrap_or_default()
}

#[cfg(feature = "hydrate")]
fn page_lang() -> Lang {
    crate::web::root().and_then(|root| Lang::from_tag(&root.get_attribute("lang")?)).unwrap_or_default()
}

#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
fn page_lang() -> Lang {
    Lang::default()
}
