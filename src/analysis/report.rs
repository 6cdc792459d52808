//! An analysis as plain text, fit to be sent on: names of people and accounts, and our own addresses, are shortened.

use super::result::{Analysis, Part, PartEnd, TOLD_ABOVE};
use kalends_core::{
    advice::{Advice, Names, advice, powershell::quote},
    check::{Step, StepReport, Verdict},
    connection::Mode,
    pasted::addresses_in,
    problem::Problem,
};
use std::fmt::Write as _;

/// The report. Of each mailbox and account only the first letter and the domain stay; the address from which Kalends
/// called is left out.
pub fn report(analysis: &Analysis) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    line(format!("Kalends {} report", env!("CARGO_PKG_VERSION")));
    line(format!("Begun {}", analysis.started_at.time_in_words()));
    line(format!("Account: {}", analysis.typed.account));
    let endpoint = &analysis.typed.endpoint;
    line(if endpoint.is_empty() {
        "Endpoint: to be found by Autodiscover".to_owned()
    } else {
        format!("Endpoint: {endpoint}")
    });
    for (number, part) in analysis.parts.iter().enumerate() {
        line(format!("\nMailbox: {}", part.mailbox));
        tell_steps(part, &mut line);
        match &part.end {
            None => line("  The test did not come to its end.".to_owned()),
            Some(PartEnd::Readable) => line("  The calendar can be read.".to_owned()),
            Some(PartEnd::LeftOut) => {
                line("  Left out: the password was refused, or no server was found that may have it.".to_owned());
            }
            Some(PartEnd::Failed {
                problem,
                request_id,
            }) => {
                let told = advice_without_names(problem, analysis.mode);
                line(format!("  Problem: {} ({})", told.title, told.code));
                if let Some(id) = request_id {
                    line(format!("  Request id: {id}"));
                }
                if analysis.is_told_above(number) {
                    line(format!("  {TOLD_ABOVE}"));
                } else {
                    tell_advice(&told, &mut line);
                }
            }
        }
    }
    redacted(text, analysis)
}

fn tell_steps(part: &Part, line: &mut impl FnMut(String)) {
    for rung in part.ladder.steps() {
        let took = rung
            .millis
            .map_or_else(String::new, |millis| format!(", {millis} ms"));
        line(format!("  {}: {}{took}", rung.step.label(), verdict(rung)));
        if let Some(seen) = &rung.seen {
            line(format!("      {}", without_our_address(rung.step, seen)));
        }
        for detail in &rung.details {
            line(format!("      - {detail}"));
        }
    }
}

/// What a problem means, and what to do.
fn tell_advice(told: &Advice, line: &mut impl FnMut(String)) {
    for paragraph in told.meaning.lines() {
        line(format!("  {paragraph}"));
    }
    for (step, number) in told.steps.iter().zip(1..) {
        line(format!("  {number}. {step}"));
    }
    for (command, number) in told.commands.iter().zip(1..) {
        let purpose = command.purpose.label();
        line(format!(
            "  Command {number}, {purpose} ({}):",
            command.place
        ));
        line(format!("      {}", command.text));
    }
}

/// Advice whose words and commands have placeholders where names would stand.
fn advice_without_names(problem: &Problem, mode: Mode) -> Advice {
    let names = Names {
        is_own: mode == Mode::Personal,
        ..Names::default().telling_addresses(true)
    };
    advice(problem, &names)
}

const fn verdict(rung: &StepReport) -> &'static str {
    match rung.verdict {
        Verdict::Passed if rung.warns => "passed, with a warning",
        Verdict::NotReached => "not reached",
        Verdict::NotNeeded => "not needed",
        Verdict::Running => "running",
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::BrokenOff => "broken off",
    }
}

/// Where we called from says nothing about Exchange.
fn without_our_address(step: Step, seen: &str) -> &str {
    match step {
        Step::Tcp => seen.split(" from ").next().unwrap_or(seen),
        _ => seen,
    }
}

/// The longest names first, so that none is found within another.
fn redacted(mut text: String, analysis: &Analysis) -> String {
    let mailboxes = analysis.parts.iter().map(|part| part.mailbox.to_string());
    let mut names: Vec<String> = mailboxes
        .chain([
            analysis.typed.account.clone(),
            analysis.typed.mailbox.clone(),
        ])
        .filter(|name| name.chars().count() > 1)
        .collect();
    // In commands, apostrophes are doubled.
    let quoted: Vec<String> = names
        .iter()
        .map(|name| quote(name).trim_matches('\'').to_owned())
        .collect();
    names.extend(quoted);
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    for name in names {
        text = replaced(&text, &name);
    }
    // Other addresses came from the server: primary ones of an alias, where a mailbox has moved.
    let others: Vec<String> = addresses_in(&text)
        .into_iter()
        .map(|found| found.raw.to_owned())
        .filter(|word| !word.contains('…'))
        .collect();
    for other in others {
        text = text.replace(&other, &shortened(&other));
    }
    text
}

/// Whole words alone, so that a short name leaves other words as they are.
fn replaced(text: &str, name: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "-_".contains(c));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, from) = rest.split_at(at);
        let after = &from[name.len()..];
        out.push_str(before);
        let last = out.chars().next_back();
        if is_part(last) || is_part(after.chars().next()) {
            out.push_str(name);
        } else {
            out.push_str(&shortened(name));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `b…@example.test`, `EXAMPLE\s…`, `s…`
fn shortened(name: &str) -> String {
    let first = |user: &str| {
        let letter: String = user.chars().take(1).collect();
        format!("{letter}…")
    };
    match (name.split_once('\\'), name.rsplit_once('@')) {
        (Some((domain, user)), _) => format!("{domain}\\{}", first(user)),
        (None, Some((user, domain))) => format!("{}@{domain}", first(user)),
        (None, None) => first(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_in_every_form() {
        assert_eq!(shortened("bob@example.test"), "b…@example.test");
        assert_eq!(shortened("EXAMPLE\\svc-kalends"), "EXAMPLE\\s…");
        assert_eq!(shortened("svc"), "s…");
    }

    #[test]
    fn short_names_leave_other_words_as_they_are() {
        assert_eq!(
            replaced("in Endpoint: in, admin", "in"),
            "i… Endpoint: i…, admin"
        );
        assert_eq!(replaced("svc-kalends svc", "svc"), "svc-kalends s…");
    }
}
