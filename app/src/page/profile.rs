//! Profile Settings: who one is, in which time zone, and the connection to Microsoft Exchange.

mod exchange;
mod news;

use crate::{
    AppError,
    component::{BrowserZone, Field, FormNotice, Frame, loaded},
    draft::FormDraft,
    page::{
        calendar_preferences::PreferencesForm,
        privacy::{PrivacyForm, PrivacyView},
    },
    request,
};
use exchange::{ExchangeRow, ExchangeView};
use kalends_core::{account_name::Password, preferences::Preferences};
use leptos::{prelude::*, server_fn::ServerFn};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
struct ProfileView {
    name: String,
    email: String,
    time_zone: String,
    time_zones: Vec<String>,
    /// What was just saved, in words.
    saved: Option<String>,
    details: FormDraft,
    password: FormDraft,
    exchange: ExchangeView,
    privacy: PrivacyView,
    calendar: Preferences,
}

async fn profile() -> Result<ProfileView, AppError> {
    let user = request::user().await?;
    let words = request::formatter(&user).await?;
    let exchange = exchange::view_for(&user, &words).await?;
    Ok(ProfileView {
        name: user.name.clone(),
        email: user.email.to_string(),
        time_zone: user.time_zone.clone(),
        time_zones: crate::time_zone::all(),
        saved: request::take_flash().await?,
        details: request::take_draft("details").await?,
        password: request::take_draft("password").await?,
        exchange,
        privacy: crate::page::privacy::view_for(&user).await?,
        calendar: user.calendar,
    })
}

#[server(endpoint = "save_details")]
async fn save_details(
    #[server(default)] name: String,
    #[server(default)] time_zone: String,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let mut errors = islands::error::FieldErrors::new();
    let new_name = kalends::people::setup::persons_name(&name)
        .map_err(|error| errors.insert("name".to_owned(), error.to_string()));
    let zone = crate::time_zone::find(&time_zone)
        .map_err(|error| errors.insert("time_zone".to_owned(), error.to_string()));
    if let (Ok(new_name), Ok(zone)) = (new_name, zone) {
        request::services()
            .store
            .update_profile(user.id, &new_name, &zone)
            .await
            .map_err(request::internal)?;
        request::flash("Your details are saved.").await?;
    } else {
        let values = [
            ("name".to_owned(), name),
            ("time_zone".to_owned(), time_zone),
        ]
        .into();
        request::keep_draft("details", FormDraft { values, errors }).await?;
    }
    request::see_other("/profile");
    Ok(())
}

#[server(endpoint = "change_password")]
async fn change_password(
    #[server(default)] current: Password,
    #[server(default)] new: Password,
) -> Result<(), AppError> {
    let user = request::user().await?;
    let services = request::services();
    let mut missing = islands::error::FieldErrors::new();
    if current.is_empty() {
        let words = "Enter your current password.";
        missing.insert("current".to_owned(), words.to_owned());
    }
    if new.is_empty() {
        let words = kalends::people::sign_in::PasswordError::TooShort.to_string();
        missing.insert("new".to_owned(), words);
    }
    if !missing.is_empty() {
        let draft = FormDraft {
            errors: missing,
            ..FormDraft::default()
        };
        request::keep_draft("password", draft).await?;
        request::see_other("/profile");
        return Ok(());
    }
    match kalends::people::sign_in::change_password(
        &services,
        &user,
        &current,
        &new,
        &request::visitor(),
    )
    .await
    {
        Ok(()) => {
            request::end_session().await?;
            request::start_session(&user).await?;
            request::flash("Your password is changed. You are signed out everywhere else.").await?;
        }
        Err(kalends::people::sign_in::PasswordError::Busy(busy)) => {
            return Err(request::busy(busy));
        }
        Err(refused) => {
            let errors = [(refused.field().to_owned(), refused.to_string())].into();
            request::keep_draft(
                "password",
                FormDraft {
                    errors,
                    ..FormDraft::default()
                },
            )
            .await?;
        }
    }
    request::see_other("/profile");
    Ok(())
}

#[server(endpoint = "sign_out_everywhere")]
async fn sign_out_everywhere() -> Result<(), AppError> {
    let user = request::user().await?;
    request::end_all_sessions(&user).await?;
    request::see_other("/sign-in");
    Ok(())
}

#[component]
pub fn ProfilePage() -> impl IntoView {
    loaded(profile, |view| view! { <Profile view /> })
}

#[component]
fn Profile(view: ProfileView) -> impl IntoView {
    let ProfileView {
        name,
        email,
        time_zone,
        time_zones,
        saved,
        details,
        password,
        exchange,
        privacy,
        calendar,
    } = view;
    view! {
        <Frame title="Profile Settings">
            {saved.map(|saved| view! { <p class="notice notice-good" role="status">{saved}</p> })}
            <section class="panel" aria-labelledby="exchange">
                <h2 id="exchange">"Calendar connections"</h2>
                <ExchangeRow exchange />
            </section>
            <section class="panel" aria-labelledby="privacy">
                <h2 id="privacy">"Privacy"</h2>
                <PrivacyForm view=privacy />
            </section>
            <section class="panel" aria-labelledby="calendar">
                <h2 id="calendar">"Calendar"</h2>
                <PreferencesForm chosen=calendar />
            </section>
            <section class="panel" aria-labelledby="you">
                <h2 id="you">"You"</h2>
                <DetailsForm name email time_zone time_zones draft=details />
            </section>
            <section class="panel" aria-labelledby="password">
                <h2 id="password">"Password"</h2>
                <PasswordForm draft=password />
            </section>
            <section class="panel" aria-labelledby="security">
                <h2 id="security">"Security"</h2>
                <p><a href="/profile/security">"Second factor and signed-in devices"</a></p>
                <p>"Signs you out on every device, this one too."</p>
                <form method="post" action=SignOutEverywhere::url()>
                    <button class="button">"Sign out everywhere"</button>
                </form>
            </section>
        </Frame>
    }
}

#[component]
fn DetailsForm(
    name: String,
    email: String,
    time_zone: String,
    time_zones: Vec<String>,
    draft: FormDraft,
) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    let typed = |field: &str, saved: String| draft.values.get(field).cloned().unwrap_or(saved);
    let chosen = typed("time_zone", time_zone);
    view! {
        <p class="panel-hint">"You sign in as " {email} "."</p>
        <form class="form" method="post" action=SaveDetails::url()>
            <Field label="Name" name="name" autocomplete="name" value=typed("name", name) errors />
            <Field
                label="Time zone"
                name="time_zone"
                value=chosen
                list="time-zones"
                hint="Type a city to find it, such as Europe/Berlin."
                errors
            />
            <datalist id="time-zones">
                {time_zones.into_iter().map(|zone| view! { <option value=zone></option> }).collect_view()}
            </datalist>
            <BrowserZone takes=false />
            <button class="button">"Save"</button>
        </form>
    }
}

#[component]
fn PasswordForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors);
    view! {
        <form class="form" method="post" action=ChangePassword::url()>
            <FormNotice errors />
            <Field label="Current password" name="current" kind="password" autocomplete="current-password" errors />
            <Field
                label="New password"
                name="new"
                kind="password"
                autocomplete="new-password"
                hint="At least 12 characters. You will be signed out everywhere else."
                errors
            />
            <button class="button">"Change password"</button>
        </form>
    }
}
