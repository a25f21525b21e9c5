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

#[cfg(test)]
mod tests {
    use super::is_secret;

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
