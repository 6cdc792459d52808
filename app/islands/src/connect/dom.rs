//! The connect form as the browser shows it: where its focus goes, and what one click changes in it.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlInputElement, MouseEvent},
};

pub fn focus_first_bad_field() {
    focus("[aria-invalid=true]");
}

/// The first field of the set that is shown.
pub fn focus_first_field() {
    if let Some(field) = shown_field("mailbox", "email") {
        let _ = field.focus();
    }
}

/// Gives the focus to the first element that a selector names.
pub fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Mends the form in place, password untouched, and sends it again, if a button was pressed that offers this. The
/// button names what it mends and the value that it puts there.
pub fn mended_by(event: &MouseEvent) -> bool {
    let pressed = event.target().and_then(|it| it.dyn_into::<Element>().ok());
    let button = pressed.and_then(|it| it.closest("[data-mends]").ok().flatten());
    let Some(button) = button else {
        return false;
    };
    let value = button.get_attribute("data-value").unwrap_or_default();
    let field = match button.get_attribute("data-mends").as_deref() {
        Some("mailbox") => set_shown_field("mailbox", "email", &value),
        Some("endpoint") => set_shown_field("service_server", "server", &value),
        Some("confirmed") => {
            let before = shown_field("confirmed", "confirmed").map(|field| field.value());
            let hosts = with_host(&before.unwrap_or_default(), &value);
            set_shown_field("confirmed", "confirmed", &hosts)
        }
        Some("keep_trying") => set_shown_field("keep_trying", "keep_trying", &value),
        _ => None,
    };
    field
        .and_then(|field| field.form())
        .is_some_and(|form| form.request_submit().is_ok())
}

/// The hosts that may have the password, with one more.
pub fn with_host(confirmed: &str, host: &str) -> String {
    if confirmed.is_empty() {
        host.to_owned()
    } else {
        format!("{confirmed},{host}")
    }
}

/// Shows the endpoint that was tested in the field where less of it was typed.
pub fn complete_endpoint(endpoint: &str) {
    if !endpoint.is_empty() {
        set_shown_field("service_server", "server", endpoint);
    }
}

/// The next attempt keeps on only if told to again.
pub fn stop_keeping_on() {
    set_shown_field("keep_trying", "keep_trying", "false");
}

/// Fills the field of the set that is shown: one name for each way to connect.
fn set_shown_field(service: &str, personal: &str, value: &str) -> Option<HtmlInputElement> {
    let field = shown_field(service, personal)?;
    field.set_value(value);
    Some(field)
}

fn shown_field(service: &str, personal: &str) -> Option<HtmlInputElement> {
    let find = |selector: &str| document().query_selector(selector).ok().flatten();
    let name = match find(".connect-form input[name=service]:checked") {
        Some(_) => service,
        None => personal,
    };
    find(&format!(".connect-form input[name={name}]"))?
        .dyn_into::<HtmlInputElement>()
        .ok()
}
