//! The names of the fields of both ways to connect, and the changes that a kept form takes.

use crate::{draft::FormDraft, page::check::Fix};
use islands::{connect::with_host, error::FieldErrors};
use kalends::connect::FormField;
use kalends_core::connection::Mode;

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
    let hosts = with_host(&draft.value("confirmed"), host);
    draft.values.insert("confirmed".to_owned(), hosts);
    let note =
        format!("{host} is confirmed: it may have the password. Type the password again to go on.");
    draft.values.insert("note".to_owned(), note);
}

/// Lets a kept form send its password by Basic, and says so: it must be typed again.
pub fn allow_basic(draft: &mut FormDraft) {
    let values = &mut draft.values;
    values.insert("basic".to_owned(), "true".to_owned());
    let note = "Basic is allowed: the password itself goes to the server, over the encrypted connection. Type the password again to go on.";
    values.insert("note".to_owned(), note.to_owned());
}
