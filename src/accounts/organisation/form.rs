//! What an admin types about an account, parsed once; every mistake has its message at its field.

use crate::connect::{self, FormField};
use jiff::civil;
use kalends_core::{
    account_name::Password, clock::Timestamp, connection::Mode, mailbox::SmtpAddress,
};
use kalends_store::Terms;

/// Longer labels fit no table.
const MAX_LABEL: usize = 60;
/// More domains are no organisation's.
const MAX_DOMAINS: usize = 50;

/// The fields of the account forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountField {
    Label,
    Domains,
    Expires,
    /// Of the connection itself; the mailbox is the control mailbox.
    Sign(FormField),
}

/// What was typed.
#[derive(Debug, Default)]
pub struct AccountForm {
    pub label: String,
    pub domains: String,
    /// A date, such as 2027-01-31; may be empty.
    pub expires: String,
    pub account: String,
    pub domain: String,
    pub password: Password,
    pub endpoint: String,
    pub control: String,
    /// Hosts outside the mail domain that the admin confirmed, separated by commas.
    pub confirmed: String,
    /// Sign in by Basic, on purpose.
    pub basic: bool,
}

/// Which dates a password may end on: those that are not over, and the one that is on record.
#[derive(Debug, Clone, Copy)]
pub struct Endings {
    pub now: Timestamp,
    pub on_record: Option<Timestamp>,
}

/// Messages by field, in the order of the fields.
pub type Mistakes = Vec<(AccountField, String)>;

impl AccountForm {
    /// The form for a new account.
    pub fn parse(self, now: Timestamp) -> Result<(Terms, connect::ConnectRequest), Mistakes> {
        let control = self.control.clone();
        let endings = Endings {
            now,
            on_record: None,
        };
        let terms = self.terms(&control, endings);
        match (terms, self.sign_in()) {
            (Ok(terms), Ok(request)) => Ok((terms, request)),
            (terms, request) => {
                let mut mistakes = terms.err().unwrap_or_default();
                mistakes.extend(request.err().unwrap_or_default());
                Err(mistakes)
            }
        }
    }

    /// The part that needs no password. Without domains, that of the control mailbox is meant.
    pub fn terms(&self, control: &str, endings: Endings) -> Result<Terms, Mistakes> {
        let mut mistakes = Vec::new();
        let label = self.label.trim();
        if label.is_empty() {
            mistakes.push((AccountField::Label, "Give the account a name.".to_owned()));
        } else if label.chars().count() > MAX_LABEL || label.chars().any(char::is_control) {
            let message = format!("A name has at most {MAX_LABEL} visible characters.");
            mistakes.push((AccountField::Label, message));
        }
        let domains = domains(&self.domains, control)
            .map_err(|message| mistakes.push((AccountField::Domains, message)));
        let expires_at = expires(&self.expires, endings)
            .map_err(|message| mistakes.push((AccountField::Expires, message)));
        match (domains, expires_at, mistakes.is_empty()) {
            (Ok(domains), Ok(expires_at), true) => Ok(Terms {
                label: label.to_owned(),
                domains,
                expires_at,
            }),
            _ => Err(mistakes),
        }
    }

    /// When the password ends, for forms that ask for nothing else beside it.
    pub fn expires_at(&self, endings: Endings) -> Result<Option<Timestamp>, Mistakes> {
        expires(&self.expires, endings).map_err(|message| vec![(AccountField::Expires, message)])
    }

    /// The part that is tested.
    pub fn sign_in(self) -> Result<connect::ConnectRequest, Mistakes> {
        let form = connect::Form {
            mode: Mode::Organisation,
            mailbox: self.control,
            account: self.account,
            password: self.password,
            endpoint: self.endpoint,
            domain: self.domain,
            control: String::new(),
            confirmed: self.confirmed,
            keep_trying: false,
            basic: self.basic,
        };
        form.parse().map_err(|mistakes| {
            let mistakes = mistakes.into_iter();
            mistakes
                .map(|(field, message)| (AccountField::Sign(field), message))
                .collect()
        })
    }
}

