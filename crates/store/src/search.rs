//! Finding people by the beginnings of words, through an index: of their names, addresses and mailboxes.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{id::UserId, mailbox::SmtpAddress};
use std::collections::BTreeSet;

/// The most words of one search.
const MAX_WORDS: usize = 6;
/// The longest word that is kept, in characters.
const MAX_LENGTH: usize = 80;

/// The words by which somebody is found: of the name, and of each address the whole, its domain, and the parts of
/// what stands before the `@`.
fn words_of(name: &str, addresses: &[&str]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let parts = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    words.extend(parts(&name.to_lowercase()));
    for address in addresses {
        let address = address.to_lowercase();
        if let Some((local, domain)) = address.rsplit_once('@') {
            words.extend(parts(local));
            words.insert(domain.to_owned());
        }
        words.insert(address);
    }
    words
}

/// What is looked for: each word must begin one of a person's words. What looks like an address is one word.
fn wanted(search: &str) -> Vec<String> {
    let search = search.to_lowercase();
    search
        .split_whitespace()
        .flat_map(|word| {
            if word.contains(['@', '.']) {
                vec![word.to_owned()]
            } else {
                word.split(|c: char| !c.is_alphanumeric())
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
        })
        .take(MAX_WORDS)
        .collect()
}

fn hex(word: &str) -> String {
    let short: String = word.chars().take(MAX_LENGTH).collect();
    hex::encode(short)
}

/// The ranges of stored words that a search looks into: a person is found by all of them together.
pub(crate) fn ranges(search: &str) -> Vec<(String, String)> {
    wanted(search)
        .into_iter()
        .map(|word| {
            let from = hex(&word);
            // Behind every hex digit.
            let to = format!("{from}g");
            (from, to)
        })
        .collect()
}

impl Store {
    /// Finds the words of a person anew, and tells their connections the name that they are sorted by.
    pub(crate) async fn index_user_in(
        &self,
        tx: &mut Transaction,
        id: UserId,
    ) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT name, email FROM users WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(tx.conn())
            .await?;
        let Some(row) = row else { return Ok(()) };
        let (name, email) = (rows::text(&row, "name")?, rows::text(&row, "email")?);
        let mailboxes = sqlx::query("SELECT mailbox FROM connections WHERE user_id = $1")
            .bind(id.to_string())
            .fetch_all(tx.conn())
            .await?;
        let mailboxes: Vec<SmtpAddress> = mailboxes
            .iter()
            .map(|row| rows::parsed(row, "mailbox"))
            .collect::<Result<_, _>>()?;
        sqlx::query("DELETE FROM search_words WHERE user_id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        let mut addresses = vec![email.as_str()];
        addresses.extend(mailboxes.iter().map(SmtpAddress::as_str));
        for word in words_of(&name, &addresses) {
            sqlx::query("INSERT INTO search_words (word, user_id) VALUES ($1, $2) ON CONFLICT (word, user_id) DO NOTHING")
                .bind(hex(&word))
                .bind(id.to_string())
                .execute(tx.conn())
                .await?;
        }
        sqlx::query("UPDATE connections SET user_name_key = $2 WHERE user_id = $1")
            .bind(id.to_string())
            .bind(name.to_lowercase())
            .execute(tx.conn())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_have_the_words_of_their_names_and_addresses() {
        let words = words_of("Zoë O'Neill", &["zoe.oneill@Example.test"]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let expected = [
            "example.test",
            "neill",
            "o",
            "oneill",
            "zoe",
            "zoe.oneill@example.test",
            "zoë",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn a_search_is_its_words_and_an_address_is_one() {
        assert_eq!(wanted("  Zoë O'N "), ["zoë", "o", "n"]);
        assert_eq!(wanted("bob@example.test"), ["bob@example.test"]);
        assert_eq!(wanted("- '"), [""; 0]);
        assert_eq!(wanted("a b c d e f g h").len(), MAX_WORDS);
    }

    #[test]
    fn a_range_holds_all_words_with_the_beginning() {
        let (from, to) = ranges("bo").remove(0);
        for (word, within) in [("bo", true), ("bob", true), ("bp", false), ("b", false)] {
            let word = hex(word);
            assert_eq!(from <= word && word < to, within, "{word}");
        }
    }
}
