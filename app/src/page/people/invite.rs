//! Inviting one person, and the page on which somebody invited sets a password.

use crate::{
    AppError,
    component::{BrowserZone, Field, FormNotice, Frame, choice, loaded},
    draft::FormDraft,
    request, time_zone as zones,
};
use islands::error::FieldErrors;
use kalends::people::{
    self, NewPerson, PeopleError,
    sign_in::{Entered, PasswordError},
};
use kalends_core::{account_name::Password, rights::Role};
use leptos::{prelude::*, server_fn::ServerFn as _};

async fn invite_form() -> Result<FormDraft, AppError> {
    request::user_with(request::Right::People).await?;
    request::take_draft("invite").await
}

#[server(endpoint = "invite")]
async fn invite(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] addresses: String,
    #[server(default)] role: String,
) -> Result<(), AppError> {
    let admin = request::user_with(request::Right::People).await?;
    let services = request::services();
    let typed = if role == "admin" {
        Role::Admin
    } else {
        Role::Member
    };
    let parsed = NewPerson::parse(&name, &email, &addresses, typed, &admin.time_zone);
    let errors: FieldErrors = match parsed {
        Ok(person) => match people::invite(&services, &admin, person).await {
            Ok(user) => {
                request::see_other(&format!("/people/{}", user.id));
                return Ok(());
            }
            Err(error @ PeopleError::Taken(_)) => [("email".to_owned(), error.to_string())].into(),
            Err(error @ PeopleError::NotTheirs(..)) => {
                [("addresses".to_owned(), error.to_string())].into()
            }
            Err(error) => return Err(request::internal(error)),
        },
        Err(mistakes) => mistakes
            .into_iter()
            .map(|(field, words)| (field.to_owned(), words))
            .collect(),
    };
    let values = [
        ("name", name),
        ("email", email),
        ("addresses", addresses),
        ("role", role),
    ];
    let draft = FormDraft {
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        errors,
    };
    request::keep_draft("invite", draft).await?;
    request::see_other("/people/invite");
    Ok(())
}

#[component]
pub fn InvitePage() -> impl IntoView {
    loaded(invite_form, |draft| view! { <InviteForm draft /> })
}

#[component]
fn InviteForm(draft: FormDraft) -> impl IntoView {
    let errors = Signal::stored(draft.errors.clone());
    let is_admin = draft.value("role") == "admin";
    view! {
        <Frame title="Invite somebody">
            <p class="back"><a href="/people">"All people"</a></p>
            <form class="form panel" method="post" action=Invite::url() novalidate>
                <FormNotice errors />
                <Field label="Name" name="name" value=draft.value("name") errors />
                <Field
                    label="Email"
                    name="email"
                    kind="email"
                    inputmode="email"
                    value=draft.value("email")
                    hint="They sign in with it, and may connect its mailbox."
                    errors
                />
                <Field
                    label="Further addresses of their own"
                    name="addresses"
                    aside="optional"
                    value=draft.value("addresses")
                    hint="Mailboxes that they may connect without asking, separated by blanks."
                    errors
                />
                <fieldset class="choices">
                    <legend>"Role"</legend>
                    {choice("role", "member", "Member", "Connects and reads their own calendar.", !is_admin)}
                    {choice("role", "admin", "Administrator", "Sees everybody’s connections and holds the organisation’s accounts.", is_admin)}
                </fieldset>
                <button class="button button-primary">"Send invitation"</button>
            </form>
        </Frame>
    }
}

/// What the page behind a link shows.
#[derive(Debug, Clone, PartialEq)]
struct InvitationView {
    /// Whose it is; `None` with the reason in the draft.
    person: Option<(String, String)>,
    is_new: bool,
    token: String,
    draft: FormDraft,
    /// As it is on record: an administrator's, as long as the person has not chosen.
    time_zone: String,
}

async fn invitation(token: String) -> Result<InvitationView, AppError> {
    let services = request::services();
    let draft = request::take_draft("invitation").await?;
    let found = people::whose_link(&services, &token, &request::visitor()).await;
    let (person, is_new, draft, time_zone) = match found {
        Ok(user) => (
            Some((user.name.clone(), user.email.to_string())),
            user.is_invited(),
            draft,
            user.time_zone,
        ),
        Err(PeopleError::Store(error)) => return Err(request::internal(error)),
        Err(refused) => {
            let errors = [(String::new(), refused.to_string())].into();
            (
                None,
                false,
                FormDraft {
                    errors,
                    ..FormDraft::default()
                },
                String::new(),
            )
        }
    };
    Ok(InvitationView {
        token: if person.is_some() {
            token
        } else {
            String::new()
        },
        person,
        is_new,
        draft,
        time_zone,
    })
}

