//! All problems in one table, for people who look one up: on a page of Kalends and in `docs/problems.md`.

use super::{Advice, Names, advice, every_problem};
use crate::problem::{Owner, Problem, Retry};
use strum::VariantNames as _;

/// The words for the problem with this code, filled in with the names of an example; none if there is no such problem.
pub fn explained(code: &str, names: &Names) -> Option<Advice> {
    every_problem()
        .iter()
        .find(|problem| problem.code() == code)
        .map(|problem| advice(problem, names))
}

/// One example of each code, in the order in which a connection test can meet them.
pub fn each_problem() -> Vec<Problem> {
    let problems = every_problem();
    let example_of = |code: &&str| problems.iter().find(|it| it.code() == *code).cloned();
    Problem::VARIANTS.iter().filter_map(example_of).collect()
}

/// Who must act, in two words.
pub const fn owner_words(owner: Owner) -> &'static str {
    match owner {
        Owner::You => "You",
        Owner::ExchangeAdmin => "Exchange administrator",
        Owner::Operator => "A Kalends administrator",
        Owner::Nobody => "Nobody, it passes",
    }
}

/// When Kalends tries again by itself.
pub fn retry_words(problem: &Problem) -> String {
    match problem.retry() {
        Retry::Never => "After a change in Kalends".to_owned(),
        Retry::WhenChanged => "Every 15 minutes".to_owned(),
        Retry::After(_) if names_its_own_wait(problem) => "When Exchange allows it".to_owned(),
        Retry::After(wait) => match wait.as_secs().div_ceil(60) {
            1 => "After a minute".to_owned(),
            minutes => format!("After {minutes} minutes"),
        },
    }
}

const fn names_its_own_wait(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::Throttled { .. }
            | Problem::ServerError {
                wait_millis: Some(_),
                ..
            }
            | Problem::ProxyFailed {
                wait_millis: Some(_),
                ..
            }
    )
}

/// The table as Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Problems\n\nEverything that can go wrong with a connection, by its code. `cargo xtask docs` writes this file from the program; the names in it are examples. Kalends shows the same words with the steps and commands for each under `/help/problems`.\n\n| Code | What people read | Who acts | Tried again | Meaning |\n|---|---|---|---|---|\n",
    );
    for problem in each_problem() {
        let told = advice(&problem, &Names::example());
        let cells = [
            format!("`{}`", told.code),
            told.title,
            owner_words(told.owner).to_owned(),
            retry_words(&problem),
            told.meaning.replace('\n', " "),
        ]
        .map(|cell| cell.replace('|', "\\|"));
        text += "| ";
        text += &cells.join(" | ");
        text += " |\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_an_example_and_words() {
        let examples = every_problem();
        for code in Problem::VARIANTS {
            let has_example = examples.iter().any(|problem| problem.code() == *code);
            assert!(
                has_example,
                "{code}: add an example beside its words, in advice/"
            );
            let told = explained(code, &Names::example()).expect("explained");
            assert_eq!(told.code, *code);
            assert!(!told.steps.is_empty(), "{code}: add its words, in advice/");
        }
        assert_eq!(each_problem().len(), Problem::VARIANTS.len());
        assert_eq!(explained("no-such-problem", &Names::example()), None);
    }

    #[test]
    fn the_written_table_is_the_present_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems.md");
        let written = std::fs::read_to_string(path).expect("docs/problems.md");
        assert!(
            written == markdown(),
            "docs/problems.md is stale: run cargo xtask docs"
        );
    }
}
