//! Whose an account name is, as far as the main database knows.

use crate::{error::StoreError, rows, store::Store, unreadable::Listed};
use kalends_core::{account_name::AccountName, connection::Mode, id::UserId};

/// Who answers for a bare account name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    organisation: bool,
    people: Vec<UserId>,
}

impl Owners {
    /// Whether a member is one of them; everybody is where there are none.
    pub fn has(&self, person: UserId) -> bool {
        !self.organisation && (self.people.is_empty() || self.people.contains(&person))
    }
}

impl Store {
    /// The owners of a bare name at a host: the organisation, where it holds an account of that name; people whose address
    /// has it, or who are connected by it there.
    pub async fn owners_of(&self, bare_name: &str, host: &str) -> Result<Owners, StoreError> {
        let held = sqlx::query("SELECT id, name, next_name FROM accounts WHERE kind = $1")
            .bind(rows::to_name(&Mode::Organisation, "kind")?)
            .fetch_all(self.pool())
            .await?;
        let mut owners = Owners::default();
        let names = self.readable(Listed::Accounts, &held, |row| {
            let name: AccountName = rows::json(row, "name")?;
            let next: Option<AccountName> = rows::maybe_json(row, "next_name")?;
            Ok([Some(name), next])
        });
        let mut names = names.into_iter().flatten().flatten();
        owners.organisation = names.any(|name| name.refusal_key() == bare_name);
        let prefix = format!("{bare_name}@");
        let by_address = sqlx::query("SELECT id FROM users WHERE SUBSTR(email, 1, $2) = $1")
            .bind(&prefix)
            .bind(i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX))
            .fetch_all(self.pool())
            .await?;
        for row in &by_address {
            owners.people.push(rows::parsed(row, "id")?);
        }
        let own = sqlx::query(
            "SELECT a.id, c.user_id, a.name FROM accounts a JOIN connections c ON c.account_id = a.id WHERE a.kind = $1 AND a.host = $2",
        )
        .bind(rows::to_name(&Mode::Personal, "kind")?)
        .bind(host)
        .fetch_all(self.pool())
        .await?;
        let own = self.readable(Listed::Accounts, &own, |row| {
            let name: AccountName = rows::json(row, "name")?;
            let person: UserId = rows::parsed(row, "user_id")?;
            Ok((name, person))
        });
        let own = own.into_iter();
        let own = own.filter(|(name, _)| name.refusal_key() == bare_name);
        owners.people.extend(own.map(|(_, person)| person));
        Ok(owners)
    }
}
