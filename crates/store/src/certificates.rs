//! The certificates that hosts showed when everything last worked.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    clock::Timestamp,
    exchange_version::ServerBuild,
    problem::{Certificate, CertificateBefore},
    topic::Topic,
};

/// A certificate that ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingCertificate {
    pub host: String,
    pub certificate: Certificate,
}

/// A server that accounts are used at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    pub host: String,
    pub build: Option<ServerBuild>,
    pub certificate: Option<Certificate>,
}

impl Store {
    /// Keeps what a host shows while everything works; writes only if that is new.
    pub async fn keep_certificate(
        &self,
        host: &str,
        port: u16,
        certificate: &Certificate,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let known = sqlx::query(
            "SELECT fingerprint FROM server_certificates WHERE host = $1 AND port = $2",
        )
        .bind(host)
        .bind(i64::from(port))
        .fetch_optional(self.pool())
        .await?;
        let known = known
            .map(|row| rows::text(&row, "fingerprint"))
            .transpose()?;
        if known.as_ref() == Some(&certificate.fingerprint) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO server_certificates (host, port, certificate, fingerprint, not_after, since) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (host, port) DO UPDATE SET \
             certificate = excluded.certificate, fingerprint = excluded.fingerprint, \
             not_after = excluded.not_after, since = excluded.since",
        )
        .bind(host)
        .bind(i64::from(port))
        .bind(rows::to_json(certificate, "certificate")?)
        .bind(&certificate.fingerprint)
        .bind(certificate.not_after.millis())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Overview]);
        Ok(tx.commit().await?)
    }

    /// What a host showed when everything last worked, if that is another certificate than this one.
    pub async fn certificate_before(
        &self,
        host: &str,
        port: u16,
        shown: &Certificate,
    ) -> Result<Option<CertificateBefore>, StoreError> {
        let row = sqlx::query(
            "SELECT certificate, since FROM server_certificates WHERE host = $1 AND port = $2 AND fingerprint <> $3",
        )
        .bind(host)
        .bind(i64::from(port))
        .bind(&shown.fingerprint)
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            let certificate: Certificate = rows::json(&row, "certificate")?;
            Ok(CertificateBefore {
                issuer: certificate.issuer,
                since: rows::instant(&row, "since")?,
            })
        })
        .transpose()
    }

    /// What a host shows, with what it showed before; `None` if that is no change.
    pub async fn changed_certificate(
        &self,
        host: &str,
        port: u16,
        shown: &Certificate,
    ) -> Result<Option<Box<Certificate>>, StoreError> {
        let before = self.certificate_before(host, port, shown).await?;
        Ok(before.map(|before| {
            Box::new(Certificate {
                before: Some(before),
                ..shown.clone()
            })
        }))
    }

    /// Keeps what a host says it runs; writes only if that is new.
    pub async fn keep_build(&self, host: &str, build: ServerBuild) -> Result<(), StoreError> {
        let known = sqlx::query("SELECT build FROM server_builds WHERE host = $1")
            .bind(host)
            .fetch_optional(self.pool())
            .await?;
        let known = known.map(|row| rows::text(&row, "build")).transpose()?;
        if known == Some(build.to_string()) {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO server_builds (host, build) VALUES ($1, $2) \
             ON CONFLICT (host) DO UPDATE SET build = excluded.build",
        )
        .bind(host)
        .bind(build.to_string())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Overview]);
        Ok(tx.commit().await?)
    }

    /// The servers of accounts in use: their builds and certificates, as far as known, by host; at most 50.
    pub async fn servers(&self) -> Result<Vec<ServerCertificate>, StoreError> {
        let found = sqlx::query(
            "SELECT a.host, s.build, k.certificate FROM (SELECT DISTINCT host FROM accounts) a \
             LEFT JOIN server_builds s ON s.host = a.host LEFT JOIN server_certificates k ON k.host = a.host AND k.port = 443 \
             ORDER BY a.host LIMIT 50",
        )
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(ServerCertificate {
                    host: rows::text(row, "host")?,
                    build: rows::maybe_parsed::<String>(row, "build")?
                        .and_then(|build| build.parse().ok()),
                    certificate: rows::maybe_json(row, "certificate")?,
                })
            })
            .collect()
    }

    /// Certificates of hosts in use that end before `by`, the soonest first, at most 20.
    pub async fn certificates_ending(
        &self,
        by: Timestamp,
    ) -> Result<Vec<EndingCertificate>, StoreError> {
        let found = sqlx::query(
            "SELECT DISTINCT k.host, k.certificate, k.not_after FROM server_certificates k JOIN accounts a ON a.host = k.host \
             WHERE k.not_after < $1 ORDER BY k.not_after, k.host LIMIT 20",
        )
        .bind(by.millis())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(EndingCertificate {
                    host: rows::text(row, "host")?,
                    certificate: rows::json(row, "certificate")?,
                })
            })
            .collect()
    }
}
