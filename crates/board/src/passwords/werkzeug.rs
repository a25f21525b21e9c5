//! Hashes as werkzeug makes them, which an older board stored: `pbkdf2:sha256:ROUNDS$SALT$HEX` and `scrypt:N:R:P$SALT$HEX`.

use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Beyond these a stored hash is refused instead of computed for minutes.
const MAX_ROUNDS: u32 = 10_000_000;
const MAX_LOG_N: u8 = 20;
const MAX_R_TIMES_P: u32 = 64;

/// Whether this is such a hash.
pub(super) fn made(stored: &str) -> bool {
    stored.starts_with("pbkdf2:") || stored.starts_with("scrypt:")
}

/// Whether the password belongs to the hash; `false` for one that can't be read.
pub(super) fn verify(password: &[u8], stored: &str) -> bool {
    let mut parts = stored.splitn(3, '$');
    let (Some(method), Some(salt), Some(hex)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let mut method = method.split(':');
    let computed = match (method.next(), method.next()) {
        (Some("pbkdf2"), Some("sha256")) => pbkdf2(password, salt, method.next(), hex.len() / 2),
        (Some("scrypt"), n) => scrypt(password, salt, [n, method.next(), method.next()], hex.len() / 2),
        _ => None,
    };
    computed.zip(bytes(hex)).is_some_and(|(computed, stored)| computed.ct_eq(&stored).into())
}

fn pbkdf2(password: &[u8], salt: &str, rounds: Option<&str>, length: usize) -> Option<Vec<u8>> {
    let rounds = rounds?.parse().ok().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds))?;
    let mut hash = vec![0; length.min(64)];
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt.as_bytes(), rounds, &mut hash);
    Some(hash)
}

fn scrypt(password: &[u8], salt: &str, numbers: [Option<&str>; 3], length: usize) -> Option<Vec<u8>> {
    let [n, r, p] = numbers.map(|number| number?.parse::<u32>().ok());
    let (n, r, p) = (n?, r?, p?);
    let log_n = u8::try_from(n.checked_ilog2()?).ok().filter(|log_n| n.is_power_of_two() && *log_n <= MAX_LOG_N)?;
    if r.checked_mul(p)? > MAX_R_TIMES_P {
        return None;
    }
    let params = scrypt::Params::new(log_n, r, p).ok()?;
    let mut hash = vec![0; length.min(64)];
    scrypt::scrypt(password, salt.as_bytes(), &params, &mut hash).ok()?;
    Some(hash)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.is_empty() || hex.len() % 2 == 1 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{made, verify};

    // Made with werkzeug's functions for "correct horse" and the salt "salty123".
    const PBKDF2: &str = "pbkdf2:sha256:1000$salty123$c1905de96e7cb80c450d3723e900c924d35d3c913a9eddeb60b61db8aa3f6216";
    const SCRYPT: &str = "scrypt:1024:8:1$salty123$73ddd384f6f4b7d1b41e6e83d0a2390aa7462b0f32c409ec829e501279ff50a284f6268149b181f75c3dd89573bffe5cdd32df6ae852f174ced9c84a4c3c795e";

    #[test]
    fn both_kinds_are_verified() {
        for hash in [PBKDF2, SCRYPT] {
            assert!(made(hash) && verify(b"correct horse", hash), "{hash}");
            assert!(!verify(b"wrong horse", hash), "{hash}");
        }
        assert!(!made("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"));
    }

    #[test]
    fn what_is_no_such_hash_belongs_to_no_password() {
        for hash in [
            "pbkdf2:sha256:1000$salt$",
            "pbkdf2:sha256:1000$salt$zz",
            "pbkdf2:sha256:99999999999$salt$00",
            "pbkdf2:md5:1$salt$00",
            "scrypt:1000:8:1$salt$00",
            "scrypt:1073741824:8:1$salt$00",
            "scrypt:2:4294967295:2$salt$00",
            "scrypt:::$$",
            "scrypt",
            "pbkdf2:",
        ] {
            assert!(!verify(b"", hash), "{hash}");
        }
    }
}
