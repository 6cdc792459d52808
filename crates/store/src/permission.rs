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
        let sql = format!("SELECT rule, value FROM policy{}", self.row_lock());
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(tx.conn())
            .await?;
        let policy = policy_of(&found)?;
        match Permission::of(&policy, mode) {
            Permission::Never => return Err(StoreError::NotAllowed),
            Permission::AnyMailbox => return Ok(()),
            Permission::OwnOrApproved => {}
        }
        if self.owns_in(tx, reads).await? || self.is_approved_in(tx, reads).await? {
            Ok(())
        } else {
            Err(StoreError::NotAllowed)
        }
    }

    /// Whether the mailbox's address is the person's own.
    pub(crate) async fn owns_in(
        &self,
        tx: &mut Transaction,
        reads: &ConnectedMailbox,
    ) -> Result<bool, StoreError> {
        let main = "SELECT id FROM users WHERE id = $1 AND email = $2";
        let other = "SELECT user_id FROM user_addresses WHERE user_id = $1 AND address = $2";
        Ok(self.finds(tx, main, reads).await? || self.finds(tx, other, reads).await?)
    }

    /// Whether an administrator said that the person may have the mailbox.
    pub(crate) async fn is_approved_in(
        &self,
        tx: &mut Transaction,
        reads: &ConnectedMailbox,
    ) -> Result<bool, StoreError> {
        let approved = "SELECT id FROM mailbox_requests \
                        WHERE user_id = $1 AND mailbox = $2 AND state = 'approved'";
        self.finds(tx, approved, reads).await
    }

    /// Whether a row is found for person $1 and mailbox $2; it stays as it is until the transaction ends.
    async fn finds(
        &self,
        tx: &mut Transaction,
        sql: &'static str,
        reads: &ConnectedMailbox,
    ) -> Result<bool, StoreError> {
        let sql = format!("{sql}{}", self.row_lock());
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(reads.user_id.to_string())
            .bind(reads.mailbox.as_str())
            .fetch_optional(tx.conn())
            .await?;
        Ok(found.is_some())
    }

    /// SQLite has one writer and needs none.
    fn row_lock(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR SHARE",
        }
    }
}
