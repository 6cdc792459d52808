//! What one click mends in the form that a failed check came from.

use leptos::{prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};

/// What one click puts into the form before it is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fix {
    /// The address that Exchange calls the right one.
    Mailbox(String),
    /// Where the mailbox is now; empty where Autodiscover is to find it.
    Endpoint(String),
    /// A host outside the mail domain that may have the password.
    Confirm(String),
    /// Go on until a role takes effect.
    KeepTrying,
    /// The address that Exchange calls the right one, through the organisation's account.
    Through(String),
    /// Ask an admin for the mailbox.
    Ask(String),
    /// Send the password itself, by Basic, once it is typed anew.
    Basic,
}

impl Fix {
    fn label(&self) -> String {
        match self {
            Self::Endpoint(endpoint) if endpoint.is_empty() => "Find it by Autodiscover".to_owned(),
            Self::Mailbox(value) | Self::Endpoint(value) => format!("Use {value}"),
            Self::Confirm(host) => format!("Send the password to {host}"),
            Self::KeepTrying => "Keep trying for two hours".to_owned(),
            Self::Through(address) => format!("Connect {address}"),
            Self::Ask(address) => format!("Ask for {address}"),
            Self::Basic => "Allow Basic and type the password again".to_owned(),
        }
    }
}

/// One click that mends what was typed.
#[component]
pub fn ApplyFix(id: String, fix: Fix, in_place: bool) -> impl IntoView {
    let label = fix.label();
    match &fix {
        Fix::Through(address) => {
            return view! {
                <form method="post" action=crate::page::connect::ConnectMine::url()>
                    <input type="hidden" name="mailbox" value=address.clone() />
                    <button class="button button-primary">{label}</button>
                </form>
            }
            .into_any();
        }
        Fix::Ask(address) => {
            let query = crate::percent::query(&[("mailbox", address)], 1);
            let link = format!("/profile/exchange/request{query}");
            return view! { <a class="button button-primary" href=link rel="external">{label}</a> }
                .into_any();
        }
        Fix::Mailbox(_) | Fix::Endpoint(_) | Fix::Confirm(_) | Fix::KeepTrying | Fix::Basic => {}
    }
    let resubmit = move |event: leptos::ev::MouseEvent| {
        if in_place && crate::page::connect::resubmit_with(&fix) {
            event.prevent_default();
        }
    };
    view! {
        <form method="post" action=super::MendForm::url()>
            <input type="hidden" name="id" value=id />
            <button class="button button-primary" on:click=resubmit>{label}</button>
        </form>
    }
    .into_any()
}
