//! What is done to an account of the organisation with one click: hold, switch, send again, forget, pause and resume.

use super::fields::account_by_id;
use crate::{AppError, request};
use kalends::accounts::{organisation as domain, permission::Forbidden};
use leptos::{prelude::*, server_fn::ServerFn};

/// One click on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Click {
    Hold,
    Release,
    Switch,
    Drop,
    Pause,
    Resume,
    SendAgain,
}

#[server(endpoint = "work_account")]
async fn work_account(id: String, click: Click) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let services = request::services();
    let account = account_by_id(&id).await?.account;
    let flash = match click {
        Click::Hold => match domain::hold(&services, &admin, &account).await {
            Ok(()) => {
                "No sign-in happens with this account for 30 minutes. Change the password in Active Directory now, then test the new one below."
            }
            Err(_) => "A sync is still under way. Wait a minute and hold the sign-ins once more.",
        },
        Click::Release => {
            let released = domain::release(&services, &admin, &account).await;
            released.map_err(request::internal)?;
            "Syncs go on with the password as it was."
        }
        Click::Switch => {
            let switched = domain::switch(&services, &admin, &account).await;
            if switched.map_err(request::internal)? {
                "The account signs in with the new password. The old one is forgotten."
            } else {
                "There was no tested password to switch to."
            }
        }
        Click::SendAgain => {
            match kalends::connect::send_once_more(&services, &admin, &account).await {
                Ok(Some(check)) => {
                    request::see_other(&format!("/profile/exchange/checks/{check}"));
                    return Ok(());
                }
                Ok(None) => {
                    "No mailbox is known that this account reaches, so there is nothing to try it with."
                }
                Err(Forbidden::Refused(refusal)) => &refusal.to_string(),
                Err(Forbidden::Store(error)) => return Err(request::internal(error)),
            }
        }
        Click::Drop => {
            let dropped = domain::drop_next(&services, &admin, &account).await;
            dropped.map_err(request::internal)?;
            "The tested password is forgotten. The present one stays."
        }
        Click::Pause | Click::Resume => {
            let paused = click == Click::Pause;
            let done = domain::pause(&services, &admin, &account, paused).await;
            done.map_err(request::internal)?;
            if paused {
                "The account is paused: nothing is asked of Exchange with it."
            } else {
                "The account works again. Every calendar that is due is read now."
            }
        }
    };
    request::flash(flash).await?;
    request::see_other(&format!("/organisation/accounts/{id}"));
    Ok(())
}

/// What an administrator does who does not wait for the next probe.
pub const SEND_AGAIN: &str = "Send the saved password once more";

/// A form of one button.
#[component]
pub(super) fn ClickButton(
    id: String,
    click: &'static str,
    label: &'static str,
    #[prop(default = "button")] class: &'static str,
) -> impl IntoView {
    view! {
        <form method="post" action=WorkAccount::url()>
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="click" value=click />
            <button class=class>{label}</button>
        </form>
    }
}
