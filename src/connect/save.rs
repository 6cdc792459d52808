//! What a check of typed credentials saves: the password is sealed for the host and the account that it was tested with.

use super::{connection_test::Success, form::ConnectRequest, purpose::SavePurpose};
use crate::{accounts::custody::CustodyError, services::Services};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Outcome, TestProof},
    connection::SignInMethod,
    id::{AccountId, ConnectionId, SecretId},
};
use kalends_store::{
    ConnectedMailbox, NewAccount, NewConnection, NextSlot, Terms, User, vault::Destination,
};

/// Saves what was tested, and tells how the check ended.
pub(super) async fn keep(
    services: &Services,
    user: &User,
    request: &ConnectRequest,
    purpose: SavePurpose,
    success: Success,
) -> Result<Outcome, CustodyError> {
    let custody = services.custody();
    let endpoint = &success.endpoint;
    let to = Destination::new(endpoint.host(), &request.account);
    let entry = |action| {
        let how = match request.sign_in {
            SignInMethod::Automatic => "",
            SignInMethod::Basic => ", by Basic on purpose",
        };
        let about = format!(
            "{} through {} at {endpoint}{how}",
            request.mailbox, request.account
        );
        AuditEntry::by(user.id, action).about(about)
    };
    let account = |terms: Terms, secret_id| NewAccount {
        terms,
        name: request.account.clone(),
        endpoint: endpoint.clone(),
        control: request.mailbox.clone(),
        secret_id,
        sign_in: request.sign_in,
    };
    let password = &request.password;
    let outcome = match purpose {
        SavePurpose::Connection => {
            let connection = |secret_id| new_connection(user, request, &success, secret_id);
            let connection_id = custody
                .save(password, connection, &entry(AuditAction::Connected), &to)
                .await?;
            Outcome::Connected {
                connection_id,
                proof: success.proof,
            }
        }
        SavePurpose::NewAccount(terms) => Outcome::AccountSaved {
            account_id: custody
                .add_account(
                    password,
                    |secret| account(terms, secret),
                    &entry(AuditAction::AccountAdded),
                    &to,
                )
                .await?,
        },
        SavePurpose::MoveAccount { account_id, terms } => {
            let new = |secret| account(terms, secret);
            custody
                .move_account(
                    account_id,
                    password,
                    new,
                    &entry(AuditAction::AccountChanged),
                    &to,
                )
                .await?;
            services.idle_connections.close(account_id);
            Outcome::AccountSaved { account_id }
        }
        SavePurpose::NextPassword {
            account_id,
            expires_at,
        } => {
            let tested_at = services.clock.now();
            let next = |secret_id| NextSlot {
                name: request.account.clone(),
                secret_id,
                tested_at,
                expires_at,
            };
            custody
                .put_next(
                    account_id,
                    password,
                    next,
                    &entry(AuditAction::PasswordTested),
                    &to,
                )
                .await?;
            Outcome::AccountSaved { account_id }
        }
        SavePurpose::Password {
            account_id,
            connection_id,
        } => {
            let tested = (account_id, connection_id);
            let entry = entry(AuditAction::PasswordSwitched);
            custody
                .replace_password(tested, password, &entry, &to)
                .await?;
            services.idle_connections.close(account_id);
            of_password(tested, success.proof)
        }
    };
    services.wake.notify_one();
    Ok(outcome)
}

fn new_connection(
    user: &User,
    request: &ConnectRequest,
    success: &Success,
    secret_id: SecretId,
) -> NewConnection {
    NewConnection {
        mode: request.mode,
        reads: ConnectedMailbox {
            user_id: user.id,
            mailbox: request.mailbox.clone(),
            folder_id: success.folder.id.clone(),
            folder_name: success.folder.display_name.clone(),
        },
        account: request.account.clone(),
        endpoint: success.endpoint.clone(),
        secret_id,
        control: request.control.clone(),
        sign_in: request.sign_in,
    }
}

/// How a check of another password ended: for the connection it was tested with, or for the organisation's account.
fn of_password(
    (account_id, tested): (AccountId, Option<ConnectionId>),
    proof: Vec<TestProof>,
) -> Outcome {
    match tested {
        Some(connection_id) => Outcome::Connected {
            connection_id,
            proof,
        },
        None => Outcome::AccountSaved { account_id },
    }
}
