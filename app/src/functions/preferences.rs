//! Language, theme and whether the ribbon is folded: cookies, so that the next page comes right from the server.

use leptos::prelude::*;
use model::BoardError;
use telemetry::client::QuietClient;

/// Keeps the preferences that are given, for a year: `lang` `ko` or `en`, `theme` `light` or `dark`, `ribbon` `folded`
/// or `open`. Leads back to the page of the form.
///
/// # Errors
/// `InvalidRequest` for any other value.
#[server(prefix = "/fn", endpoint = "preferences/set", client = QuietClient)]
pub async fn set_preferences(
    lang: Option<String>,
    theme: Option<String>,
    ribbon: Option<String>,
) -> Result<(), BoardError> {
    use model::Code;
    let wishes =
        [("lang", lang, ["ko", "en"]), ("theme", theme, ["light", "dark"]), ("ribbon", ribbon, ["folded", "open"])];
    for (name, wish, known) in wishes {
        let Some(value) = wish else { continue };
        if !known.contains(&&*value) {
            return super::door::answer(Err(Code::InvalidRequest.into()));
        }
        // Not HttpOnly: with JavaScript the page changes them itself.
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        super::door::add_header(http::header::SET_COOKIE, &cookie);
    }
    super::door::answer(Ok(()))
}
