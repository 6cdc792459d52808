//! Links to set a password with, across the two databases: the token in the vault, for whoever made it to read once more,
//! and the pointer in the main one.

use super::secrets::{Custody, CustodyError};
use kalends_core::account_name::Password;
use kalends_store::{OneTimeLink, vault::Destination};

impl Custody {
    /// Opens a link, for whoever made it or for its mail.
    pub async fn open_link(&self, link: &OneTimeLink) -> Result<Password, CustodyError> {
        let to = Destination::password_link_of(link.user_id);
        Ok(self.vault.open_secret(link.secret_id, &to).await?)
    }

    /// Forgets the links that nobody reads any more.
    pub async fn forget_shown_links(&self) -> Result<(), CustodyError> {
        let released = self.store.release_shown_links(self.clock.now()).await?;
        self.forget(&released).await
    }
}
