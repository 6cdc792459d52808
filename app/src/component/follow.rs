//! Pages that follow by themselves: while a page is open, what is marked as live is looked up again and put in place
//! where it has changed. Everything else stays as it is, with focus, selection and what was typed.

use leptos::prelude::*;

/// Follows the live parts of the page that it stands on: elements with an id and the attribute `data-live`.
#[island]
pub fn Follow() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::follow_after(browser::PAUSE, browser::MOST);
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::{
        prelude::{document, set_timeout, window},
        task::spawn_local,
        wasm_bindgen::{JsCast, JsValue},
    };
    use std::time::Duration;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{DomParser, Element, Headers, RequestInit, Response, SupportedType};

    pub const PAUSE: Duration = Duration::from_secs(5);
    /// A page that is left open is followed for half an hour: longer would keep its session from ending.
    pub const MOST: u32 = 360;

    pub fn follow_after(pause: Duration, left: u32) {
        if left == 0 {
            return;
        }
        let look = move || {
            spawn_local(async move {
                // A page that nobody sees waits.
                if !document().hidden() && look_again().await.is_err() {
                    // Signed out, or Kalends is not there: the page stays as it was.
                    return follow_after(pause * 4, left - 1);
                }
                follow_after(pause, left - 1);
            });
        };
        set_timeout(look, pause);
    }

    async fn look_again() -> Result<(), JsValue> {
        let headers = Headers::new()?;
        headers.append("accept", "text/html")?;
        let init = RequestInit::new();
        init.set_headers(&headers);
        let here = window().location().href()?;
        let answer: Response = JsFuture::from(window().fetch_with_str_and_init(&here, &init))
            .await?
            .unchecked_into();
        if !answer.ok() || answer.redirected() {
            return Err(JsValue::NULL);
        }
        let text = JsFuture::from(answer.text()?).await?.as_string();
        let new = DomParser::new()?
            .parse_from_string(&text.unwrap_or_default(), SupportedType::TextHtml)?;
        let live = document().query_selector_all("[data-live]")?;
        for place in 0..live.length() {
            let Some(old) = live
                .item(place)
                .and_then(|it| it.dyn_into::<Element>().ok())
            else {
                continue;
            };
            let Some(new) = new.get_element_by_id(&old.id()) else {
                continue;
            };
            let is_in_use = document()
                .active_element()
                .is_some_and(|active| old.contains(Some(&active)));
            // Somebody reads what they unfolded.
            let is_unfolded = old.query_selector("details[open]")?.is_some();
            if !is_in_use && !is_unfolded && old.inner_html() != new.inner_html() {
                old.set_inner_html(&new.inner_html());
            }
        }
        Ok(())
    }
}
