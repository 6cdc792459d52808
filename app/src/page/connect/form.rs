//! The fields of the connect form: both sets in one form, one of them shown, by CSS alone.

use super::{Connect, ConnectView};
use crate::{
    component::{Field, FormNotice, Icon},
    error::FieldErrors,
    page::check::Fix,
};
use leptos::{
    ev::SubmitEvent,
    prelude::*,
    server_fn::ServerFn,
    wasm_bindgen::JsCast,
    web_sys::{HtmlElement, HtmlInputElement},
};

/// The heading of every failed attempt.
pub const FAILED: &str = "Failed to connect exchange calendar";

#[cfg(feature = "ssr")]
pub use names::{PERSONAL, SERVICE, allow_basic, confirm, mend, names_of, starting_values};

#[cfg(feature = "ssr")]
mod names {
    use crate::{draft::FormDraft, error::FieldErrors, page::check::Fix};
    use kalends::connect::FormField;
    use kalends_core::connection::{Connection, Mode};
    use kalends_store::User;

    /// The names of one field set.
    #[derive(Debug, Clone, Copy)]
    pub struct FieldNames {
        pub mailbox: &'static str,
        pub password: &'static str,
        pub account: &'static str,
        pub endpoint: &'static str,
        pub domain: &'static str,
    }

    pub const SERVICE: FieldNames = FieldNames {
        mailbox: "mailbox",
        password: "service_password",
        account: "service_account",
        endpoint: "service_server",
        domain: "service_domain",
    };

    pub const PERSONAL: FieldNames = FieldNames {
        mailbox: "email",
        password: "password",
        account: "username",
        endpoint: "server",
        domain: "domain",
    };

    impl FieldNames {
        /// The messages by the names of their fields.
        pub fn errors_of(self, mistakes: Vec<(FormField, String)>) -> FieldErrors {
            mistakes
                .into_iter()
                .map(|(field, message)| (self.name_of(field).to_owned(), message))
                .collect()
        }

