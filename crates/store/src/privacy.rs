//! How much of calendars is kept, and erasing what is above it: the level and the erasing are one transaction, and a
//! sync run reads the level in the one that writes its entries.

use crate::database::{Engine, Transaction};
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{CheckId, ConnectionId, UserId},
    policy::{Policy, PrivacyLevel},
};

/// Whose copies a change concerns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Copies {
    Everybodys,
    Of(UserId),
}

impl Copies {
    /// A condition on the column with a user's id; $1 is that user.
    const fn condition(self) -> &'static str {
        match self {
            Self::Everybodys => "$1 = ''",
            Self::Of(_) => "user_id = $1",
        }
    }

    fn user(self) -> String {
        match self {
            Self::Everybodys => String::new(),
            Self::Of(user) => user.to_string(),
        }
    }
}

impl Store {
    /// The level in force for a person: the organisation's, or a lower one of their own.
    pub async fn privacy_of(&self, user: UserId) -> Result<PrivacyLevel, StoreError> {
        let policy = self.policy().await?;
        let user = self.user(user).await?.ok_or(StoreError::Corrupt("user"))?;
        Ok(policy.privacy.lowered_by(user.privacy))
    }

    /// Sets a person's own level, `None` for the organisation's. Lowering erases at once; raising makes the entries
    /// read anew.
    pub async fn set_privacy(
        &self,
        user: UserId,
        own: Option<PrivacyLevel>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy: Policy = self.policy().await?;
        let mut tx = self.begin().await?;
        let level = own
            .map(|level| rows::to_name(&level, "privacy"))
            .transpose()?;
        sqlx::query("UPDATE users SET privacy = $2 WHERE id = $1")
            .bind(user.to_string())
            .bind(level)
            .execute(tx.conn())
            .await?;
        self.level_in(
            &mut tx,
            Copies::Of(user),
            policy.privacy.lowered_by(own),
            now,
        )
        .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_person(user).await?;
        tx.commit().await?;
        self.forget_pages().await;
        Ok(())
    }

    /// Erases what is kept above a level, and makes what may be kept below it read anew.
    pub(crate) async fn level_in(
        &self,
        tx: &mut Transaction,
        copies: Copies,
        level: PrivacyLevel,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for sql in erasing(level, copies.condition()) {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(copies.user())
                .execute(tx.conn())
                .await?;
        }
        let due = format!(
            "UPDATE connections SET due_at = $2 WHERE due_at IS NOT NULL AND {}",
            copies.condition()
        );
        sqlx::query(sqlx::AssertSqlSafe(due))
            .bind(copies.user())
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// The level in force for the person of a check, read so that it cannot change before the transaction ends.
    pub(crate) async fn level_for_check(
        &self,
        tx: &mut Transaction,
        check: CheckId,
    ) -> Result<PrivacyLevel, StoreError> {
        let person = "(SELECT user_id FROM checks WHERE id = $1)";
        self.level_where(tx, person, &check.to_string()).await
    }

    /// The level in force for a connection's owner, read so that it cannot change before the transaction ends.
    pub(crate) async fn level_for_writing(
        &self,
        tx: &mut Transaction,
        connection: ConnectionId,
    ) -> Result<PrivacyLevel, StoreError> {
        let owner = "(SELECT user_id FROM connections WHERE id = $1)";
        self.level_where(tx, owner, &connection.to_string()).await
    }

    async fn level_where(
        &self,
        tx: &mut Transaction,
        user: &'static str,
        id: &str,
    ) -> Result<PrivacyLevel, StoreError> {
        let lock = match self.engine() {
            // The only writer there is.
            Engine::Sqlite => "",
            Engine::Postgres => " FOR SHARE",
        };
        let sql = format!("SELECT value FROM policy WHERE rule = 'privacy'{lock}");
        let organisations = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_optional(tx.conn())
            .await?;
        let sql = format!("SELECT privacy FROM users WHERE id = {user}{lock}");
        let own = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
        let organisations = match organisations {
            Some(row) => rows::named(&row, "value")?,
            None => PrivacyLevel::default(),
        };
        let own = match own {
            Some(row) => rows::maybe_named(&row, "privacy")?,
            None => None,
        };
        Ok(organisations.lowered_by(own))
    }

    /// What was erased is overwritten in the file ([`crate::database`] sees to it); this moves it out of the log beside
    /// the file as well. Postgres clears its pages by vacuuming.
    pub(crate) async fn forget_pages(&self) {
        if self.engine() == Engine::Sqlite {
            let cleared = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(self.pool())
                .await;
            if let Err(error) = cleared {
                tracing::warn!(%error, "erased entries stay in the write-ahead log for a while");
            }
        }
    }
}

/// The statements that bring entries and tests down to a level.
fn erasing(level: PrivacyLevel, condition: &str) -> Vec<String> {
    let erased = match level {
        PrivacyLevel::FreeBusy => {
            "subject = NULL, uid = NULL, series_uid = NULL, location = NULL, organizer = NULL, sensitivity = 'Normal'"
        }
        PrivacyLevel::TimesAndTitles => "location = NULL, organizer = NULL",
        PrivacyLevel::Everything => return Vec::new(),
    };
    let mut statements = vec![format!(
        "UPDATE events SET {erased} WHERE calendar_id IN \
         (SELECT k.id FROM calendars k JOIN connections c ON c.id = k.connection_id WHERE {condition})"
    )];
    if level == PrivacyLevel::FreeBusy {
        // A test that shows titles as its proof goes as a whole: without them it would say that there were none.
        statements.push(format!(
            "DELETE FROM checks WHERE outcome LIKE '%\"proof\":[{{%' AND {condition}"
        ));
    }
    statements
}
