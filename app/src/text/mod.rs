//! The words of the pages, in both languages. Each text is a field, so that one without a translation does not compile.

pub mod board;
pub mod cache;
pub mod common;
pub mod door;
pub mod faults;
pub mod instruments;
pub mod observe;
pub mod ribbon;
pub mod search;
pub mod statistics;

use leptos::prelude::{provide_context, use_context};
use model::Lang;

/// All words of one language.
pub struct Text {
    pub lang: Lang,
    pub common: &'static common::Common,
    pub board: &'static board::Board,
    pub ribbon: &'static ribbon::Words,
}

static KO: Text = Text { lang: Lang::Ko, common: &common::KO, board: &board::KO, ribbon: &ribbon::KO };
static EN: Text = Text { lang: Lang::En, common: &common::EN, board: &board::EN, ribbon: &ribbon::EN };

/// The words of pages that have a file of their own are asked for by a function, so that they are in that file.
impl Text {
    #[must_use]
    pub fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Ko => &KO,
            Lang::En => &EN,
        }
    }

    #[must_use]
    pub fn door(&self) -> &'static door::Door {
        match self.lang {
            Lang::Ko => &door::KO,
            Lang::En => &door::EN,
        }
    }

    #[must_use]
    pub fn search(&self) -> &'static search::Finding {
        match self.lang {
            Lang::Ko => &search::KO,
            Lang::En => &search::EN,
        }
    }

    #[must_use]
    pub fn cache(&self) -> &'static cache::Cache {
        match self.lang {
            Lang::Ko => &cache::KO,
            Lang::En => &cache::EN,
        }
    }

    #[must_use]
    pub fn faults(&self) -> &'static faults::Faults {
        match self.lang {
            Lang::Ko => &faults::KO,
            Lang::En => &faults::EN,
        }
    }

    #[must_use]
    pub fn instruments(&self) -> &'static instruments::Instruments {
        match self.lang {
            Lang::Ko => &instruments::KO,
            Lang::En => &instruments::EN,
        }
    }

    #[must_use]
    pub fn statistics(&self) -> &'static statistics::Statistics {
        match self.lang {
            Lang::Ko => &statistics::KO,
            Lang::En => &statistics::EN,
        }
    }

    #[must_use]
    pub fn observe(&self) -> &'static observe::Observe {
        match self.lang {
            Lang::Ko => &observe::KO,
            Lang::En => &observe::EN,
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