#[server(endpoint = "accept_invitation")]
async fn accept_invitation(
    #[server(default)] token: String,
    #[server(default)] password: Password,
    #[server(default)] again: Password,
    #[server(default)] time_zone: String,
) -> Result<(), AppError> {
    let services = request::services();
    let visitor = request::visitor();
    let mut errors = FieldErrors::new();
    let zone = zones::find(&time_zone);
    if let Err(error) = &zone {
        errors.insert("time_zone".to_owned(), error.to_string());
    }
    if password != again {
        errors.insert(
            "again".to_owned(),
            "This is not the same as above.".to_owned(),
        );
    }
    if let (Ok(zone), true) = (zone, errors.is_empty()) {
        match people::accept(&services, &token, &password, &zone, &visitor).await {
            Ok(entered) => {
                let Entered::In(user) = entered else {
                    request::flash("Your password is set. Sign in with it.").await?;
                    request::see_other("/sign-in");
                    return Ok(());
                };
                request::start_session(&user).await?;
                // There a new person finds one sentence and one button.
                request::see_other("/");
                return Ok(());
            }
            Err(PeopleError::Store(error)) => return Err(request::internal(error)),
            Err(PeopleError::Password(PasswordError::Busy(busy))) => {
                return Err(request::busy(busy));
            }
            Err(PeopleError::Password(error @ PasswordError::Later(_))) => {
                errors.insert(String::new(), error.to_string());
            }
            Err(PeopleError::Password(error)) => {
                errors.insert("password".to_owned(), error.to_string());
            }
            Err(error) => {
                errors.insert(String::new(), error.to_string());
            }
        }
    }
    back_to_invitation(&token, time_zone, errors).await
}

/// Shows the form again, with what was wrong.
async fn back_to_invitation(
    token: &str,
    time_zone: String,
    errors: islands::error::FieldErrors,
) -> Result<(), AppError> {
    let draft = FormDraft {
        values: [("time_zone".to_owned(), time_zone)].into(),
        errors,
    };
    request::keep_draft("invitation", draft).await?;
    // A link that works is short and plain.
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    let token: String = token.chars().filter(is_plain).take(100).collect();
    request::see_other(&format!(
        "/invitation?link={}",
        crate::percent::encoded(&token)
    ));
    Ok(())
}

/// Behind the link of an invitation; nobody is signed in here.
#[component]
pub fn InvitationPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let token = move || query.with(|query| query.get("link").unwrap_or_default());
    loaded(
        move || invitation(token()),
        |view| view! { <InvitationForm view /> },
    )
}

#[component]
fn InvitationForm(view: InvitationView) -> impl IntoView {
    let InvitationView {
        person,
        is_new,
        token,
        draft,
        time_zone,
    } = view;
    let errors = Signal::stored(draft.errors.clone());
    let Some((name, email)) = person else {
        return view! {
            <Frame title="This link does not work" narrow=true>
                <FormNotice errors />
                <p><a class="button" href="/sign-in">"Sign in"</a></p>
            </Frame>
        }
        .into_any();
    };
    let typed = draft.values.get("time_zone").cloned();
    let takes = is_new && typed.is_none();
    let zone = typed.unwrap_or(time_zone);
    let title = if is_new {
        "Welcome to Kalends"
    } else {
        "Set a new password"
    };
    view! {
        <Frame title narrow=true>
            <p class="lead">{name} ", choose a password. You sign in with " <strong>{email}</strong> "."</p>
            <form class="form form-narrow" method="post" action=AcceptInvitation::url() novalidate>
                <FormNotice errors />
                <input type="hidden" name="token" value=token />
                <Field label="Password" name="password" kind="password" autocomplete="new-password" hint="At least 12 characters." errors />
                <Field label="Password again" name="again" kind="password" autocomplete="new-password" errors />
                <Field label="Time zone" name="time_zone" value=zone hint="Such as Europe/Berlin, or a city." errors />
                <BrowserZone takes />
                <button class="button button-primary">{if is_new { "Begin" } else { "Set the password" }}</button>
            </form>
        </Frame>
    }
    .into_any()
}
