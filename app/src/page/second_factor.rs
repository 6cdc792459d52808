//! Setting up a second factor, and turning it off. The key is shown to its owner while it is being set up, never after.

use crate::{
    AppError,
    component::{CopyButton, Field, FormNotice, Frame, loaded},
    draft::FormDraft,
    request,
};
use kalends::people::two_factor::TwoFactorError;
use kalends_core::account_name::Password;
use leptos::{prelude::*, server_fn::ServerFn};

const PAGE: &str = "/profile/security/second-factor";

/// What the page shows.
#[derive(Clone, PartialEq)]
struct SecondFactorView {
    is_on: bool,
    enrolment: Option<EnrolmentView>,
    draft: FormDraft,
}

/// What is being set up.
#[derive(Clone, PartialEq)]
struct EnrolmentView {
    account: String,
    key: String,
    codes: Vec<String>,
    /// Modules along one side of the picture, and its path.
    picture: Option<(usize, String)>,
}

async fn second_factor() -> Result<SecondFactorView, AppError> {
    let user = request::user().await?;
    let services = request::services();
    let factor = services.store.second_factor(user.id).await;
    let pending = kalends::people::two_factor::pending(&services, &user).await;
    let pending = match pending.map_err(request::internal)? {
        Some((id, enrolment)) if request::may_see_enrolment(id).await? => Some(enrolment),
        Some(_) | None => None,
    };
    let enrolment = pending.map(|enrolment| EnrolmentView {
        account: user.email.to_string(),
        key: enrolment.key_in_groups(),
        codes: enrolment.codes().map(ToOwned::to_owned).collect(),
        picture: enrolment
            .picture(&user.email)
            .map(|picture| (picture.size, picture.path)),
    });
    Ok(SecondFactorView {
        is_on: factor.map_err(request::internal)?.is_some(),
        enrolment,
        draft: request::take_draft("second-factor").await?,
    })
}

/// Leads on after a form: to `page` with `done`, or back with what was wrong.
async fn answer(
    result: Result<(), kalends::people::two_factor::TwoFactorError>,
    done: Option<&str>,
    page: &str,
) -> Result<(), AppError> {
    match result {
        Ok(()) => {
            if let Some(done) = done {
                request::flash(done).await?;
            }
            request::see_other(page);
        }
        Err(TwoFactorError::Failed(error)) => return Err(request::internal(error)),
        Err(TwoFactorError::Busy(busy)) => return Err(request::busy(busy)),
        Err(refused) => {
            let errors = [(refused.field().to_owned(), refused.to_string())].into();
            let draft = FormDraft {
                errors,
                ..FormDraft::default()
            };
            request::keep_draft("second-factor", draft).await?;
            request::see_other(PAGE);
        }
    }
    Ok(())
}

#[server(endpoint = "begin_second_factor")]
async fn begin_second_factor(
    #[server(default)] password: Password,
    #[server(default)] code: Password,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let (services, visitor) = (request::services(), request::visitor());
    let begun = match kalends::people::two_factor::begin(
        &services, &user, &password, &code, &visitor,
    )
    .await
    {
        Ok(id) => {
            request::show_enrolment(id).await?;
            Ok(())
        }
        Err(error) => Err(error),
    };
    answer(begun, None, PAGE).await
}

#[server(endpoint = "end_second_factor")]
async fn end_second_factor(
    #[server(default)] password: Password,
    #[server(default)] code: Password,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let (services, visitor) = (request::services(), request::visitor());
    let ended =
        kalends::people::two_factor::end(&services, &user, &password, &code, &visitor).await;
    let done = "Your second factor is off.";
    answer(ended, Some(done), "/profile/security").await
}

#[server(endpoint = "confirm_second_factor")]
async fn confirm_second_factor(#[server(default)] code: Password) -> Result<(), AppError> {
    let user = request::user().await?;
    let (services, visitor) = (request::services(), request::visitor());
    let confirmed = kalends::people::two_factor::confirm(&services, &user, &code, &visitor).await;
    if confirmed.is_ok() {
        // Devices that never gave a code must sign in anew.
        request::end_other_sessions(&user).await?;
    }
    let done = "Your second factor is on. From now on Kalends asks for a code when you sign in. Your other devices are signed out.";
    answer(confirmed, Some(done), "/profile/security").await
}

