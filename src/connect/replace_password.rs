//! A person's own refused password, replaced: the saved connection is tested with another one and goes on with it at
//! once. Whatever else is saved stays: the copy, the timeline, the account's other connections.

use super::{
    form::{ConnectRequest, Form, FormField},
    purpose::SavePurpose,
    start::begin,
};
use crate::{
    accounts::permission::{Forbidden, may_type},
    services::Services,
};
use kalends_core::{
    account_name::Password,
    connection::{Connection, Mode, SignInMethod},
    id::CheckId,
};
use kalends_store::{Account, StoreError, User};

/// A connection whose password its person types, with the account that holds it.
#[derive(Debug)]
pub struct OwnConnection {
    pub connection: Connection,
    account: Account,
}

impl OwnConnection {
    /// `None` where nothing is connected, or an administrator holds the password.
    pub async fn of(services: &Services, user: &User) -> Result<Option<Self>, StoreError> {
        let Some(connection) = services.store.connection_of(user.id).await? else {
            return Ok(None);
        };
        if connection.mode == Mode::Organisation {
            return Ok(None);
        }
        let account = services.store.account(connection.account_id).await?;
        Ok(account.map(|account| Self {
            connection,
            account,
        }))
    }

    /// What is tested: everything as it is saved, but the password. The mistakes are those of the password alone.
    pub fn with(&self, password: Password) -> Result<ConnectRequest, Vec<(FormField, String)>> {
        let typed = Form {
            mode: self.connection.mode,
            mailbox: self.connection.mailbox.to_string(),
            account: self.account.name.to_string(),
            password,
            endpoint: self.account.endpoint.to_string(),
            domain: String::new(),
            control: String::new(),
            confirmed: String::new(),
            keep_trying: false,
            basic: self.account.sign_in == SignInMethod::Basic,
        };
        typed.parse()
    }
}

/// Starts the test of another password; if it reaches the end, the password is saved for every connection of the
/// account, and calendars that waited for it are due.
pub async fn replace_mine(
    services: &Services,
    user: &User,
    mine: &OwnConnection,
    request: ConnectRequest,
) -> Result<CheckId, Forbidden> {
    may_type(services, user, request.mode, &request.mailbox).await?;
    let purpose = SavePurpose::Password {
        account_id: mine.account.id,
        connection_id: Some(mine.connection.id),
    };
    begin(services, user, request, purpose).await
}
