//! The bar at the top, and the one at the bottom of a phone's screen.

use crate::components::life;
use crate::components::{ActionError, FormAction, ServerForm};
use crate::functions::accounts::LogOut;
use crate::functions::preferences::SetPreferences;
use crate::session::use_session;
use crate::text::use_text;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;
use model::Lang;

#[component]
pub fn TopBar() -> impl IntoView {
    life("TopBar");
    let words = &use_text().common;
    let places = &words.places;
    view! {
        <header class="top-bar">
            <a class="app-name" href="/">{words.app_name}</a>
            <nav class="places" aria-label=places.main>
                <PlaceLink href="/messages" name=places.messages/>
                <PlaceLink href="/search" name=places.search/>
                <details class="menu">
                    <summary>{places.observe}</summary>
                    <ul>
                        <li><PlaceLink href="/logs" name=places.logs/></li>
                        <li><PlaceLink href="/traces" name=places.traces/></li>
                        <li><PlaceLink href="/statistics" name=places.statistics/></li>
                        <li><PlaceLink href="/messaging" name=places.messaging/></li>
                        <li><PlaceLink href="/cache" name=places.cache/></li>
                        <li><PlaceLink href="/status" name=places.status/></li>
                    </ul>
                </details>
            </nav>
            <div class="tools">
                <LanguageSwitch/>
                <ThemeSwitch/>
                <AccountMenu/>
            </div>
        </header>
    }
    .into_any()
}

/// The four main places, on a phone.
#[component]
pub fn BottomBar() -> impl IntoView {
    life("BottomBar");
    let places = &use_text().common.places;
    view! {
        <nav class="bottom-bar" aria-label=places.shortcuts>
            <PlaceLink href="/messages" name=places.messages/>
            <PlaceLink href="/search" name=places.search/>
            <PlaceLink href="/traces" name=places.traces/>
            <PlaceLink href="/status" name=places.status/>
        </nav>
    }
    .into_any()
}

#[component]
fn PlaceLink(href: &'static str, name: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let here =
        move || path.with(|path| path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')));
    view! { <a href=href aria-current=move || here().then_some("page")>{name}</a> }.into_any()
}

/// The page comes back whole, in the other language.
#[component]
fn LanguageSwitch() -> impl IntoView {
    let text = use_text();
    let other = match text.lang {
        Lang::Ko => Lang::En,
        Lang::En => Lang::Ko,
    };
    let set = FormAction::of::<SetPreferences>().then(|()| load_anew(None));
    view! {
        <ServerForm action=set class="in-bar">
            <ActionError action=set/>
            <input type="hidden" name="lang" value=other.tag()/>
            <button class="quiet" type="submit" lang=other.tag() title=text.common.other_language>
                {text.common.other_language_short}
            </button>
        </ServerForm>
    }
    .into_any()
}

/// Both themes have a button, and the style sheet shows the one that changes something.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let label = use_text().common.theme;
    let change = |_event: leptos::ev::SubmitEvent| {
        #[cfg(feature = "hydrate")]
        super::wiring::change_theme(&_event);
    };
    view! {
        <form method="post" action=SetPreferences::url() on:submit=change>
            <button class="quiet to-dark" type="submit" name="theme" value="dark" aria-label=label title=label>"☾"</button>
            <button class="quiet to-light" type="submit" name="theme" value="light" aria-label=label title=label>"☀"</button>
        </form>
    }
    .into_any()
}

#[component]
fn AccountMenu() -> impl IntoView {
    life("AccountMenu");
    let (text, session) = (use_text(), use_session());
    let places = &text.common.places;
    let log_out = FormAction::of::<LogOut>().then(|()| load_anew(Some("/")));
    Effect::new(move |_| {
        session.leave(log_out.pending().get() || log_out.value().with(|answer| matches!(answer, Some(Ok(())))))
    });
    let menu = move || match session.account() {
        None => view! { <a class="sign-in" href="/login">{places.sign_in}</a> }.into_any(),
        Some(account) => view! {
            <details class="menu account-menu">
                <summary>
                    <span class="visually-hidden">{text.common.account_menu} " "</span>
                    <span class="account-name" dir="auto">{account.username.to_string()}</span>
                </summary>
                <ul>
                    <li><PlaceLink href="/account" name=places.account/></li>
                    <li><PlaceLink href="/samples" name=places.samples/></li>
                    <li>
                        <ServerForm action=log_out class="">
                            <ActionError action=log_out/>
                            <button class="quiet" type="submit">{places.sign_out}</button>
                        </ServerForm>
                    </li>
                </ul>
            </details>
        }
        .into_any(),
    };
    view! { {move || menu()} }.into_any()
}

/// Loads a page whole: this one, or that of an address.
fn load_anew(address: Option<&str>) {
    #[cfg(feature = "hydrate")]
    crate::web::load(address);
    #[cfg(not(feature = "hydrate"))]
    let _ = address;
}
