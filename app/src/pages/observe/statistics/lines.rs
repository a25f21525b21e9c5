//! Lines through the middles of columns, told apart by how they are dashed.

use super::chart::column;
use super::scale::WHOLE;
use leptos::prelude::*;
use std::fmt::Write;

/// A line, by its class, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    class: &'static str,
    path: String,
}

impl Line {
    /// Through the places that are known; a gap where none is.
    #[must_use]
    pub fn new(class: &'static str, places: &[Option<u32>]) -> Self {
        Self { class, path: path(places) }
    }

    /// Its line in a key.
    pub fn key(&self, name: &'static str) -> AnyView {
        view! {
            <li>
                <svg class="key curves" width="28" height="12" aria-hidden="true">
                    <path class=self.class d="M2 6H26"></path>
                </svg>
                {name}
            </li>
        }
        .into_any()
    }
}

/// The area for lines: a square that is stretched, but not the lines in it.
pub fn area(lines: &[Line]) -> AnyView {
    let square = format!("0 0 {WHOLE} {WHOLE}");
    let draw = |line: &Line| view! { <path class=line.class d=line.path.clone()></path> }.into_any();
    view! {
        <svg class="curves" width="100%" height="100%" viewBox=square preserveAspectRatio="none">
            {lines.iter().map(draw).collect_view()}
        </svg>
    }
    .into_any()
}

/// A place that stands alone is a line of no length, of which its round ends are seen.
fn path(places: &[Option<u32>]) -> String {
    let mut path = String::with_capacity(places.len() * 10);
    let mut begun = false;
    for (number, place) in places.iter().enumerate() {
        if let Some(place) = place {
            let (x, width) = column(number, places.len());
            let (x, y) = (x + width / 2, WHOLE.saturating_sub(*place));
            let _ = if begun { write!(path, "L{x} {y}") } else { write!(path, "M{x} {y}h0") };
        }
        begun = place.is_some();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_line_has_gaps_where_nothing_is_known() {
        let places = [Some(0), Some(10_000), None, Some(5_000)];
        assert_eq!(path(&places), "M1250 10000h0L3750 0M8750 5000h0");
        assert_eq!(path(&[]), "");
    }
}
