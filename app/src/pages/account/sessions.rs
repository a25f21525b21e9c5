use crate::components::life;
use crate::components::{ActionError, FormAction, ServerForm, Time, loaded};
use crate::fetched::fetch;
use crate::functions::accounts::{EndSession, sessions};
use crate::text::use_text;
use leptos::prelude::*;
use model::SessionSummary;

#[component]
pub fn SessionList() -> impl IntoView {
    life("SessionList");
    let words = &use_text().door().account;
    let end = FormAction::of::<EndSession>();
    let list = fetch(move || end.version().get(), |_| sessions());
    let show = move |list: Vec<SessionSummary>| {
        let rows = list.into_iter().map(|session| view! { <Row session end/> });
        view! {
            <table class="sessions">
                <thead>
                    <tr>
                        <th scope="col">{words.browser}</th>
                        <th scope="col">{words.signed_in}</th>
                        <th scope="col">{words.last_active}</th>
                        <th scope="col"><span class="visually-hidden">{words.end}</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section>
            <h2>{words.sessions}</h2>
            <p class="hint">{words.sessions_hint}</p>
            <ActionError action=end/>
            {loaded(list, 3, show)}
        </section>
    }
    .into_any()
}

#[component]
fn Row(session: SessionSummary, end: FormAction<()>) -> impl IntoView {
    let words = &use_text().door().account;
    let browser = browser_name(&session.user_agent).unwrap_or_else(|| words.unknown_browser.to_owned());
    let last = match session.current {
        true => view! { <span class="badge">{words.this_one}</span> }.into_any(),
        false => view! {
            <ServerForm action=end class="inline">
                <input type="hidden" name="id" value=session.id/>
                <button type="submit">{words.end}</button>
            </ServerForm>
        }
        .into_any(),
    };
    view! {
        <tr>
            <td title=session.user_agent>{browser}</td>
            <td><Time at=session.login_at/></td>
            <td><Time at=session.last_activity/></td>
            <td>{last}</td>
        </tr>
    }
    .into_any()
}

/// Such as `Firefox · Linux`. Many browsers name others too: the first that matches is the right one.
fn browser_name(user_agent: &str) -> Option<String> {
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Whale/", "Whale"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} · {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => (!user_agent.is_empty()).then(|| user_agent.chars().take(40).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0",
                "Edge · Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
                "Safari · iPhone",
            ),
            ("curl/8.9.1", "curl"),
            ("my-robot", "my-robot"),
        ] {
            assert_eq!(browser_name(user_agent).as_deref(), Some(name));
        }
        assert_eq!(browser_name(""), None);
    }
}
