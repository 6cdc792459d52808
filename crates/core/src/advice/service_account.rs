//! How to set up a service account for Exchange, verify it and take it away: the words and commands of its page.

use super::{
    names::Names,
    powershell::{plain, quote_or},
    role,
    wording::{Command, Purpose, place_of},
};
use serde::{Deserialize, Serialize};

/// A part of the guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// For links within the page.
    pub id: String,
    pub title: String,
    pub text: Vec<String>,
    pub commands: Vec<Command>,
}

/// The guide, its commands filled in with `names`.
pub fn service_account(names: &Names) -> Vec<Section> {
    let (account, mailbox) = (&names.account, &names.mailbox);
    let (sign_in, short) = sign_in_names(account);
    vec![
        section("create", "1. Create the account")
            .says("Use an account of its own, so that nobody's password change stops the calendars. It needs no mailbox.")
            .says("Give it a long password that does not expire, and let it sign in nowhere else.")
            .run(format!(
                "New-ADUser -Name {short} -SamAccountName {short} -UserPrincipalName {sign_in} -AccountPassword (Read-Host -AsSecureString 'Password') -PasswordNeverExpires $true -Enabled $true"
            ))
            .verify(format!(
                "Get-ADUser {short} -Properties PasswordNeverExpires | Format-List UserPrincipalName,Enabled,PasswordNeverExpires"
            )),
        section("grant", "2. Grant the role")
            .says("The role ApplicationImpersonation lets the account act for mailboxes. Kalends uses it to read calendars. Grant it in one of two ways.")
            .says("For every mailbox:")
            .run(role::grant(account)),
        section("scope", "Or: only for the members of a group")
            .says("Put the group's name in the place of GROUP. Only direct members count, not those of groups within the group.")
            .run(role::scope())
            .run(role::grant_scoped(account))
            .verify(role::scope_members()),
        section("verify", "3. Verify")
            .says("The first command lists who may act for the mailbox: the account must be among them. The second shows whether EWS, the door that Kalends uses, is open for it.")
            .verify(role::who_may_act_for(mailbox))
            .verify(format!(
                "Get-CASMailbox {} | Format-List Ews*",
                quote_or(mailbox, "MAILBOX")
            )),
        section("connect", "4. Connect")
            .says("Open the connect form, choose the service account, and type the mailbox, the account and its password. Kalends tests everything before it saves anything."),
        section("trouble", "If it does not work")
            .says("A role takes effect within an hour. Until then Exchange says that the account may not act for the mailbox.")
            .says("If some mailboxes work and others do not, the others are outside the scope.")
            .says("If the password is refused, try the account's other name, DOMAIN\\user in place of user@domain.")
            .find_out(role::holders()),
        section("revoke", "Take it back")
            .says("Disconnect in Kalends first, so that it stops asking. Then remove the role, the scope if you made one, and the account.")
            .undo(role::revoke())
            .undo(role::remove_scope())
            .undo(format!("Disable-ADAccount {short}")),
    ]
}

/// The account's sign-in name, and the short name without its domain, both quoted.
fn sign_in_names(account: &str) -> (String, String) {
    let account = plain(account);
    let short = match (account.rsplit_once('\\'), account.split_once('@')) {
        (Some((_, user)), _) | (None, Some((user, _))) => user,
        (None, None) => &account,
    };
    let upn = if account.contains('@') {
        account.as_str()
    } else {
        "USER@DOMAIN"
    };
    (quote_or(upn, "USER@DOMAIN"), quote_or(short, "ACCOUNT"))
}

fn section(id: &str, title: &str) -> Section {
    Section {
        id: id.to_owned(),
        title: title.to_owned(),
        text: Vec::new(),
        commands: Vec::new(),
    }
}

impl Section {
    fn says(mut self, text: &str) -> Self {
        self.text.push(text.to_owned());
        self
    }

    fn command(mut self, purpose: Purpose, text: String) -> Self {
        self.commands.push(Command {
            purpose,
            place: place_of(&text).to_owned(),
            text,
        });
        self
    }

    fn find_out(self, text: String) -> Self {
        self.command(Purpose::FindOut, text)
    }

    fn run(self, text: String) -> Self {
        self.command(Purpose::Run, text)
    }

    fn verify(self, text: String) -> Self {
        self.command(Purpose::Verify, text)
    }

    fn undo(self, text: String) -> Self {
        self.command(Purpose::Undo, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(account: &str) -> String {
        let names = Names {
            account: account.to_owned(),
            utc_offset: None,
            ..Names::example()
        };
        let commands = service_account(&names).into_iter();
        let texts: Vec<String> = commands
            .flat_map(|section| section.commands)
            .map(|command| command.text)
            .collect();
        texts.join("\n")
    }

    #[test]
    fn the_account_stands_in_the_commands_under_each_of_its_names() {
        let text = commands("svc-kalends@example.test");
        assert!(text.contains("-User 'svc-kalends@example.test'"), "{text}");
        assert!(text.contains("-UserPrincipalName 'svc-kalends@example.test'"));
        assert!(text.contains("-SamAccountName 'svc-kalends'"), "{text}");
        let text = commands("EXAMPLE\\svc");
        assert!(text.contains("-User 'EXAMPLE\\svc'"), "{text}");
        assert!(text.contains("-SamAccountName 'svc' -UserPrincipalName 'USER@DOMAIN'"));
        let text = commands("");
        assert!(text.contains("-User 'ACCOUNT'"), "{text}");
    }

    #[test]
    fn a_hostile_name_stays_within_its_quotes_in_every_command() {
        let text = commands("x’; Remove-Mailbox ‘y\u{0}\n$(z)@example.test");
        assert!(!text.contains("x’; Remove"), "{text}");
        assert!(text.contains("'x’’; Remove-Mailbox ‘‘y$(z)"), "{text}");
    }
}
