//! Which servers are the organisation's own, as far as the main database knows.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    account_name::AccountName, clock::Timestamp, connection::Mode, mailbox::SmtpAddress,
    rights::Role,
};

/// A server of the organisation, as it was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownServer {
    pub host: String,
    pub address: String,
    /// Of its certificate; empty if that could not be read.
    pub fingerprint: String,
}

/// Ways to reach one server that are remembered.
const MAX_OF_ONE: i64 = 16;

impl Store {
    /// The hosts of the organisation's accounts, and those where an account of this bare name works for a connection
    /// that an administrator made or approved.
    pub async fn vouched_hosts(&self, bare_name: &str) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query(
            "SELECT a.host, a.name, a.kind FROM accounts a WHERE a.kind = $1 OR EXISTS ( \
             SELECT 1 FROM connections c JOIN users u ON u.id = c.user_id WHERE c.account_id = a.id \
             AND (c.created_by IS NOT NULL OR u.role = $2 OR EXISTS ( \
             SELECT 1 FROM mailbox_requests r WHERE r.user_id = c.user_id AND r.mailbox = c.mailbox AND r.state = 'approved')))",
        )
        .bind(rows::to_name(&Mode::Organisation, "kind")?)
        .bind(rows::to_name(&Role::Admin, "role")?)
        .fetch_all(self.pool())
        .await?;
        let mut hosts = Vec::new();
        for row in &found {
            let host = rows::text(row, "host")?;
            let name: AccountName = rows::json(row, "name")?;
            let kind: Mode = rows::named(row, "kind")?;
            let is_ours = kind == Mode::Organisation || name.refusal_key() == bare_name;
            if is_ours && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Ok(hosts)
    }

    /// The organisation's mail domains: those of its accounts, and those of its administrators' addresses.
    pub async fn vouched_domains(&self) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query("SELECT domain FROM account_domains")
            .fetch_all(self.pool())
            .await?;
        let mut domains: Vec<String> = found
            .iter()
            .map(|row| rows::text(row, "domain"))
            .collect::<Result<_, _>>()?;
        let admins = sqlx::query("SELECT email FROM users WHERE role = $1")
            .bind(rows::to_name(&Role::Admin, "role")?)
            .fetch_all(self.pool())
            .await?;
        for row in &admins {
            let email: SmtpAddress = rows::parsed(row, "email")?;
            domains.push(email.domain().to_owned());
        }
        Ok(domains)
    }

    /// Remembers how a server of the organisation was reached; writes only if that is new.
    pub async fn know_server(
        &self,
        server: &KnownServer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = sqlx::query(
            "SELECT host FROM known_servers WHERE host = $1 AND address = $2 AND fingerprint = $3",
        )
        .bind(&server.host)
        .bind(&server.address)
        .bind(&server.fingerprint)
        .fetch_optional(self.pool())
        .await?;
        if known.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO known_servers (host, address, fingerprint, seen_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (host, address, fingerprint) DO NOTHING",
        )
        .bind(&server.host)
        .bind(&server.address)
        .bind(&server.fingerprint)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "DELETE FROM known_servers WHERE host = $1 AND seen_at < (SELECT MIN(seen_at) FROM ( \
             SELECT seen_at FROM known_servers WHERE host = $1 ORDER BY seen_at DESC LIMIT $2) AS newest)",
        )
        .bind(&server.host)
        .bind(MAX_OF_ONE)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Servers that were reached at this address, or that showed this certificate.
    pub async fn servers_like(
        &self,
        address: &str,
        fingerprint: &str,
    ) -> Result<Vec<String>, StoreError> {
        let found = sqlx::query(
            "SELECT DISTINCT host FROM known_servers WHERE address = $1 OR (fingerprint = $2 AND fingerprint <> '')",
        )
        .bind(address)
        .bind(fingerprint)
        .fetch_all(self.pool())
        .await?;
        found.iter().map(|row| rows::text(row, "host")).collect()
    }
}
