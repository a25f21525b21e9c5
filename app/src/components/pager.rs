//! Links to the pages of a list.

use crate::components::life;
use crate::components::numbers::count;
use crate::next::encode;
use crate::text::use_text;
use leptos::prelude::*;

/// Where a page stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub page: u64,
    /// The last page that is known of.
    pub last: u64,
    /// Whether there is a page after this one.
    pub has_more: bool,
}

impl Place {
    /// Whether the list has rows, but not here.
    #[must_use]
    pub fn is_past_the_end(self) -> bool {
        self.last > 0 && self.page > self.last
    }
}

/// `‹ 1 2 3 … 50,000 ›` with a field to jump. `keep` are the other parameters of the list's address.
#[component]
pub fn Pager(path: &'static str, #[prop(optional)] keep: Vec<(&'static str, String)>, place: Place) -> impl IntoView {
    life("Pager");
    let words = &use_text().common.pager;
    let Place { page, last, has_more } = place;
    let to = {
        let keep = keep.clone();
        move |page: u64| address(path, &keep, page)
    };
    let steps = window(page, last).into_iter().map(|step| match step {
        None => view! { <li class="pager-gap" aria-hidden="true">"…"</li> }.into_any(),
        Some(n) => {
            let (current, number) = ((n == page).then_some("page"), count(n));
            let label = (words.page)(&number);
            // Spoken as a page's number, and seen as a number alone.
            view! {
                <li>
                    <a href=to(n) aria-current=current>
                        <span aria-hidden="true">{number}</span>
                        <span class="visually-hidden">{label}</span>
                    </a>
                </li>
            }
            .into_any()
        }
    });
    let arrow = |shown: bool, target: u64, rel: &'static str, label: &'static str, sign: &'static str| {
        shown.then(|| view! { <li><a href=to(target) rel=rel aria-label=label>{sign}</a></li> }.into_any())
    };
    let hidden =
        keep.iter().map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone()/> }.into_any());
    let jump = (last > 7).then(|| {
        view! {
            <form class="pager-jump" method="get" action=path>
                {hidden.collect_view()}
                <label>
                    <span class="visually-hidden">{words.jump}</span>
                    <input type="number" name="page" min="1" max=last.to_string() inputmode="numeric" required placeholder=page.to_string()/>
                </label>
                <button type="submit">{words.go}</button>
            </form>
        }
        .into_any()
    });
    (last > 1 || page > 1 || has_more).then(|| {
        view! {
            <nav class="pager" aria-label=words.label>
                <ol>
                    {arrow(page > 1, page.saturating_sub(1).min(last.max(1)), "prev", words.previous, "‹")}
                    {steps.collect_view()}
                    {arrow(has_more, page.saturating_add(1), "next", words.next, "›")}
                </ol>
                {jump}
            </nav>
        }
        .into_any()
    })
}

/// What a page past the end of a list shows in the place of rows.
#[must_use]
pub fn past_the_end() -> &'static str {
    use_text().common.pager.past_the_end
}

/// The address of a page of a list; the first one has no number.
#[must_use]
pub fn address(path: &str, keep: &[(&'static str, String)], page: u64) -> String {
    let number = (page > 1).then(|| ("page", page.to_string()));
    let mut address = path.to_owned();
    for (i, (name, value)) in keep.iter().chain(number.as_ref()).enumerate() {
        address.push(if i == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.push_str(&encode(value));
    }
    address
}

/// The pages to link to: the first, the last, and those around the current one; `None` is a gap of two or more.
fn window(page: u64, last: u64) -> Vec<Option<u64>> {
    // Past the end there is the current page, and no neighbours.
    let around = (page.saturating_sub(1).max(1)..=page.saturating_add(1)).filter(|n| *n == page || *n <= last);
    // Near an end the window does not shrink, so that the links stay where they are.
    let mut pages: Vec<u64> = (1..=3.min(last)).filter(|n| *n == 1 || page <= 2).collect();
    pages.extend(around);
    pages.extend((last.saturating_sub(2).max(1)..=last).filter(|n| *n == last || page.saturating_add(1) >= last));
    pages.sort_unstable();
    pages.dedup();
    let mut steps = Vec::with_capacity(pages.len() + 2);
    let mut before = 0;
    for n in pages {
        match n - before {
            1 => {}
            2 => steps.push(Some(n - 1)),
            _ => steps.push(None),
        }
        steps.push(Some(n));
        before = n;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{address, window};

    fn shown(page: u64, last: u64) -> String {
        let step = |step: Option<u64>| step.map_or("…".to_owned(), |n| n.to_string());
        window(page, last).into_iter().map(step).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_window_shows_both_ends_and_what_is_near() {
        assert_eq!(shown(1, 50_000), "1 2 3 … 50000");
        assert_eq!(shown(2, 50_000), "1 2 3 … 50000");
        assert_eq!(shown(4, 50_000), "1 2 3 4 5 … 50000");
        assert_eq!(shown(500, 50_000), "1 … 499 500 501 … 50000");
        assert_eq!(shown(50_000, 50_000), "1 … 49998 49999 50000");
    }

    #[test]
    fn short_lists_have_no_gap() {
        assert_eq!(shown(1, 1), "1");
        assert_eq!(shown(1, 2), "1 2");
        assert_eq!(shown(3, 5), "1 2 3 4 5");
    }

    #[test]
    fn a_page_past_the_end_is_shown_too() {
        assert_eq!(shown(9, 3), "1 2 3 … 9");
        assert_eq!(shown(u64::MAX, 3), "1 2 3 … 18446744073709551615");
    }

    #[test]
    fn addresses_keep_the_other_parameters() {
        assert_eq!(address("/messages", &[], 1), "/messages");
        assert_eq!(address("/messages", &[("mine", "1".into())], 2), "/messages?mine=1&page=2");
        assert_eq!(address("/search", &[("q", "a&b".into())], 1), "/search?q=a%26b");
    }
}
