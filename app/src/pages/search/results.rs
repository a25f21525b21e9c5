use crate::components::life;
use crate::components::loaded;
use crate::components::message::MessageRow;
use crate::components::numbers::{count, duration};
use crate::components::pager::{Pager, Place, past_the_end};
use crate::fetched::Fetched;
use crate::text::use_text;
use leptos::prelude::*;
use model::{SearchHit, SearchPage, TotalRelation};

/// What was found, with how much, how fast and from where.
#[component]
pub fn Results(found: Fetched<Option<SearchPage>>) -> impl IntoView {
    life("Results");
    loaded(found, 6, |page| match page {
        None => view! { <Start/> }.into_any(),
        Some(page) => view! { <Found page/> }.into_any(),
    })
}

#[component]
fn Start() -> impl IntoView {
    let words = &use_text().search().search;
    view! {
        <p class="empty">{words.start} " " <a href="/messages">{words.show_all}</a></p>
    }
}

#[component]
fn Found(page: SearchPage) -> impl IntoView {
    life("Found");
    let words = &use_text().search().search;
    let total = count(page.total);
    let total = match page.relation {
        TotalRelation::Eq => (words.found)(&total),
        TotalRelation::Gte => (words.found_at_least)(&total),
    };
    let origin = if page.from_cache { words.from_cache } else { words.not_from_cache };
    let place = place(&page);
    let nothing = (page.total == 0).then(|| {
        view! {
            <p class="empty">{(words.nothing)(&page.query)}</p>
            <p>{words.advice} " " <a href="/messages">{words.show_all}</a></p>
        }
    });
    let too_far = (page.total > 0 && page.hits.is_empty()).then(|| view! { <p class="empty">{past_the_end()}</p> });
    let row = |hit: SearchHit| {
        view! {
            <li class="message" data-row tabindex="-1">
                <MessageRow message=hit.message highlights=hit.highlights/>
            </li>
        }
    };
    view! {
        <p class="total" role="status">{total} " · " {(words.took)(&duration(page.took_us))} " · " {origin}</p>
        {nothing}
        {too_far}
        <ol class="messages" aria-label=words.title>{page.hits.into_iter().map(row).collect_view()}</ol>
        <Pager path="/search" keep=vec![("q", page.query)] place/>
    }
    .into_any()
}

/// With a total that is a lower bound the last page is not known: there may be more behind it.
fn place(found: &SearchPage) -> Place {
    let page = found.page.number();
    let last = found.total.div_ceil(u64::from(found.page.limit()));
    Place { page, last: if found.has_more { last.max(page + 1) } else { last }, has_more: found.has_more }
}