        const fn name_of(self, field: FormField) -> &'static str {
            match field {
                FormField::Mailbox => self.mailbox,
                FormField::Password => self.password,
                FormField::Account => self.account,
                FormField::Endpoint => self.endpoint,
                FormField::Domain => self.domain,
                // With one's own account there is nobody else to ask about.
                FormField::Control => "service_control",
            }
        }
    }

    /// The field set for a way to connect.
    pub const fn names_of(mode: Mode) -> FieldNames {
        match mode {
            Mode::Personal => PERSONAL,
            Mode::Organisation | Mode::ServiceAccount => SERVICE,
        }
    }

    /// Mends a kept form, for the page without script.
    pub fn mend(draft: &mut FormDraft, fix: Fix) {
        let names = if draft.value("service").is_empty() {
            PERSONAL
        } else {
            SERVICE
        };
        let (field, value) = match fix {
            Fix::Mailbox(address) => (names.mailbox, address),
            Fix::Endpoint(endpoint) => (names.endpoint, endpoint),
            Fix::Confirm(host) => return confirm(draft, &host),
            Fix::KeepTrying => ("keep_trying", "true".to_owned()),
            Fix::Basic => return allow_basic(draft),
            // They lead elsewhere than to this form.
            Fix::Through(_) | Fix::Ask(_) => return,
        };
        draft.values.insert(field.to_owned(), value);
    }

    /// Lets a kept form send its password to a host, and says so: it must be typed again.
    pub fn confirm(draft: &mut FormDraft, host: &str) {
        let hosts = super::with_host(&draft.value("confirmed"), host);
        draft.values.insert("confirmed".to_owned(), hosts);
        let note = format!(
            "{host} is confirmed: it may have the password. Type the password again to go on."
        );
        draft.values.insert("note".to_owned(), note);
    }

    /// Lets a kept form send its password by Basic, and says so: it must be typed again.
    pub fn allow_basic(draft: &mut FormDraft) {
        let values = &mut draft.values;
        values.insert("basic".to_owned(), "true".to_owned());
        let note = "Basic is allowed: the password itself goes to the server, over the encrypted connection. Type the password again to go on.";
        values.insert("note".to_owned(), note.to_owned());
    }

    pub fn starting_values(user: &User, connection: Option<&Connection>) -> FormDraft {
        let names = connection.map_or(SERVICE, |connection| names_of(connection.mode));
        let mut draft = FormDraft::default();
        let mut set = |name: &str, value: String| draft.values.insert(name.to_owned(), value);
        set(SERVICE.mailbox, user.email.to_string());
        set(PERSONAL.mailbox, user.email.to_string());
        set(
            "service",
            if names.mailbox == SERVICE.mailbox {
                "true".to_owned()
            } else {
                String::new()
            },
        );
        if let Some(connection) = connection {
            set(names.mailbox, connection.mailbox.to_string());
            set(names.account, connection.account.to_string());
            set(names.endpoint, connection.endpoint.to_string());
        }
        draft
    }
}

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
            action=Connect::url()
            novalidate
            on:submit=move |event| on_submit.run(event)
        >
            <FormNotice errors />
            <DraftNote note=value("note") />
            <input type="hidden" name="confirmed" value=value("confirmed") />
            {match (ways.service, ways.personal) {
                (true, true) => view! {
                    <label class="check">
                        <input type="checkbox" name="service" value="true" checked=!value("service").is_empty() />
                        <span>"Use service account for enhanced security"</span>
                    </label>
                }
                    .into_any(),
                // The one way that is allowed needs no choice.
                (true, false) => view! { <input type="checkbox" name="service" value="true" checked=true hidden /> }.into_any(),
                (false, _) => ().into_any(),
            }}
            {ways.service.then(|| view! { <ServiceFields draft=draft.clone() errors /> })}
            {ways.personal.then(|| view! { <PersonalFields draft=draft.clone() errors /> })}
            {if value("keep_trying").is_empty() {
                view! { <input type="hidden" name="keep_trying" value="false" /> }.into_any()
            } else {
                view! {
                    <label class="check">
                        <input type="checkbox" name="keep_trying" value="true" checked=true />
                        <span>"Keep trying for two hours, until the role takes effect"</span>
                    </label>
                }
                    .into_any()
            }}
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
    draft: crate::draft::FormDraft,
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
fn PersonalFields(draft: crate::draft::FormDraft, errors: Signal<FieldErrors>) -> impl IntoView {
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
    draft: crate::draft::FormDraft,
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

fn focus_first_bad_field() {
    focus("[aria-invalid=true]");
}

/// The first field of the set that is shown.
pub fn focus_first_field() {
    if let Some(field) = shown_field("mailbox", "email") {
        let _ = field.focus();
    }
}

/// Gives the focus to the first element that a selector names.
pub fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Mends the form in place, password untouched, and sends it again. False if there is no such form.
pub fn resubmit_with(fix: &Fix) -> bool {
    let field = match fix {
        Fix::Mailbox(address) => set_shown_field("mailbox", "email", address),
        Fix::Endpoint(endpoint) => set_shown_field("service_server", "server", endpoint),
        Fix::Confirm(host) => {
            let before = shown_field("confirmed", "confirmed").map(|field| field.value());
            let hosts = with_host(&before.unwrap_or_default(), host);
            set_shown_field("confirmed", "confirmed", &hosts)
        }
        Fix::KeepTrying => set_shown_field("keep_trying", "keep_trying", "true"),
        // The password must be typed anew.
        Fix::Through(_) | Fix::Ask(_) | Fix::Basic => None,
    };
    field
        .and_then(|field| field.form())
        .is_some_and(|form| form.request_submit().is_ok())
}

fn with_host(confirmed: &str, host: &str) -> String {
    if confirmed.is_empty() {
        host.to_owned()
    } else {
        format!("{confirmed},{host}")
    }
}

/// Shows the endpoint that was tested in the field where less of it was typed.
pub fn complete_endpoint(endpoint: &str) {
    if !endpoint.is_empty() {
        set_shown_field("service_server", "server", endpoint);
    }
}

/// The next attempt keeps on only if told to again.
pub fn stop_keeping_on() {
    set_shown_field("keep_trying", "keep_trying", "false");
}

/// Fills the field of the set that is shown: one name for each way to connect.
fn set_shown_field(service: &str, personal: &str, value: &str) -> Option<HtmlInputElement> {
    let field = shown_field(service, personal)?;
    field.set_value(value);
    Some(field)
}

fn shown_field(service: &str, personal: &str) -> Option<HtmlInputElement> {
    let find = |selector: &str| document().query_selector(selector).ok().flatten();
    let name = match find(".connect-form input[name=service]:checked") {
        Some(_) => service,
        None => personal,
    };
    find(&format!(".connect-form input[name={name}]"))?
        .dyn_into::<HtmlInputElement>()
        .ok()
}
