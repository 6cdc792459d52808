//! The connect form, parsed once into types that cannot be wrong; every mistake has its message at its field.

use kalends_core::{
    account_name::{AccountName, AccountNameError, Password},
    advice::{Names, advice},
    check::{Goal, Typed},
    connection::{Mode, SignInMethod},
    endpoint::{EndpointError, EwsUrl, names_exchange_online},
    mailbox::{AddressError, SmtpAddress},
    problem::Problem,
};
use kalends_exchange::outbound::guard::bare_host;

/// What a person typed into one field set.
#[derive(Debug)]
pub struct Form {
    pub mode: Mode,
    pub mailbox: String,
    pub account: String,
    pub password: Password,
    pub endpoint: String,
    pub domain: String,
    /// Another mailbox that the service account reaches; may be empty.
    pub control: String,
    /// Hosts outside the mail domain that the person confirmed, separated by commas.
    pub confirmed: String,
    /// Go on trying while the role is not in effect.
    pub keep_trying: bool,
    /// Send the password by Basic, on purpose.
    pub basic: bool,
}

/// The most hosts that one attempt may confirm.
const MAX_CONFIRMED: usize = 5;

/// The fields of a field set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormField {
    Mailbox,
    Account,
    Password,
    Endpoint,
    Domain,
    Control,
}

/// A form without mistakes.
#[derive(Debug)]
pub struct ConnectRequest {
    pub mode: Mode,
    pub mailbox: SmtpAddress,
    pub account: AccountName,
    pub password: Password,
    /// `None`: to be found by Autodiscover.
    pub endpoint: Option<EwsUrl>,
    /// A mailbox that the account is known to reach.
    pub control: Option<SmtpAddress>,
    /// Hosts outside the mail domain that may have the password.
    pub confirmed: Vec<String>,
    /// Whether to go on trying while the role is not in effect.
    pub keep_trying: bool,
    pub sign_in: SignInMethod,
    /// What is kept of the form with the check.
    pub typed: Typed,
}

impl Form {
    /// All mistakes at once, in the order of the fields.
    pub fn parse(self) -> Result<ConnectRequest, Vec<(FormField, String)>> {
        let mut mistakes = Vec::new();
        let mailbox = self
            .mailbox
            .parse::<SmtpAddress>()
            .map_err(|error: AddressError| {
                mistakes.push((FormField::Mailbox, error.to_string()));
            });
        let account = self.account_name().map_err(|error| {
            let field = if error.is_about_domain() {
                FormField::Domain
            } else {
                FormField::Account
            };
            // An empty name means the address, whose own mistake is told there.
            if !(self.means_address() && mailbox.is_err()) {
                mistakes.push((field, error.to_string()));
            }
            let domain = AccountName::domain_mistake(&self.domain);
            if let Some(other) = domain.filter(|_| !error.is_about_domain()) {
                mistakes.push((FormField::Domain, other.to_string()));
            }
        });
        if let Some(message) = password_mistake(&self.password) {
            mistakes.push((FormField::Password, message.to_owned()));
        }
        let endpoint = endpoint(&self.endpoint)
            .map_err(|message| mistakes.push((FormField::Endpoint, message)));
        let control = self
            .control()
            .map_err(|error| mistakes.push((FormField::Control, error.to_string())));
        match (mailbox, account, endpoint, control, mistakes.is_empty()) {
            (Ok(mailbox), Ok(account), Ok(endpoint), Ok(control), true) => {
                Ok(self.into_request(mailbox, account, endpoint, control))
            }
            _ => Err(mistakes),
        }
    }

    /// The request, of fields that were parsed and the rest as it was typed.
    fn into_request(
        self,
        mailbox: SmtpAddress,
        account: AccountName,
        endpoint: Option<EwsUrl>,
        control: Option<SmtpAddress>,
    ) -> ConnectRequest {
        let typed = Typed {
            mailbox: mailbox.to_string(),
            account: account.to_string(),
            domain: self.domain.trim().to_owned(),
            endpoint: endpoint
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            goal: Goal::default(),
        };
        ConnectRequest {
            mode: self.mode,
            mailbox,
            account,
            password: self.password,
            endpoint,
            control,
            confirmed: confirmed(&self.confirmed),
            keep_trying: self.keep_trying,
            sign_in: if self.basic {
                SignInMethod::Basic
            } else {
                SignInMethod::Automatic
            },
            typed,
        }
    }

