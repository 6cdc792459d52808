//! Two people and one mailbox. The owner of a verified address wins over a connection that nobody approved; one that an
//! administrator approved stays; both are told. One mailbox is one calendar folder, however its address is spelt.

use crate::database::Transaction;
use crate::{error::StoreError, rows, saving::ConnectedMailbox, store::Store, users::User};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::{ConnectionId, RecordId, SecretId, UserId},
    mailbox::SmtpAddress,
    topic::Topic,
};
use sqlx::any::AnyRow;
use std::time::Duration;

/// For how long both people read of it.
const TOLD: Duration = Duration::from_hours(24 * 30);

/// Somebody's own mailbox that another person had connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub owner: User,
    pub holder: User,
    /// As the holder had spelt it.
    pub mailbox: SmtpAddress,
    /// The holder's connection was ended: nobody had approved it.
    pub is_ended: bool,
    pub at: Timestamp,
}

/// A connection of somebody else to the same mailbox.
struct Holder {
    connection: ConnectionId,
    user_id: UserId,
    mailbox: SmtpAddress,
    /// An administrator said that they may have it, or connected it; or it is their own address.
    is_entitled: bool,
}

/// Everybody else who has connected mailbox $2, whose calendar is folder $3 at host $4. A server says what it likes of
/// folders: their ids are compared within one host, and among the organisation's own servers.
const HOLDERS: &str = "SELECT DISTINCT c.id, c.user_id, c.mailbox, \
     CAST(CASE WHEN c.created_by IS NOT NULL \
       OR EXISTS (SELECT 1 FROM mailbox_requests r WHERE r.user_id = c.user_id AND r.mailbox = c.mailbox AND r.state = 'approved') \
       OR EXISTS (SELECT 1 FROM users u WHERE u.id = c.user_id AND u.email = c.mailbox) \
       OR EXISTS (SELECT 1 FROM user_addresses a WHERE a.user_id = c.user_id AND a.address = c.mailbox) \
     THEN 1 ELSE 0 END AS SMALLINT) AS entitled \
     FROM connections c JOIN accounts a ON a.id = c.account_id LEFT JOIN calendars f ON f.connection_id = c.id \
     WHERE c.user_id <> $1 AND (c.mailbox = $2 OR (f.folder_id = $3 AND (a.host = $4 OR ( \
       EXISTS (SELECT 1 FROM known_servers k WHERE k.host = a.host) \
       AND EXISTS (SELECT 1 FROM known_servers k WHERE k.host = $4))))) ORDER BY c.user_id, c.id";

fn holder(row: &AnyRow) -> Result<Holder, StoreError> {
    Ok(Holder {
        connection: rows::parsed(row, "id")?,
        user_id: rows::parsed(row, "user_id")?,
        mailbox: rows::parsed(row, "mailbox")?,
        is_entitled: rows::flag(row, "entitled")?,
    })
}

impl Store {
    /// Makes room for a connection that is being saved, or fails with [`StoreError::MailboxTaken`]. Returns whose
    /// connections were ended for it, with the secrets that nothing points to any more.
    pub(crate) async fn claim_in(
        &self,
        tx: &mut Transaction,
        reads: &ConnectedMailbox,
        host: &str,
        now: Timestamp,
        released: &mut Vec<SecretId>,
    ) -> Result<(), StoreError> {
        let found = sqlx::query(HOLDERS)
            .bind(reads.user_id.to_string())
            .bind(reads.mailbox.as_str())
            .bind(&reads.folder_id)
            .bind(host)
            .fetch_all(tx.conn())
            .await?;
        let holders: Vec<Holder> = found.iter().map(holder).collect::<Result<_, _>>()?;
        if holders.is_empty() {
            return Ok(());
        }
        if !self.owns_in(tx, reads).await? {
            return if self.is_approved_in(tx, reads).await? {
                Ok(())
            } else {
                Err(StoreError::MailboxTaken)
            };
        }
        for holder in holders {
            let is_ended = !holder.is_entitled;
            if is_ended {
                let subject = format!("{}, which is the address of somebody else", holder.mailbox);
                let entry = AuditEntry::by_kalends(AuditAction::Disconnected).about(subject);
                self.end_connection_in(tx, (holder.connection, holder.user_id), released)
                    .await?;
                self.audit_in(tx, &entry, now).await?;
            }
            self.note_claim(tx, reads, &holder, is_ended, now).await?;
        }
        Ok(())
    }

    async fn note_claim(
        &self,
        tx: &mut Transaction,
        reads: &ConnectedMailbox,
        holder: &Holder,
        is_ended: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM mailbox_claims WHERE owner_id = $1 AND holder_id = $2 OR at < $3")
            .bind(reads.user_id.to_string())
            .bind(holder.user_id.to_string())
            .bind((now - TOLD).millis())
            .execute(tx.conn())
            .await?;
        tx.changed([reads.user_id, holder.user_id].map(Topic::Person));
        sqlx::query(
            "INSERT INTO mailbox_claims (id, owner_id, holder_id, mailbox, ended, at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(RecordId::new(now, self.random.bytes()).to_string())
        .bind(reads.user_id.to_string())
        .bind(holder.user_id.to_string())
        .bind(holder.mailbox.as_str())
        .bind(i16::from(is_ended))
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// What a person is told about mailboxes that two have claimed, in the last 30 days.
    pub async fn claims_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let found = sqlx::query(
            "SELECT owner_id, holder_id, mailbox, ended, at FROM mailbox_claims \
             WHERE (owner_id = $1 OR holder_id = $1) AND at >= $2 ORDER BY at DESC, id",
        )
        .bind(user.to_string())
        .bind((now - TOLD).millis())
        .fetch_all(self.pool())
        .await?;
        let mut claims = Vec::new();
        for row in &found {
            let owner = self.user(rows::parsed(row, "owner_id")?).await?;
            let holder = self.user(rows::parsed(row, "holder_id")?).await?;
            if let (Some(owner), Some(holder)) = (owner, holder) {
                claims.push(Claim {
                    owner,
                    holder,
                    mailbox: rows::parsed(row, "mailbox")?,
                    is_ended: rows::flag(row, "ended")?,
                    at: rows::instant(row, "at")?,
                });
            }
        }
        Ok(claims)
    }
}
