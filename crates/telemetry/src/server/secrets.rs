//! What never leaves the process: values, by the names of their fields, and what addresses say beside their place.

use std::borrow::Cow;

/// What stands in a secret's place.
pub(super) const MASK: &str = "***";

/// How the last part of a name ends whose value never leaves the process, whoever recorded it by mistake.
const SECRET: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "cookie",
    "authorization",
    "credential",
    "credentials",
    "apikey",
    "privatekey",
    "messagetext",
];

/// Whether a field or attribute of this name is masked: `db.password`, `accessToken` and `form[new-password]` are; what
/// only speaks about them is not: `password.length`, `token_count`.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.as_bytes();
    let begin = name.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
    SECRET.iter().any(|secret| letters_end_with(&name[begin..], secret))
}

/// What stands between words does not matter, nor how they are written: `x-api-key` and `APIKey` end with `apikey`.
fn letters_end_with(name: &[u8], end: &str) -> bool {
    let mut letters = name.iter().rev().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase);
    end.bytes().rev().all(|byte| letters.next() == Some(byte))
}

/// The text without what its addresses say beside their place: who asks, queries and fragments. Of e-mail addresses the
/// domain stays, of a script's address the position that a stack trace adds. Rather too much is masked than too little.
///
/// Borrowed, after one look at its bytes, when there can be no such thing in it. Takes time in proportion to its length.
#[must_use]
pub fn mask_addresses(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let marks = |(at, byte): (usize, &u8)| match byte {
        b'@' | b'?' | b'#' => true,
        b'%' => bytes[at..].starts_with(b"%40"),
        _ => false,
    };
    if !bytes.iter().enumerate().any(marks) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        mask_word(word, &mut masked);
        masked.push_str(&part[word.len()..]);
    }
    Cow::Owned(masked)
}

fn mask_word(word: &str, masked: &mut String) {
    let bytes = word.as_bytes();
    // `place` is where the address would begin whose query begins here: after the last bracket or quotation mark.
    let (mut written, mut place, mut at) = (0, 0, 0);
    let (mut is_path, mut is_address) = (false, false);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'/' => {
                is_address |= bytes.get(at) == Some(&b'/');
                is_path = true;
            }
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' => place = at,
            b'?' | b'#' => {
                let of_path = bytes[place] == b'/' || (is_path && *byte == b'?');
                if !(is_address || of_path || begins_with_name(&word[at..])) {
                    continue;
                }
                let end = at + said_bytes(word, place, at);
                let said = &word[at..end];
                if said.contains(char::is_alphanumeric) {
                    mask_place(&word[written..at], masked);
                    masked.push_str(MASK);
                    masked.push_str(position(&word[place..at - 1], said));
                    written = end;
                }
                at = end;
            }
            _ => {}
        }
    }
    mask_place(&word[written..], masked);
}

/// `q=` or `form[q]=`, as a query begins; not `q[name=`, as an element is described.
fn begins_with_name(said: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || "_.-~%[]".contains(c);
    let (name, rest) = said.split_at(said.find(|c| !is_of_name(c)).unwrap_or(said.len()));
    !name.is_empty() && rest.starts_with('=') && name.matches('[').count() == name.matches(']').count()
}

/// How long the query is that begins at `at`: to the end of the word, or of what holds the address. Brackets and single
/// quotation marks may be in a query, as browsers leave them there, and end it only at the end of the word.
fn said_bytes(word: &str, place: usize, at: usize) -> usize {
    let said = &word[at..];
    let (before, opening) = word[..place].split_at(place.saturating_sub(1));
    let closing = match opening {
        "\"" => return said.find('"').unwrap_or(said.len()),
        "<" => return said.find('>').unwrap_or(said.len()),
        "(" => ')',
        "[" => ']',
        "{" => '}',
        "`" => '`',
        // Else it is an apostrophe.
        "'" if !before.ends_with(char::is_alphanumeric) => '\'',
        _ => return said.len(),
    };
    let bare = said.trim_end_matches(|c: char| c.is_ascii_punctuation()).len();
    said[bare..].find(closing).map_or(said.len(), |closing| bare + closing)
}

