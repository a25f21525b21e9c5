//! One message in a list.

use crate::components::Time;
use crate::components::life;
use crate::text::use_text;
use leptos::prelude::*;
use model::Message;

/// A message: who, when, what; `menu` stands at the end of its first line. `highlights` are byte ranges of the text.
#[component]
pub fn MessageRow(
    message: Message,
    #[prop(optional)] highlights: Vec<(u32, u32)>,
    #[prop(optional_no_strip)] menu: Option<AnyView>,
) -> impl IntoView {
    life("MessageRow");
    let text = use_text();
    let words = &text.board.messages;
    let author = message.author.unwrap_or_else(|| words.no_author.to_owned());
    let time = match message.created_at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => text.common.time.unknown.into_any(),
    };
    let body = match message.text {
        Some(text) => marked(&text, &highlights),
        None => view! { <em>{words.no_text}</em> }.into_any(),
    };
    view! {
        <header class="message-head">
            <span class="author" dir="auto">{author}</span>
            " · "
            {time}
            {menu}
        </header>
        <p class="message-text" dir="auto">{body}</p>
    }
    .into_any()
}

fn marked(text: &str, highlights: &[(u32, u32)]) -> AnyView {
    if highlights.is_empty() {
        return text.to_owned().into_any();
    }
    let piece = |(marked, piece): (bool, &str)| match marked {
        true => view! { <mark>{piece.to_owned()}</mark> }.into_any(),
        false => piece.to_owned().into_any(),
    };
    split(text, highlights).into_iter().map(piece).collect_view().into_any()
}

/// The text in pieces, each with whether it is a match. A range that does not fit the text is left out.
fn split<'a>(text: &'a str, ranges: &[(u32, u32)]) -> Vec<(bool, &'a str)> {
    let mut pieces = Vec::with_capacity(ranges.len() * 2 + 1);
    let mut at = 0;
    for &(start, end) in ranges {
        let (start, end) = (start as usize, end as usize);
        let (Some(before), Some(matched)) = (text.get(at..start), text.get(start..end)) else { continue };
        if !before.is_empty() {
            pieces.push((false, before));
        }
        if !matched.is_empty() {
            pieces.push((true, matched));
        }
        at = end;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        pieces.push((false, rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn matches_are_cut_out_of_the_text() {
        assert_eq!(split("서버 배포", &[(0, 6)]), [(true, "서버"), (false, " 배포")]);
        assert_eq!(split("a-b-a", &[(0, 1), (4, 5)]), [(true, "a"), (false, "-b-"), (true, "a")]);
        assert_eq!(split("abc", &[]), [(false, "abc")]);
        assert!(split("", &[]).is_empty());
    }

    #[test]
    fn ranges_that_do_not_fit_lose_nothing_of_the_text() {
        for ranges in [[(0, 1), (1, 2)], [(2, 1), (9, 12)], [(3, 6), (0, 3)]] {
            let whole: String = split("서버", &ranges).into_iter().map(|(_, piece)| piece).collect();
            assert_eq!(whole, "서버", "{ranges:?}");
        }
    }
}
