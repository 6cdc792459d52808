//! The time zone that the browser is set to: it fills in a field that nobody chose for, and is offered beside one that
//! says otherwise.

use leptos::prelude::*;

/// Stands below the field named `time_zone`.
#[island]
pub fn BrowserZone(
    /// Nobody has chosen yet: the browser's zone is put into the field.
    takes: bool,
) -> impl IntoView {
    let offered = RwSignal::new(String::new());
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let zone = browser::zone();
        if zone.is_empty() || zone == browser::typed() {
            return;
        }
        if takes && browser::is_untouched() {
            browser::fill(&zone);
        } else {
            offered.set(zone);
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = takes;
    let fill = move |_| {
        #[cfg(feature = "hydrate")]
        browser::fill(&offered.get_untracked());
        offered.set(String::new());
    };
    view! {
        <Show when=move || offered.with(|zone| !zone.is_empty())>
            <p class="field-hint">
                "This browser is set to " {move || offered.get()} ". "
                <button class="button button-small" type="button" on:click=fill>"Use it"</button>
            </p>
        </Show>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use js_sys::{Array, Intl::DateTimeFormat, Object, Reflect};
    use leptos::{prelude::document, wasm_bindgen::JsCast, web_sys::HtmlInputElement};

    /// As IANA has it; empty if the browser does not tell.
    pub fn zone() -> String {
        let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        let zone = Reflect::get(&options, &"timeZone".into());
        zone.ok()
            .and_then(|zone| zone.as_string())
            .unwrap_or_default()
    }

    fn field() -> Option<HtmlInputElement> {
        let found = document().query_selector("input[name=time_zone]");
        found.ok().flatten()?.dyn_into().ok()
    }

    pub fn typed() -> String {
        field().map(|field| field.value()).unwrap_or_default()
    }

    /// Nobody has typed anything since the page came.
    pub fn is_untouched() -> bool {
        field().is_some_and(|field| field.value() == field.default_value())
    }

    pub fn fill(zone: &str) {
        if let Some(field) = field() {
            field.set_value(zone);
        }
    }
}