fn domains(typed: &str, control: &str) -> Result<Vec<String>, String> {
    let mut domains = Vec::new();
    for domain in typed.split([',', ';', ' ', '\n', '\r', '\t']) {
        let domain = domain.trim().trim_start_matches('@');
        if domain.is_empty() {
            continue;
        }
        // A domain is one that an address may stand in, and kept in the form in which addresses have it.
        let Ok(address) = format!("a@{domain}").parse::<SmtpAddress>() else {
            return Err(format!(
                "“{domain}” is no mail domain, such as example.com."
            ));
        };
        let domain = address.domain().to_owned();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    if domains.len() > MAX_DOMAINS {
        return Err(format!("At most {MAX_DOMAINS} domains."));
    }
    if domains.is_empty()
        && let Ok(control) = control.parse::<SmtpAddress>()
    {
        domains.push(control.domain().to_owned());
    }
    Ok(domains)
}

/// The end of a day in UTC.
fn expires(typed: &str, endings: Endings) -> Result<Option<Timestamp>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let date: civil::Date = typed
        .parse()
        .map_err(|_| "Type a date as 2027-01-31, or leave it empty.".to_owned())?;
    let midnight = date
        .tomorrow()
        .and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC))
        .map_err(|_| "This date is too far away.".to_owned())?;
    let end = Timestamp::from_seconds(midnight.timestamp().as_second());
    if end <= endings.now && Some(end) != endings.on_record {
        return Err(
            "This day is over. Give the day on which the password will end, or leave it empty."
                .to_owned(),
        );
    }
    Ok(Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-27T15:00:00Z
    const NOW: Timestamp = Timestamp::from_seconds(1_795_791_600);

    fn form() -> AccountForm {
        AccountForm {
            label: "Head office".to_owned(),
            control: "alice@example.test".to_owned(),
            account: "svc@example.test".to_owned(),
            password: Password::from("secret".to_owned()),
            ..AccountForm::default()
        }
    }

    #[test]
    fn domains_are_split_cleaned_and_default_to_that_of_the_control_mailbox() {
        let (terms, _) = form().parse(NOW).expect("valid");
        assert_eq!(terms.domains, ["example.test"]);
        let typed = AccountForm {
            domains: "@Example.test, hosting.test;example.test".to_owned(),
            expires: "2027-01-31".to_owned(),
            ..form()
        };
        let (terms, _) = typed.parse(NOW).expect("valid");
        assert_eq!(terms.domains, ["example.test", "hosting.test"]);
        assert_eq!(
            terms.expires_at,
            Some(Timestamp::from_seconds(1_801_440_000))
        );
    }

    #[test]
    fn every_mistake_is_told_at_its_field() {
        let bad = AccountForm {
            label: " ".to_owned(),
            domains: "localhost".to_owned(),
            expires: "soon".to_owned(),
            control: "alice".to_owned(),
            ..form()
        };
        let fields: Vec<AccountField> = bad
            .parse(NOW)
            .expect_err("mistakes")
            .into_iter()
            .map(|(field, _)| field)
            .collect();
        assert_eq!(
            fields,
            [
                AccountField::Label,
                AccountField::Domains,
                AccountField::Expires,
                AccountField::Sign(FormField::Mailbox)
            ]
        );
    }

    #[test]
    fn a_password_ends_on_no_day_that_is_over_unless_that_is_on_record() {
        let on = |day: &str, on_record| {
            let endings = Endings {
                now: NOW,
                on_record,
            };
            expires(day, endings)
        };
        let yesterday = Timestamp::from_seconds(1_795_737_600);
        assert!(on("2026-11-26", None).is_err_and(|message| message.contains("is over")));
        assert_eq!(on("2026-11-26", Some(yesterday)), Ok(Some(yesterday)));
        assert!(on("2026-11-25", Some(yesterday)).is_err());
        assert!(on("1999-01-01", None).is_err());
        assert!(on("2026-11-27", None).is_ok_and(|end| end.is_some()));
        assert_eq!(on(" ", None), Ok(None));
    }
}
