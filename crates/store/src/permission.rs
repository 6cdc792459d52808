//! What the organisation's rules allow, asked once more within the transaction that saves a connection: they may have
//! changed while it was tested.

use crate::database::{Engine, Transaction};
use crate::{error::StoreError, policy::policy_of, saving::ConnectedMailbox, store::Store};
use kalends_core::{connection::Mode, permission::Permission};

impl Store {
    /// Fails with [`StoreError::NotAllowed`] if the person may not connect the mailbox in this way. Whoever takes a
    /// permission back meanwhile waits for the end of this transaction, and finds what it saved.
    pub(crate) async fn refuse_forbidden(
        &self,
        tx: &mut Transaction,
        mode: Mode,
        reads: &ConnectedMailbox,
    ) -> Result<(), StoreError> {
        let lock = match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR SHARE",
        };
        let sql = format!("SELECT rule, value FROM policy{lock}");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(tx.conn())
            .await?;
        let policy = policy_of(&found)?;
        match Permission::of(&policy, mode) {
            Permission::Never => return Err(StoreError::NotAllowed),
            Permission::AnyMailbox => return Ok(()),
            Permission::OwnOrApproved => {}
        }
        for sql in [
            "SELECT id FROM users WHERE id = $1 AND email = $2",
            "SELECT user_id FROM user_addresses WHERE user_id = $1 AND address = $2",
            "SELECT id FROM mailbox_requests WHERE user_id = $1 AND mailbox = $2 AND state = 'approved'",
        ] {
            let found = sqlx::query(sqlx::AssertSqlSafe(format!("{sql}{lock}")))
                .bind(reads.user_id.to_string())
                .bind(reads.mailbox.as_str())
                .fetch_optional(tx.conn())
                .await?;
            if found.is_some() {
                return Ok(());
            }
        }
        Err(StoreError::NotAllowed)
    }
}
