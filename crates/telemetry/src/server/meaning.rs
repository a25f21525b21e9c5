use super::secrets::is_secret;
use std::cell::RefCell;

/// What a field's name makes of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Attribute,
    /// Never leaves the process.
    Secret,
    Message,
    OtelName,
    OtelKind,
    OtelStatusCode,
    OtelStatusMessage,
}

/// A program's fields are some hundred texts that stay where they are: each is read once, and then known by its place.
const PLACES: usize = 512;

type Known = (usize, usize, Meaning);

thread_local! {
    static KNOWN: RefCell<[Known; PLACES]> = const { RefCell::new([(0, 0, Meaning::Attribute); PLACES]) };
}

impl Meaning {
    pub(super) fn of(name: &'static str) -> Self {
        let (start, length) = (name.as_ptr() as usize, name.len());
        KNOWN
            .try_with(|known| {
                let mut known = known.try_borrow_mut().ok()?;
                let place = &mut known[(start ^ (start >> 9) ^ length) % PLACES];
                if (place.0, place.1) != (start, length) {
                    *place = (start, length, Self::read(name));
                }
                Some(place.2)
            })
            .ok()
            .flatten()
            .unwrap_or_else(|| Self::read(name))
    }

    fn read(name: &str) -> Self {
        match name {
            "message" => Self::Message,
            "otel.name" => Self::OtelName,
            "otel.kind" => Self::OtelKind,
            "otel.status_code" => Self::OtelStatusCode,
            "otel.status_message" => Self::OtelStatusMessage,
            name if is_secret(name) => Self::Secret,
            _ => Self::Attribute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, PLACES};

    #[test]
    fn names_are_told_apart_however_many_share_a_place() {
        let text: &'static str = "otel.name password message otel.kind db.token x".repeat(PLACES / 8).leak();
        for _ in 0..2 {
            for name in text.split(' ') {
                assert_eq!(Meaning::of(name), Meaning::read(name), "{name}");
            }
            // The same start, and another end.
            assert_eq!((Meaning::of(&text[..9]), Meaning::of(&text[..4])), (Meaning::OtelName, Meaning::Attribute));
        }
    }
}
