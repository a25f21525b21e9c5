//! Counts of several kinds, one upon the other. Each kind has a pattern, so that nobody needs to tell colours apart.

use super::chart::{Drawing, column};
use super::pieces::Piece;
use super::scale::{Counts, WHOLE, place};
use crate::components::numbers::percent;
use leptos::prelude::*;

/// What is counted, by the name of its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Succeeded,
    Refused,
    Limited,
    Failed,
}

/// What is there at all is at least this high.
const LEAST: u32 = WHOLE / 100;

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Succeeded => "kind-succeeded",
            Self::Refused => "kind-refused",
            Self::Limited => "kind-limited",
            Self::Failed => "kind-failed",
        }
    }

    const fn fill(self) -> &'static str {
        match self {
            Self::Succeeded => "url(#kind-succeeded)",
            Self::Refused => "url(#kind-refused)",
            Self::Limited => "url(#kind-limited)",
            Self::Failed => "url(#kind-failed)",
        }
    }

    /// Its line in a key.
    pub fn key(self, label: &'static str) -> AnyView {
        view! {
            <li>
                <svg class="key" width="16" height="12" aria-hidden="true">
                    <rect class=self.class() fill=self.fill() width="100%" height="100%"></rect>
                </svg>
                {label}
            </li>
        }
        .into_any()
    }
}

/// The patterns, once for a page.
pub fn patterns() -> AnyView {
    view! {
        <svg class="visually-hidden" aria-hidden="true" focusable="false">
            <defs>
                <pattern id="kind-succeeded" class="kind-succeeded" width="4" height="4" patternUnits="userSpaceOnUse">
                    <rect width="4" height="4"></rect>
                </pattern>
                <pattern id="kind-refused" class="kind-refused" width="5" height="5" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)">
                    <rect width="2.5" height="5"></rect>
                </pattern>
                <pattern id="kind-limited" class="kind-limited" width="5" height="5" patternUnits="userSpaceOnUse">
                    <circle cx="2.5" cy="2.5" r="1.5"></circle>
                </pattern>
                <pattern id="kind-failed" class="kind-failed" width="4" height="4" patternUnits="userSpaceOnUse">
                    <rect width="4" height="4"></rect>
                    <path d="M0 0L4 4M4 0L0 4"></path>
                </pattern>
            </defs>
        </svg>
    }
    .into_any()
}

/// A stack for each column; `kinds` are told from the bottom.
pub fn stacks<const N: usize>(kinds: [Kind; N], columns: &[[u64; N]], axis: Counts) -> Drawing {
    let mut bars = Vec::with_capacity(columns.len() * N);
    for (number, counts) in columns.iter().enumerate() {
        let (x, width) = column(number, columns.len());
        let mut height = 0;
        for (kind, count) in kinds.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
            let part = axis.place(*count).max(LEAST);
            height += part;
            bars.push(Piece::Bar(kind, [x + width / 10, WHOLE.saturating_sub(height), width * 8 / 10, part]));
        }
    }
    Drawing::Stacks(kinds.into(), bars)
}

/// Counts of one row side by side, of which the whole width is `most`.
pub fn strip<const N: usize>(kinds: [Kind; N], counts: [u64; N], most: u64) -> AnyView {
    let mut x = 0;
    let part = kinds.into_iter().zip(counts).filter(|(_, count)| *count > 0).map(|(kind, count)| {
        let width = place(count, most).max(LEAST);
        x += width;
        bar(kind, [x - width, 0, width, WHOLE])
    });
    let parts = part.collect_view();
    view! { <svg class="stacks" width="100%" height="12" aria-hidden="true">{parts}</svg> }.into_any()
}

/// One bar, from where it begins to its width and height.
pub fn bar(kind: Kind, [x, y, width, height]: [u32; 4]) -> AnyView {
    view! {
        <rect class=kind.class() fill=kind.fill() x=percent(x) y=percent(y) width=percent(width) height=percent(height)></rect>
    }
    .into_any()
}
