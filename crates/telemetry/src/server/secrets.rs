/// What stands in a secret's place.
pub(super) const MASK: &str = "***";

/// The last part of names whose values never leave the process, whoever recorded them by mistake.
const SECRET: [&str; 8] =
    ["password", "secret", "token", "cookie", "set-cookie", "authorization", "api_key", "message_text"];

/// Whether a field or attribute of this name is masked: `db.password` and `http.request.header.cookie` are.
pub(super) fn is_secret(name: &str) -> bool {
    let begin = name.bytes().rposition(|byte| byte == b'.').map_or(0, |dot| dot + 1);
    let last = &name[begin..];
    SECRET.iter().any(|secret| last.eq_ignore_ascii_case(secret))
}

/// Masks what the addresses in a text say beside their place: who asks, and their query. A text that is a path is one, too.
pub(super) fn mask_addresses(text: &mut String) {
    let may_be_one = text.contains("://") || (text.starts_with('/') && text.contains('?'));
    if !may_be_one {
        return;
    }
    let mut masked = String::with_capacity(text.len());
    // Addresses end where a word or a quotation does.
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "\"'<>()".contains(c)) {
        let (place, query) = word.split_once('?').unwrap_or((word, ""));
        let is_address = place.contains("://") || (masked.is_empty() && place.starts_with('/'));
        match place.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.split('/').next().unwrap_or_default();
                let after_user = host.rfind('@').map_or(0, |at| at + 1);
                masked.push_str(scheme);
                masked.push_str("://");
                masked.push_str(&rest[after_user..]);
            }
            None => masked.push_str(place),
        }
        if !is_address || query.is_empty() {
            masked.push_str(&word[place.len()..]);
            continue;
        }
        masked.push('?');
        masked.push_str(MASK);
        masked.extend(query.chars().last().filter(|c| c.is_whitespace() || "\"'<>()".contains(*c)));
    }
    *text = masked;
}

#[cfg(test)]
mod tests {
    use super::{is_secret, mask_addresses};

    #[test]
    fn an_address_keeps_its_place_only() {
        for (text, masked) in [
            ("https://example.org/a?token=x&y=z", "https://example.org/a?***"),
            ("https://mina:pass@example.org:8080/a/b", "https://example.org:8080/a/b"),
            ("at f (https://a.b/c.js?v=1:2:3) of ws://u@d?e", "at f (https://a.b/c.js?***) of ws://d?***"),
            ("/db/messages/search?q=서버 ok?", "/db/messages/search?*** ok?"),
            ("Who? Me?", "Who? Me?"),
            ("a/b?c", "a/b?c"),
            ("https://example.org/?", "https://example.org/?"),
            ("://?", "://?"),
        ] {
            let mut text = text.to_owned();
            mask_addresses(&mut text);
            assert_eq!(text, masked);
        }
    }

    #[test]
    fn only_the_last_part_of_a_name_makes_it_secret() {
        for secret in ["password", "Password", "db.password", "http.request.header.authorization"] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["http.route", "password.length", "tokens", "", "."] {
            assert!(!is_secret(open), "{open}");
        }
    }
}
