//! What one click mends in the form that a failed check came from.

use super::{lookup, view::Fix};
use crate::{AppError, page::connect::ConnectMine, request};
use kalends_core::check::Goal;
use leptos::{prelude::*, server_fn::ServerFn};

impl Fix {
    /// What it mends in a form that still stands in the browser, and the value that it puts there. `None` where the
    /// password must be typed anew, or the way leads elsewhere.
    fn in_place(self) -> Option<(&'static str, String)> {
        match self {
            Self::Mailbox(address) => Some(("mailbox", address)),
            Self::Endpoint(endpoint) => Some(("endpoint", endpoint)),
            Self::Confirm(host) => Some(("confirmed", host)),
            Self::KeepTrying => Some(("keep_trying", "true".to_owned())),
            Self::Through(_) | Self::Ask(_) | Self::Basic => None,
        }
    }

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

/// Mends the connect form as the failed check suggests.
#[server(endpoint = "mend_form")]
async fn mend_form(id: String) -> Result<(), AppError> {
    let user = request::user().await?;
    let check = lookup::check_for(&user, &id).await?;
    let (form, page) = lookup::form_of(&check);
    if let Some(fix) = lookup::fix(&check) {
        let mut draft = request::take_draft(&form).await?;
        if check.typed.goal == Goal::Connection {
            crate::page::connect::mend(&mut draft, fix);
        } else {
            crate::page::organisation::mend(&mut draft, fix);
        }
        request::keep_draft(&form, draft).await?;
    }
    request::see_other(&page);
    Ok(())
}

/// One click that mends what was typed.
#[component]
pub fn ApplyFix(id: String, fix: Fix, in_place: bool) -> impl IntoView {
    let label = fix.label();
    match &fix {
        Fix::Through(address) => {
            return view! {
                <form method="post" action=ConnectMine::url()>
                    <input type="hidden" name="mailbox" value=address.clone() />
                    <button class="button button-primary">{label}</button>
                </form>
            }
            .into_any();
        }
        Fix::Ask(address) => {
            let query = crate::percent::query(&[("mailbox", address)], "");
            let link = format!("/profile/exchange/request{query}");
            return view! { <a class="button button-primary" href=link rel="external">{label}</a> }
                .into_any();
        }
        Fix::Mailbox(_) | Fix::Endpoint(_) | Fix::Confirm(_) | Fix::KeepTrying | Fix::Basic => {}
    }
    let (mends, value) = fix.in_place().filter(|_| in_place).unzip();
    view! {
        <form method="post" action=MendForm::url()>
            <input type="hidden" name="id" value=id />
            <button class="button button-primary" data-mends=mends data-value=value>{label}</button>
        </form>
    }
    .into_any()
}
