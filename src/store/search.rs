//! Finding people by the beginnings of words, through an index: of their names, addresses and mailboxes.

use super::{Store, StoreError, rows};
use crate::{database::Writing, id::UserId, mailbox::SmtpAddress};
use std::collections::BTreeSet;

/// The most words of one search.
const MOST_WORDS: usize = 6;
/// The longest word that is kept, in characters.
const LONGEST: usize = 80;

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
        .take(MOST_WORDS)
        .collect()
}

fn hex(word: &str) -> String {
    let short: String = word.chars().take(LONGEST).collect();
    hex::encode(short)
}

/// The ranges of stored words that a search looks into: a person is found by all of them together.
pub(super) fn ranges(search: &str) -> Vec<(String, String)> {
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
    /// Finds the words of a person anew, and tells their connection the name that it is sorted by.
    pub(super) async fn index_user_in(
        &self,
        writing: &mut Writing,
        id: UserId,
    ) -> Result<(), StoreError> {
        let row = sqlx::query(
            "SELECT u.name, u.email, c.mailbox FROM users u LEFT JOIN connections c ON c.user_id = u.id WHERE u.id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(writing.on())
        .await?;
        let Some(row) = row else { return Ok(()) };
        let (name, email) = (rows::text(&row, "name")?, rows::text(&row, "email")?);
        let mailbox: Option<SmtpAddress> = rows::maybe_parsed(&row, "mailbox")?;
        sqlx::query("DELETE FROM search_words WHERE user_id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
        let mut addresses = vec![email.as_str()];
        addresses.extend(mailbox.as_ref().map(SmtpAddress::as_str));
        for word in words_of(&name, &addresses) {
            sqlx::query("INSERT INTO search_words (word, user_id) VALUES ($1, $2) ON CONFLICT (word, user_id) DO NOTHING")
                .bind(hex(&word))
                .bind(id.to_string())
                .execute(writing.on())
                .await?;
        }
        if let Some(mailbox) = mailbox {
            sqlx::query("UPDATE connections SET name_key = $2, domain = $3 WHERE user_id = $1")
                .bind(id.to_string())
                .bind(name.to_lowercase())
                .bind(mailbox.domain().to_lowercase())
                .execute(writing.on())
                .await?;
        }
        Ok(())
    }

    /// Rows from before the list was searched by words get theirs, and connections the code of their problem.
    pub(super) async fn index_old_rows(&self) -> Result<(), StoreError> {
        let people = sqlx::query(
            "SELECT u.id FROM users u WHERE NOT EXISTS (SELECT 1 FROM search_words w WHERE w.user_id = u.id)",
        )
        .fetch_all(self.pool())
        .await?;
        for row in &people {
            let mut writing = self.begin().await?;
            self.index_user_in(&mut writing, rows::parsed(row, "id")?)
                .await?;
            writing.commit().await?;
        }
        let problems = sqlx::query(
            "SELECT DISTINCT problem FROM connections WHERE problem IS NOT NULL AND cause IS NULL",
        )
        .fetch_all(self.pool())
        .await?;
        for row in &problems {
            let problem: crate::problem::Problem = rows::json(row, "problem")?;
            let mut writing = self.begin().await?;
            sqlx::query("UPDATE connections SET cause = $2 WHERE problem = $1 AND cause IS NULL")
                .bind(rows::text(row, "problem")?)
                .bind(problem.code())
                .execute(writing.on())
                .await?;
            writing.commit().await?;
        }
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
        assert_eq!(wanted("a b c d e f g h").len(), MOST_WORDS);
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
