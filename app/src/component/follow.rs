//! Pages that follow by themselves: while a page is open, its title and what is marked as live are looked up again and
//! made like what has come. Everything else stays as it is, with focus, scrolling, selection and what was typed.

#[cfg(feature = "hydrate")]
mod morph;

use leptos::prelude::*;

/// Follows the live parts of the page that it stands on: elements with an id and the attribute `data-live`.
#[island]
pub fn Follow() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    browser::follow();
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::morph::morph;
    use leptos::{
        prelude::{document, set_timeout, window},
        task::spawn_local,
        wasm_bindgen::{JsCast, JsValue, closure::Closure},
    };
    use std::{cell::Cell, rc::Rc, time::Duration};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        AddEventListenerOptions, DomParser, Element, Headers, RequestInit, Response, SupportedType,
    };

    const POLL_INTERVAL: Duration = Duration::from_secs(5);
    /// Between looks while Kalends does not answer.
    const MAX_INTERVAL: Duration = Duration::from_mins(1);
    /// A page is followed for half an hour after somebody was last seen at it: longer would keep its session from ending.
    const MAX_POLLS: u32 = 360;

    pub fn follow() {
        look_after(POLL_INTERVAL, MAX_POLLS);
    }

    fn look_after(pause: Duration, left: u32) {
        if left == 0 {
            return wait_for_somebody();
        }
        let look = move || {
            spawn_local(async move {
                // A page that nobody sees waits. Signed out, or Kalends is not there: the page stays as it was.
                let failed = !document().hidden() && look_again().await.is_err();
                let pause = if failed {
                    (pause * 2).min(MAX_INTERVAL)
                } else {
                    POLL_INTERVAL
                };
                look_after(pause, left - 1);
            });
        };
        set_timeout(look, pause);
    }

    /// Goes on once somebody moves or types.
    fn wait_for_somebody() {
        let goes_on = Rc::new(Cell::new(false));
        let options = AddEventListenerOptions::new();
        options.set_once(true);
        for event in ["pointermove", "keydown"] {
            let goes_on = Rc::clone(&goes_on);
            let came = Closure::once_into_js(move || {
                if !goes_on.replace(true) {
                    look_after(Duration::ZERO, MAX_POLLS);
                }
            });
            let _ = window().add_event_listener_with_callback_and_add_event_listener_options(
                event,
                came.unchecked_ref(),
                &options,
            );
        }
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
        let is_gone = answer.status() == 404;
        if answer.redirected() || !(answer.ok() || is_gone) {
            return Err(JsValue::NULL);
        }
        let text = JsFuture::from(answer.text()?).await?.as_string();
        let new = DomParser::new()?
            .parse_from_string(&text.unwrap_or_default(), SupportedType::TextHtml)?;
        if document().title() != new.title() {
            document().set_title(&new.title());
        }
        // What the page is about is no more: all of it says so.
        let parts = if is_gone { "main" } else { "[data-live]" };
        let live = document().query_selector_all(parts)?;
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
            // Nothing moves under somebody's typing.
            let is_typed_into = document().active_element().is_some_and(|active| {
                old.contains(Some(&active))
                    && matches!(&*active.tag_name(), "INPUT" | "SELECT" | "TEXTAREA")
            });
            if !is_typed_into {
                morph(&old, &new)?;
            }
        }
        Ok(())
    }
}
