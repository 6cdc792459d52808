//! Through the account that an admin holds: one line and one button; what people may type themselves is folded away.

use super::{address::CONNECT_MINE, form::ConnectForm, view::ConnectView};
use crate::{component::FormNotice, error::FieldErrors};
use leptos::{ev::SubmitEvent, prelude::*};

/// One click where an admin holds the account; what people may type themselves is folded away then.
#[component]
pub fn WaysToConnect(
    view: ConnectView,
    on_submit: Callback<SubmitEvent>,
    errors: Signal<FieldErrors>,
    busy: Signal<bool>,
) -> impl IntoView {
    let (one_click, ways) = (view.one_click.clone(), view.ways);
    let folded = !one_click.is_empty();
    let replaced = view
        .replaces
        .clone()
        .filter(|mailbox| one_click.iter().any(|other| other != mailbox));
    let unfolded = !view.draft.errors.keys().all(String::is_empty);
    let ask = view! {
        <p class="field-hint">
            "Another mailbox, such as a room? " <a href="/profile/exchange/request" rel="external">"Ask for it"</a>
        </p>
    };
    match (folded, ways.any()) {
        (true, _) => view! {
            <FormNotice errors />
            <OneClickForms mailboxes=one_click on_submit busy />
            {replaced
                .map(|mailbox| {
                    view! {
                        <p class="field-hint">"You are connected to " <strong>{mailbox}</strong> ". Another mailbox takes its place, and the copy of the present one is deleted."</p>
                    }
                })}
            <p class="field-hint">"Through your organisation’s account: no password is needed."</p>
            {ask}
            {ways
                .any()
                .then(|| {
                    view! {
                        <details class="more" open=unfolded>
                            <summary>"Connect with a password instead"</summary>
                            <ConnectForm view on_submit errors busy />
                        </details>
                    }
                })}
        }
        .into_any(),
        (false, true) => view! {
            <ConnectForm view on_submit errors busy>{ask}</ConnectForm>
        }
        .into_any(),
        (false, false) => view! {
            <p class="notice">
                "Your organisation connects calendars through an account that an administrator holds, and there is none for your mail domain yet. Ask a Kalends administrator."
            </p>
        }
        .into_any(),
    }
}

/// One button for each mailbox; the first is the one to press.
#[component]
fn OneClickForms(
    mailboxes: Vec<String>,
    on_submit: Callback<SubmitEvent>,
    busy: Signal<bool>,
) -> impl IntoView {
    mailboxes
        .into_iter()
        .enumerate()
        .map(|(place, mailbox)| {
            let class = if place == 0 { "button button-primary" } else { "button" };
            view! {
                <form
                    id=(place == 0).then_some("connect-form")
                    class="one-click"
                    method="post"
                    action=CONNECT_MINE
                    on:submit=move |event| on_submit.run(event)
                >
                    <input type="hidden" name="mailbox" value=mailbox.clone() />
                    <button class=class disabled=move || busy.get()>{format!("Connect {mailbox}")}</button>
                </form>
            }
        })
        .collect_view()
}
