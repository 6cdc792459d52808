//! What one click mends in the form that a failed check came from.

use super::view::Fix;
use crate::AppError;
use leptos::{prelude::*, server_fn::ServerFn};

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

/// Mends the connect form as the failed check suggests.
#[server(endpoint = "mend_form")]
async fn mend_form(id: String) -> Result<(), AppError> {
    use super::lookup;
    use crate::request;
    let user = request::user().await?;
    let check = lookup::check_for(&user, &id).await?;
    let (form, page) = lookup::form_of(&check);
    if let Some(fix) = lookup::fix(&check) {
        let mut draft = request::take_draft(&form).await?;
        if check.typed.goal == kalends_core::check::Goal::Connection {
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
        <form method="post" action=MendForm::url()>
            <input type="hidden" name="id" value=id />
            <button class="button button-primary" on:click=resubmit>{label}</button>
        </form>
    }
    .into_any()
}
