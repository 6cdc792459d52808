//! Pages, components and server functions of Kalends.
//!
//! A page is one file; every change is a form that works before wasm arrives, and hydration only adds.

mod shell;

pub use shell::{SiteManifest, shell};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode, StaticSegment,
    components::{Route, Router, Routes},
};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();

    // Tests and style wait for this mark: from here on the page answers to script.
    Effect::new(|_| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });

    view! {
        <Router>
            <Routes fallback=|| "There is nothing here.">
                <Route path=StaticSegment("sign-in") view=SignInPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

#[component]
fn SignInPage() -> impl IntoView {
    view! {
        <Title text="Sign in · Kalends" />
        <main>
            <h1>"Sign in"</h1>
            <form method="post">
                <label>"Email" <input type="email" name="email" autocomplete="username" /></label>
                <label>"Password" <input type="password" name="password" autocomplete="current-password" /></label>
                <button>"Sign in"</button>
            </form>
        </main>
    }
}
