//! How a clicked element is called in a span.

/// Longer names are cut, so that no paragraph ends up in a span.
const MAX_CHARS: usize = 60;

/// One line of at most 60 characters; white space in a row counts as one blank.
pub(crate) fn short(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some((cut, _)) = line.char_indices().nth(MAX_CHARS) {
        let last = line[..cut].char_indices().next_back().map_or(0, |(at, _)| at);
        line.truncate(last);
        line.push('…');
    }
    line
}

/// At most the first `max_bytes`, between characters.
pub(crate) fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// The host of a URL.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    &rest[..end]
}

/// An element in a path, such as `form#post` or `div[role=button]`.
pub(crate) fn step(tag: &str, id: &str, role: Option<&str>) -> String {
    let mut step = tag.to_ascii_lowercase();
    if !id.is_empty() {
        step.push('#');
        step.push_str(id);
    }
    if let Some(role) = role {
        step.push_str("[role=");
        step.push_str(role);
        step.push(']');
    }
    step
}

/// The path without query and fragment; `None` when `url` is of another origin.
pub(crate) fn own_path<'a>(url: &'a str, origin: &str) -> Option<&'a str> {
    let path = url.strip_prefix(origin)?;
    let path = path.split(['?', '#']).next()?;
    match path {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

#[cfg(test)]
mod tests {
    use super::{cut, host, own_path, short, step};

    #[test]
    fn a_name_is_one_line_of_at_most_60_characters() {
        assert_eq!(short("  Post \n  now "), "Post now");
        assert_eq!(short(&"가".repeat(60)), "가".repeat(60));
        assert_eq!(short(&"가".repeat(61)), format!("{}…", "가".repeat(59)));
        assert_eq!(short(" \n "), "");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("각a", 2), cut("각a", 3), cut("각a", 9)), ("", "각", "각a"));
    }

    #[test]
    fn a_host_is_told_without_what_is_said_there() {
        for url in ["https://a.example:8080/x?secret=1", "https://a.example:8080?secret=1", "https://a.example:8080"] {
            assert_eq!(host(url), "a.example:8080");
        }
    }

    #[test]
    fn an_element_is_named_by_tag_id_and_role() {
        assert_eq!(step("BUTTON", "", None), "button");
        assert_eq!(step("FORM", "post", None), "form#post");
        assert_eq!(step("DIV", "", Some("button")), "div[role=button]");
    }

    #[test]
    fn only_paths_of_the_own_origin_are_named_and_never_their_query() {
        let path = |url| own_path(url, "https://board.example");
        assert_eq!(path("https://board.example/search?q=secret#top"), Some("/search"));
        assert_eq!(path("https://board.example"), Some("/"));
        assert_eq!(path("https://board.example?q=secret"), Some("/"));
        assert_eq!(path("https://board.example.evil/x"), None);
        assert_eq!(path("https://cdn.example/x"), None);
    }
}
