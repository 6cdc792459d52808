//! Which installation the vault belongs to.

use super::sealing::{LockedVault, VaultError, used_keys};
use kalends_core::id::InstallationId;
use sqlx::Row;

impl LockedVault {
    /// The id of the installation; `None` where it was never written.
    pub async fn installation(&self) -> Result<Option<InstallationId>, VaultError> {
        let row = sqlx::query("SELECT installation_id FROM installation WHERE id = 1")
            .fetch_optional(&self.database.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get("installation_id")?;
        text.parse().map(Some).map_err(|_| VaultError::NotPaired)
    }

    /// Writes the id if there is none, and returns the one that stands there then.
    pub async fn found_installation(
        &self,
        new: InstallationId,
    ) -> Result<InstallationId, VaultError> {
        self.write_installation(new, "(id) DO NOTHING").await?;
        self.installation().await?.ok_or(VaultError::NotPaired)
    }

    /// Gives the vault another installation's id, because somebody said so.
    pub async fn adopt(&self, id: InstallationId) -> Result<(), VaultError> {
        let change = "(id) DO UPDATE SET installation_id = excluded.installation_id";
        self.write_installation(id, change).await
    }

    async fn write_installation(
        &self,
        id: InstallationId,
        on_conflict: &str,
    ) -> Result<(), VaultError> {
        let sql = format!(
            "INSERT INTO installation (id, installation_id) VALUES (1, $1) ON CONFLICT {on_conflict}"
        );
        let mut tx = self.database.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Whether nothing was ever sealed or signed in it.
    pub async fn is_blank(&self) -> Result<bool, VaultError> {
        Ok(used_keys(&self.database).await?.is_empty())
    }
}
