//! The frame around every page: bars, ribbon, keyboard.

mod bars;
mod keyboard;
#[cfg(feature = "hydrate")]
mod wiring;

use crate::components::life;
use crate::components::ribbon::{Ribbon, provide_ribbon};
use crate::text::use_text;
use bars::{BottomBar, TopBar};
use keyboard::KeyboardHelp;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Draws the frame around the routes.
#[component]
pub fn Layout(children: Children) -> impl IntoView {
    life("Layout");
    let words = &use_text().common;
    let online = RwSignal::new(true);
    provide_ribbon();
    // The front page has it in its middle.
    let path = use_location().pathname;
    let at_home = Memo::new(move |_| path.with(|path| path == "/"));
    #[cfg(feature = "hydrate")]
    wiring::wire(online);
    view! {
        // The router would scroll, but not move the focus.
        <a class="skip-link" href="#main" rel="external">{words.skip_to_content}</a>
        <TopBar/>
        <p class="offline" role="status" hidden=move || online.get()>{words.offline}</p>
        <main id="main" tabindex="-1">{children()}</main>
        <footer class="foot">{move || (!at_home.get()).then(|| view! { <Ribbon/> }.into_any())}</footer>
        <BottomBar/>
        <KeyboardHelp/>
    }
    .into_any()
}
