//! The fields of the connect form: both sets in one form, one of them shown, by CSS alone.

use super::{
    address::CONNECT,
    dom::focus_first_bad_field,
    view::{AllowedWays, ConnectView},
};
use crate::{
    component::{Field, FormNotice, Icon},
    draft::FormDraft,
    error::FieldErrors,
};
use leptos::{ev::SubmitEvent, prelude::*};

#[component]
pub fn ConnectForm(
    view: ConnectView,
    on_submit: Callback<SubmitEvent>,
    errors: Signal<FieldErrors>,
    busy: Signal<bool>,
    /// Stands above the button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (draft, ways) = (view.draft, view.ways);
    let value = {
        let draft = draft.clone();
        move |name: &str| draft.value(name)
    };
    let wrong = move || errors.with(|all| all.keys().any(|name| !name.is_empty()));
    Effect::new(move |_| {
        if wrong() {
            focus_first_bad_field();
        }
    });
    view! {
        {move || wrong().then(|| view! {
                        <div class="form-failed" role="alert">
                            <h2 class="notice-heading">{Icon::Failed.view()} "Nothing was tried yet: look at the marked fields"</h2>
                        </div>
                    })}
        <form
            id="connect-form"
            class="form connect-form"
            method="post"
            action=CONNECT
            novalidate
            on:submit=move |event| on_submit.run(event)
        >
            <FormNotice errors />
            <DraftNote note=value("note") />
            <input type="hidden" name="confirmed" value=value("confirmed") />
            <ServiceChoice ways checked=!value("service").is_empty() />
            {ways.service.then(|| view! { <ServiceFields draft=draft.clone() errors /> })}
            {ways.personal.then(|| view! { <PersonalFields draft=draft.clone() errors /> })}
            <KeepTrying wanted=!value("keep_trying").is_empty() />
            {(!value("basic").is_empty()).then(|| view! { <ByBasic checked=true /> })}
            {children.map(|children| children())}
            <div class="form-actions form-end">
                <button class="button button-primary" disabled=move || busy.get()>
                    "Connect"
                </button>
            </div>
        </form>
    }
}

/// Which account signs in: a choice only where both are allowed.
#[component]
fn ServiceChoice(ways: AllowedWays, checked: bool) -> impl IntoView {
    match (ways.service, ways.personal) {
        (true, true) => view! {
            <label class="check">
                <input type="checkbox" name="service" value="true" checked=checked />
                <span>"Use service account for enhanced security"</span>
            </label>
        }
        .into_any(),
        // The one way that is allowed needs no choice.
        (true, false) => {
            view! { <input type="checkbox" name="service" value="true" checked=true hidden /> }
                .into_any()
        }
        (false, _) => ().into_any(),
    }
}

/// A wish to go on trying can be taken back; it cannot be made here.
#[component]
fn KeepTrying(wanted: bool) -> impl IntoView {
    if wanted {
        view! {
            <label class="check">
                <input type="checkbox" name="keep_trying" value="true" checked=true />
                <span>"Keep trying for two hours, until the role takes effect"</span>
            </label>
        }
        .into_any()
    } else {
        view! { <input type="hidden" name="keep_trying" value="false" /> }.into_any()
    }
}

/// What was changed in a kept form; the password is kept nowhere, and must be typed again.
#[component]
pub fn DraftNote(note: String) -> impl IntoView {
    (!note.is_empty()).then(|| view! { <p class="notice" role="status">{note}</p> })
}

/// Whether the password itself may go to the server.
#[component]
pub fn ByBasic(checked: bool) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="basic" value="true" checked=checked />
            <span>"Sign in by Basic, which sends the password itself"</span>
        </label>
    }
}

/// Through a service account.
#[component]
pub fn ServiceFields(
    draft: FormDraft,
    errors: Signal<FieldErrors>,
    /// What becomes of the password.
    #[prop(default = "Stored encrypted, opened only to call Exchange.")]
    kept: &'static str,
) -> impl IntoView {
    let [mailbox, account, control] =
        ["mailbox", "service_account", "service_control"].map(|name| draft.value(name));
    let unfolded = !control.is_empty();
    view! {
        <fieldset class="field-set field-set-service">
            <legend class="sr-only">"Service account"</legend>
            <p class="field-hint">
                "Kalends reads the calendar through one account that your administrator controls. Your own password is not needed. "
                <a href="/help/service-account" rel="external" target="_blank">"Using an Exchange service account"</a>
            </p>
            <Field
                label="User email to access"
                name="mailbox"
                kind="email"
                inputmode="email"
                value=mailbox
                hint="The primary address of the mailbox whose calendar you want to see."
                errors
            />
            <Field
                label="Service account username"
                name="service_account"
                value=account
                hint="As user@domain or DOMAIN\\user."
                errors
            />
            <Field
                label="Service account password"
                name="service_password"
                kind="password"
                autocomplete="off"
                hint=kept
                errors
            />
            <Advanced server="service_server" domain="service_domain" draft errors />
            <details class="more" open=unfolded>
                <summary>"More"</summary>
                <Field
                    label="Another mailbox that works"
                    name="service_control"
                    aside="optional"
                    kind="email"
                    inputmode="email"
                    value=control
                    hint="One that the service account is known to reach. If yours is refused, Kalends looks whether that one is, too, and so tells a missing role from a mailbox outside its scope."
                    errors
                />
            </details>
        </fieldset>
    }
}

/// With one's own account.
#[component]
fn PersonalFields(draft: FormDraft, errors: Signal<FieldErrors>) -> impl IntoView {
    view! {
        <fieldset class="field-set field-set-personal">
            <legend class="sr-only">"Your own account"</legend>
            <p class="field-hint">"Kalends signs in to Exchange as you."</p>
            <Field
                label="Email"
                name="email"
                kind="email"
                inputmode="email"
                autocomplete="email"
                value=draft.value("email")
                hint="The primary address of your mailbox."
                errors
            />
            <Field
                label="Password"
                name="password"
                kind="password"
                autocomplete="off"
                hint="The one you sign in to Windows or Outlook with. Stored encrypted."
                errors
            />
            <Field
                label="Username"
                name="username"
                aside="optional"
                value=draft.value("username")
                hint="As user@domain or DOMAIN\\user. Leave empty if you sign in with your email address."
                errors
            />
            <Advanced server="server" domain="domain" draft errors />
        </fieldset>
    }
}

/// The two fields that only some need.
#[component]
fn Advanced(
    server: &'static str,
    domain: &'static str,
    draft: FormDraft,
    errors: Signal<FieldErrors>,
) -> impl IntoView {
    view! {
        <Field
            label="Exchange server"
            name=server
            aside="optional"
            inputmode="url"
            value=draft.value(server)
            hint="Leave empty to find it by Autodiscover. Otherwise like https://mail.example.com/EWS/Exchange.asmx."
            errors
        />
        <Field
            label="Domain"
            name=domain
            aside="optional"
            value=draft.value(domain)
            hint="Only if the username is given without one."
            errors
        />
    }
}