    fn control(&self) -> Result<Option<SmtpAddress>, AddressError> {
        match (self.mode, self.control.trim()) {
            (Mode::Personal, _) | (Mode::Organisation | Mode::ServiceAccount, "") => Ok(None),
            (Mode::Organisation | Mode::ServiceAccount, typed) => typed.parse().map(Some),
        }
    }

    /// With one's own account an empty name means the mail address.
    fn means_address(&self) -> bool {
        self.mode == Mode::Personal
            && self.account.trim().is_empty()
            && self.domain.trim().is_empty()
    }

    fn account_name(&self) -> Result<AccountName, AccountNameError> {
        if self.means_address() {
            return AccountName::parse(&self.mailbox, "");
        }
        AccountName::parse(&self.account, &self.domain)
    }
}

fn confirmed(hosts: &str) -> Vec<String> {
    hosts
        .split(',')
        .map(|host| bare_host(host.trim()))
        .filter(|host| !host.is_empty() && host.len() <= 253)
        .take(MAX_CONFIRMED)
        .collect()
}

fn password_mistake(password: &Password) -> Option<&'static str> {
    if password.is_empty() {
        Some("Enter the password.")
    } else if password.reveal().chars().count() > Password::MAX {
        Some("A password has at most 256 characters.")
    } else if password.reveal().chars().any(char::is_control) {
        Some("This contains control characters. Type the password instead of pasting it.")
    } else {
        None
    }
}

fn endpoint(typed: &str) -> Result<Option<EwsUrl>, String> {
    if names_exchange_online(typed) {
        let truth = advice(&Problem::ExchangeOnline, &Names::default());
        return Err(format!("{} {}", truth.title, truth.meaning));
    }
    match typed.parse::<EwsUrl>() {
        Ok(url) => Ok(Some(url)),
        Err(EndpointError::Empty) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(mode: Mode) -> Form {
        Form {
            mode,
            mailbox: "bob@example.test".to_owned(),
            account: "svc@example.test".to_owned(),
            password: Password::from("secret".to_owned()),
            endpoint: String::new(),
            domain: String::new(),
            control: String::new(),
            confirmed: String::new(),
            keep_trying: false,
            basic: false,
        }
    }

    #[test]
    fn every_mistake_is_told_at_its_field() {
        let bad = Form {
            mailbox: "bob".to_owned(),
            account: "EXAMPLE\\svc".to_owned(),
            domain: "EXAMPLE".to_owned(),
            password: Password::default(),
            endpoint: "http://mail.example.test".to_owned(),
            control: "alice".to_owned(),
            ..form(Mode::ServiceAccount)
        };
        let fields: Vec<FormField> = bad
            .parse()
            .expect_err("mistakes")
            .into_iter()
            .map(|(field, _)| field)
            .collect();
        assert_eq!(
            fields,
            [
                FormField::Mailbox,
                FormField::Domain,
                FormField::Password,
                FormField::Endpoint,
                FormField::Control
            ]
        );
    }

    #[test]
    fn a_domain_is_told_beside_an_empty_name_and_an_empty_address_alone() {
        let fields = |form: Form| -> Vec<FormField> {
            let mistakes = form.parse().expect_err("mistakes").into_iter();
            mistakes.map(|(field, _)| field).collect()
        };
        let bad = Form {
            account: String::new(),
            domain: "bad domain!".to_owned(),
            password: Password::default(),
            ..form(Mode::ServiceAccount)
        };
        assert_eq!(
            fields(bad),
            [FormField::Account, FormField::Domain, FormField::Password]
        );
        let empty = Form {
            mailbox: String::new(),
            account: String::new(),
            ..form(Mode::Personal)
        };
        assert_eq!(fields(empty), [FormField::Mailbox]);
    }

    #[test]
    fn ones_own_account_may_be_the_mail_address() {
        let own = Form {
            account: String::new(),
            ..form(Mode::Personal)
        };
        assert_eq!(
            own.parse().expect("valid").account,
            AccountName::Upn("bob@example.test".to_owned())
        );
        let service = Form {
            account: String::new(),
            ..form(Mode::ServiceAccount)
        };
        assert_eq!(service.parse().expect_err("mistake").len(), 1);
    }

    #[test]
    fn exchange_online_is_told_at_the_endpoint() {
        let cloud = Form {
            endpoint: "https://smtp.office365.com/x".to_owned(),
            ..form(Mode::ServiceAccount)
        };
        let mistakes = cloud.parse().expect_err("mistake");
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].1.contains("2025"), "{}", mistakes[0].1);
    }
}
