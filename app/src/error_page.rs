//! The document that stands in the place of a page that could not be made. It needs nothing that may have failed.

use crate::context::Site;
use crate::text::Text;
use model::{BoardError, Lang};

/// Copies what the button names, which shows where there is somebody to copy. Pages have no clipboard on plain HTTP.
const COPY: &str = "const b=document.querySelector('.copy');if(b){b.hidden=false;b.addEventListener('click',async()=>{\
    if(navigator.clipboard)await navigator.clipboard.writeText(b.value);\
    else{getSelection().selectAllChildren(document.querySelector('a code'));if(!document.execCommand('copy'))return}\
    b.textContent=b.dataset.copied})}";

/// Says what is wrong, what to do, and where to look. `nonce` is the one of its Content-Security-Policy.
#[must_use]
pub fn error_page(site: &Site, lang: Lang, theme: Option<&'static str>, error: &BoardError, nonce: &str) -> String {
    let words = &Text::of(lang).common;
    let (status, code, message) = (error.code.status(), error.code.as_str(), escaped(error.code.message(lang)));
    let trace = error.trace_id.as_deref().map(|id| {
        let (trace, copy, copied, id) = (words.error.trace, words.error.copy, words.error.copied, escaped(id));
        format!(
            r#" · {trace} <a href="/traces/{id}"><code>{id}</code></a> <button type="button" class="copy" hidden value="{id}" data-copied="{copied}">{copy}</button>"#
        )
    });
    let theme_attribute = theme.map(|theme| format!(r#" data-theme="{theme}""#)).unwrap_or_default();
    format!(
        r#"<!DOCTYPE html>
<html lang="{lang}"{theme_attribute}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<title>{status} · {name}</title>
<link rel="stylesheet" href="{style}">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
</head>
<body>
<main class="column">
<h1>{status}</h1>
<div class="error-note" role="alert">
<p>{message}</p>
<p class="error-detail">{code_word} <code>{code}</code>{trace}</p>
</div>
<p><a href="">{try_again}</a> · <a href="/">{home}</a></p>
</main>
<script nonce="{nonce}">{COPY}</script>
</body>
</html>
"#,
        lang = lang.tag(),
        scheme = theme.unwrap_or("light dark"),
        name = words.app_name,
        style = escaped(&site.style),
        code_word = words.error.code,
        trace = trace.unwrap_or_default(),
        try_again = words.try_again,
        home = words.not_found.home,
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
