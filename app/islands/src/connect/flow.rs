//! The connect form in the browser, in a dialog or in a page: the form, the running check in its place, then its end.

use super::{
    check::{CheckProgress, EndedCheck, cancel},
    dom,
    one_click::WaysToConnect,
    view::{ConnectAnswer, ConnectView},
};
use crate::{
    error::{AppError, FieldErrors},
    send::send_form,
};
use leptos::{
    ev::SubmitEvent, html, prelude::*, task::spawn_local, wasm_bindgen::JsCast,
    web_sys::HtmlFormElement,
};

/// The button of the profile's row: a link without script, a dialog with it.
#[island]
pub fn ConnectDialog(
    view: ConnectView,
    connected: bool,
    /// Whether it is the one thing to do here.
    urgent: bool,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let opened = RwSignal::new(false);
    let is_open = RwSignal::new(false);
    let progress = AttemptProgress::new();
    let open = move |event: leptos::ev::MouseEvent| {
        if let Some(dialog) = dialog.get() {
            event.prevent_default();
            opened.set(true);
            is_open.set(true);
            let _ = dialog.show_modal();
            request_animation_frame(dom::focus_first_field);
        }
    };
    // Closed, it neither tests on unseen nor leaves the page behind as it was before.
    Effect::new(move |_| {
        if is_open.get() {
            return;
        }
        if let Some(id) = progress.running.get() {
            cancel(id);
        }
        if progress.is_connected() {
            let _ = window().location().reload();
        }
    });
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    let class = if urgent {
        "button button-primary"
    } else {
        "button"
    };
    view! {
        <a class=class href="/profile/exchange/connect" on:click=open>
            {if connected { "Reconnect" } else { "Connect" }}
        </a>
        <dialog class="dialog" node_ref=dialog aria-labelledby="connect-title" on:close=move |_| is_open.set(false)>
            <div class="dialog-head">
                <h2 id="connect-title">"Connect Microsoft Exchange"</h2>
                <button type="button" class="button button-quiet" on:click=close>
                    "Close"
                </button>
            </div>
            {move || {
                let view = view.clone();
                opened.get().then(|| view! { <ConnectFlow view progress /> })
            }}
        </dialog>
    }
}

/// The form on a page of its own.
#[island]
pub fn ConnectInPage(view: ConnectView) -> impl IntoView {
    let progress = AttemptProgress::new();
    view! { <ConnectFlow view progress /> }
}

/// How far an attempt is.
#[derive(Clone, Copy)]
struct AttemptProgress {
    /// The check under way.
    running: RwSignal<Option<String>>,
    ended: RwSignal<Option<EndedCheck>>,
}

impl AttemptProgress {
    fn new() -> Self {
        Self {
            running: RwSignal::new(None),
            ended: RwSignal::new(None),
        }
    }

    /// What had the focus is gone: it goes to what came in its place.
    fn move_focus(self) {
        Effect::new(move |_| {
            let running = self.running.with(Option::is_some);
            let ended = self.ended.with(Option::is_some);
            if running {
                request_animation_frame(|| dom::focus(".progress button"));
            } else if ended {
                request_animation_frame(|| dom::focus(".outcome"));
            }
        });
    }

    fn is_connected(self) -> bool {
        self.ended
            .with(|ended| ended.as_ref().is_some_and(|end| end.is_connected))
    }
}

/// The form, then the running check in its place, then how it ended; what was typed stays in its fields.
#[component]
fn ConnectFlow(view: ConnectView, progress: AttemptProgress) -> impl IntoView {
    let AttemptProgress { running, ended } = progress;
    let signed_out = RwSignal::new(false);
    let sending = RwSignal::new(false);
    let errors = RwSignal::new(view.draft.errors.clone());
    let on_submit = Callback::new(move |event: SubmitEvent| {
        let form = event
            .target()
            .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form else {
            return;
        };
        event.prevent_default();
        if sending.get_untracked() || running.with_untracked(Option::is_some) {
            return;
        }
        sending.set(true);
        let address = form.get_attribute("action").unwrap_or_default();
        spawn_local(async move {
            let answer = send_form::<ConnectAnswer>(&address, &form).await;
            sending.set(false);
            ended.set(None);
            errors.set(FieldErrors::new());
            signed_out.set(answer == Err(AppError::SignedOut));
            match answer {
                Ok(ConnectAnswer::Started(id)) => running.set(Some(id)),
                Ok(ConnectAnswer::Mistakes(mistakes)) => errors.set(mistakes),
                Err(AppError::SignedOut) => {}
                Err(other) => errors.set([(String::new(), other_words(&other))].into()),
            }
        });
    });
    progress.move_focus();
    let on_end = Callback::new(move |end: EndedCheck| {
        dom::complete_endpoint(&end.endpoint);
        dom::stop_keeping_on();
        running.set(None);
        ended.set(Some(end));
    });
    let on_click = |event: leptos::ev::MouseEvent| {
        if dom::mended_by(&event) {
            event.prevent_default();
        }
    };
    let html = move || ended.with(|end| end.as_ref().map(|end| end.html.clone()));
    let busy = Signal::derive(move || sending.get() || running.with(Option::is_some));
    view! {
        {move || running.get().map(|id| view! { <CheckProgress id on_end /> })}
        <div class="outcome" tabindex="-1" on:click=on_click inner_html=move || html().unwrap_or_default()></div>
        {move || signed_out.get().then(|| view! { <SignedOut /> })}
        <div hidden=move || running.with(Option::is_some) || progress.is_connected()>
            <WaysToConnect view on_submit errors=errors.into() busy />
        </div>
    }
}

#[component]
fn SignedOut() -> impl IntoView {
    view! {
        <p class="notice notice-waiting" role="alert">
            "You are signed out. "
            <a href="/sign-in" target="_blank" rel="external">"Sign in in a new tab"</a>
            ", then press Connect again: what you typed stays here."
        </p>
    }
}

fn other_words(error: &AppError) -> String {
    match error {
        AppError::Unreachable => {
            "Kalends could not be reached. Check your network and try again.".to_owned()
        }
        AppError::TooLarge => "This is more text than the form takes. Shorten it.".to_owned(),
        AppError::SignedOut
        | AppError::NotYours
        | AppError::NotUnderstood
        | AppError::Busy { .. }
        | AppError::Internal { .. } => {
            format!("Something went wrong in Kalends ({error}). Please try again.")
        }
    }
}