#[server(endpoint = "cancel_second_factor")]
async fn cancel_second_factor() -> Result<(), AppError> {
    let user = request::user().await?;
    let cancelled = request::services()
        .custody()
        .cancel_enrolment(user.id)
        .await;
    cancelled.map_err(request::internal)?;
    request::see_other("/profile/security");
    Ok(())
}

#[component]
pub fn SecondFactorPage() -> impl IntoView {
    loaded(second_factor, |view| {
        let errors = Signal::stored(view.draft.errors);
        let title = if view.enrolment.is_some() {
            "Set up a second factor"
        } else {
            "Second factor"
        };
        let part = match view.enrolment {
            Some(enrolment) => view! { <SetUp enrolment errors /> }.into_any(),
            None => view! { <Prove is_on=view.is_on errors /> }.into_any(),
        };
        view! {
            <Frame title=title>
                <p class="back"><a href="/profile/security">"Security"</a></p>
                {part}
            </Frame>
        }
    })
}

/// Asks who it is before anything is shown or changed.
#[component]
fn Prove(is_on: bool, errors: Signal<islands::error::FieldErrors>) -> impl IntoView {
    view! {
        <form class="form panel" method="post" action=BeginSecondFactor::url()>
            <FormNotice errors />
            <p>
                {if is_on {
                    "Set it up anew for another phone or for new recovery codes; the present one works until the new one does. Or turn it off."
                } else {
                    "You need an authenticator app on your phone, such as Aegis, FreeOTP or Microsoft Authenticator."
                }}
            </p>
            <Field label="Password" name="password" kind="password" autocomplete="current-password" errors />
            {is_on
                .then(|| {
                    view! {
                        <Field
                            label="Code"
                            name="code"
                            autocomplete="one-time-code"
                            hint="Six digits from your authenticator app, or one of your recovery codes."
                            errors
                        />
                    }
                })}
            <div class="form-actions">
                <button class="button button-primary">{if is_on { "Set up anew" } else { "Set up" }}</button>
                {is_on
                    .then(|| {
                        view! {
                            <button class="button" formaction=EndSecondFactor::url()>
                                "Turn off"
                            </button>
                        }
                    })}
            </div>
        </form>
    }
}

#[component]
fn SetUp(enrolment: EnrolmentView, errors: Signal<islands::error::FieldErrors>) -> impl IntoView {
    let EnrolmentView {
        account,
        key,
        codes,
        picture,
    } = enrolment;
    view! {
        <section class="panel" aria-labelledby="scan">
            <h2 id="scan">"1. Add Kalends to your app"</h2>
            <p>"Scan this picture with the app, or type the key below it."</p>
            {picture
                .map(|(size, path)| {
                    view! {
                        <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label="QR code with the key below">
                            <path d=path></path>
                        </svg>
                    }
                })}
            <dl class="facts">
                <div>
                    <dt>"Account"</dt>
                    <dd>{account}</dd>
                </div>
                <div class="copyable">
                    <dt>"Key"</dt>
                    <dd><code class="copy-text">{key}</code> " " <CopyButton /></dd>
                </div>
            </dl>
        </section>
        <section class="panel copyable" aria-labelledby="codes">
            <h2 id="codes">"2. Keep the recovery codes"</h2>
            <p>"Without your phone each of them signs you in once. Print them or put them into a password manager: Kalends never shows them again."</p>
            <ul class="codes copy-text">
                {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
            </ul>
            <CopyButton />
        </section>
        <section class="panel" aria-labelledby="try">
            <h2 id="try">"3. Try it"</h2>
            <form class="form" method="post" action=ConfirmSecondFactor::url()>
                <FormNotice errors />
                <Field
                    label="Code"
                    name="code"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    hint="The six digits that the app shows now."
                    errors
                />
                <div class="form-actions">
                    <button class="button button-primary">"Turn on"</button>
                    <button class="button" formaction=CancelSecondFactor::url()>
                        "Cancel"
                    </button>
                </div>
            </form>
        </section>
    }
}
