//! The two credential slots of an account: the new password is tested beside the old one, then switched to.

use super::{
    click::ClickButton,
    fields::{account_by_id, errors_of},
};
use crate::{
    AppError,
    component::{Field, When},
    draft::FormDraft,
    moment::Moment,
    request,
};
use kalends::accounts::organisation::{AccountForm, ChangeError, Endings, test_next};
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

/// The second slot.
#[derive(Debug, Clone, PartialEq)]
pub struct NextView {
    pub name: String,
    pub tested: Moment,
}

/// Tests the password to come at the account's own endpoint.
#[server(endpoint = "test_password")]
async fn test_password(
    id: String,
    #[server(default)] account: String,
    #[server(default)] password: Password,
    #[server(default)] new_expires: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::Accounts).await?;
    let held = account_by_id(&id).await?;
    let mut draft = FormDraft::default();
    for (name, value) in [("account", &account), ("new_expires", &new_expires)] {
        draft.values.insert(name.to_owned(), value.clone());
    }
    let control = held.account.control_mailbox.as_ref();
    let form = AccountForm {
        account,
        password,
        expires: new_expires,
        endpoint: held.account.endpoint.to_string(),
        control: control.map(ToString::to_string).unwrap_or_default(),
        ..AccountForm::default()
    };
    let kept = format!("password-{id}");
    let endings = Endings {
        now: request::services().clock.now(),
        on_record: None,
    };
    match (form.expires_at(endings), form.sign_in()) {
        (Ok(expires_at), Ok(wanted)) => {
            let started = test_next(&request::services(), &admin, &held, wanted, expires_at).await;
            let check = match started {
                Ok(check) => check,
                Err(ChangeError::Conflict(other)) => return Err(request::internal(other)),
                Err(ChangeError::Refused(refusal)) => {
                    request::keep_draft(&kept, draft).await?;
                    request::flash(&refusal.to_string()).await?;
                    request::see_other(&format!("/organisation/accounts/{id}"));
                    return Ok(());
                }
                Err(ChangeError::Store(error)) => return Err(request::internal(error)),
            };
            request::take_draft(&kept).await?;
            request::see_other(&format!("/profile/exchange/checks/{check}"));
        }
        (expires_at, wanted) => {
            let mut mistakes = expires_at.err().unwrap_or_default();
            mistakes.extend(wanted.err().unwrap_or_default());
            draft.errors = errors_of(mistakes);
            if let Some(message) = draft.errors.remove("expires") {
                draft.errors.insert("new_expires".to_owned(), message);
            }
            request::keep_draft(&kept, draft).await?;
            request::see_other(&format!("/organisation/accounts/{id}"));
        }
    }
    Ok(())
}

/// The change of the password, as far as it is.
#[component]
pub fn PasswordPanel(
    id: String,
    held_until: Option<Moment>,
    next: Option<NextView>,
    draft: FormDraft,
) -> impl IntoView {
    let is_held = held_until.is_some();
    let step = match (is_held, next.is_some()) {
        (_, true) => 4,
        (true, false) => 2,
        (false, false) => 1,
    };
    view! {
        <section class="panel" aria-labelledby="password">
            <h2 id="password">"Change the password"</h2>
            <PasswordSteps step />
            {held_until
                .map(|until| {
                    view! {
                        <div class="notice notice-waiting" role="status">
                            <p>"Sign-ins wait. They go on by themselves: " <When moment=until /> "."</p>
                            <ClickButton id=id.clone() click="release" label="Let them go on now" />
                        </div>
                    }
                })}
            {match next {
                Some(next) => view! {
                    <div class="notice notice-good" role="status">
                        <p>"The password of " {next.name} " was tested " <When moment=next.tested /> " and works."</p>
                        <div class="form-actions">
                            <ClickButton id=id.clone() click="switch" label="Switch to it" class="button button-primary" />
                            <ClickButton id=id click="drop" label="Forget it" />
                        </div>
                    </div>
                }
                    .into_any(),
                None => view! {
                    {(!is_held)
                        .then(|| {
                            view! {
                                <div class="form-actions">
                                    <ClickButton id=id.clone() click="hold" label="Hold the sign-ins for 30 minutes" />
                                </div>
                            }
                        })}
                    <TestForm id draft />
                }
                    .into_any(),
            }}
        </section>
    }
}

#[component]
fn PasswordSteps(step: i32) -> impl IntoView {
    let current = move |number: i32| (number == step).then_some("step");
    view! {
        <ol class="steps">
            <li aria-current=current(1)>
                "Hold the sign-ins, so that none is refused while the two passwords differ."
            </li>
            <li aria-current=current(2)>"Change the password in Active Directory."</li>
            <li aria-current=current(2)>"Type the new password here. Kalends tests it and keeps it beside the present one."</li>
            <li aria-current=current(4)>"Switch. The old password is forgotten and calendars go on."</li>
        </ol>
    }
}

#[component]
fn TestForm(id: String, draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    view! {
        <form class="form" method="post" action=TestPassword::url() novalidate>
            <input type="hidden" name="id" value=id />
            <Field
                label="Username"
                name="account"
                value=draft.value("account")
                hint="The same account, or another one with the same role: then nothing needs to wait."
                errors
            />
            <Field label="New password" name="password" kind="password" autocomplete="off" errors />
            <Field
                label="New password ends on"
                name="new_expires"
                kind="date"
                aside="optional"
                value=draft.value("new_expires")
                hint="To the end of that day in UTC."
                errors
            />
            <button class="button">"Test the new password"</button>
        </form>
    }
}