/// Where in a script a stack trace points, as the end of what its address says: `:line:column`, or
/// `:wasm-function[index]:0xoffset`.
fn position<'a>(place: &str, said: &'a str) -> &'a str {
    let is_number = |text: &str| (1..=7).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_offset = |text: &str| (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_script = [".js", ".mjs", ".wasm"].iter().any(|end| place.ends_with(end));
    let bare = said.trim_end_matches([')', ',']);
    let mut parts = bare.rsplitn(3, ':');
    let (Some(second), Some(first), Some(_), true) = (parts.next(), parts.next(), parts.next(), is_script) else {
        return "";
    };
    let index = first.strip_prefix("wasm-function[").and_then(|rest| rest.strip_suffix(']'));
    let in_wasm = index.is_some_and(is_number) && second.strip_prefix("0x").is_some_and(is_offset);
    if in_wasm || (is_number(first) && is_number(second)) {
        &said[bare.len() - first.len() - second.len() - 2..]
    } else {
        ""
    }
}

/// What an address is without its query, or anything else.
fn mask_place(place: &str, masked: &mut String) {
    // These are in no address.
    place.split_inclusive(['"', '<', '>']).for_each(|piece| mask_users(piece, masked));
}

fn mask_users(piece: &str, masked: &mut String) {
    let last_at = piece.rfind('@');
    let mut from = 0;
    while let Some(slashes) = piece[from..].find("//") {
        let scheme = &piece[from..from + slashes];
        // Browsers take more slashes for two.
        let begin = piece.len() - piece[from + slashes..].trim_start_matches('/').len();
        mask_mails(&piece[from..begin], masked);
        let host = &piece[begin..];
        let host = &host[..host.find(['/', '?', '#']).unwrap_or(host.len())];
        from = match last_at {
            _ if is_host(host) || scheme.ends_with("file:") => begin,
            // A password may have slashes in it.
            Some(at) if at >= begin => at + 1,
            // Or what looks as if a query or fragment began in it.
            _ if names_user(host) && piece.ends_with(['?', '#']) => {
                masked.push_str(MASK);
                piece.len() - 1
            }
            _ => begin,
        };
    }
    mask_mails(&piece[from..], masked);
}

/// A name with a dot, an address in brackets or this machine, with a port or without: what follows is a path. Other words
/// may be a user's.
fn is_host(text: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = text.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(text, |(name, _)| name);
    let is_named = name.contains('.') && !name.contains(':');
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    !name.contains('@') && (name.is_empty() || name == "localhost" || is_named || is_bracketed)
}

/// Whether something follows a colon that is no port.
fn names_user(text: &str) -> bool {
    text.split(':').skip(1).any(|part| part.bytes().any(|byte| !byte.is_ascii_digit()))
}

/// `name@domain.top`, also where the `@` is escaped, as in a path.
fn mask_mails(text: &str, masked: &mut String) {
    let (mut written, mut from, mut at) = (0, 0, 0);
    while at < text.len() {
        let sign = match &text.as_bytes()[at..] {
            [b'@', ..] => 1,
            [b'%', b'4', b'0', ..] => 3,
            _ => {
                at += 1;
                continue;
            }
        };
        let is_of_name = |c: char| c.is_alphanumeric() || "._%+-~".contains(c);
        let name = from + text[from..at].trim_end_matches(is_of_name).len();
        if name < at && begins_with_domain(&text[at + sign..]) {
            masked.push_str(&text[written..name]);
            masked.push_str(MASK);
            written = at;
        }
        at += sign;
        from = at;
    }
    masked.push_str(&text[written..]);
}

fn begins_with_domain(text: &str) -> bool {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    let is_top = |top: &str| top.starts_with("xn--") || (top.len() >= 2 && top.chars().all(char::is_alphabetic));
    domain.rsplit_once('.').is_some_and(|(name, top)| !name.is_empty() && is_top(top))
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
