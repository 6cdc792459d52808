//! What the terminal shows: each step as it ends above a bar that shows how far it is, then the advice. Without a
//! terminal there is no bar.

use indicatif::{ProgressBar, ProgressStyle};
use kalends::analysis::{Analysis, Part, PartEnd, TOLD_ABOVE};
use kalends_core::{
    account_name::for_terminal,
    advice::{Advice, Names, advice},
    check::{Step, StepReport, Verdict},
    connection::Mode,
    problem::Problem,
};
use std::collections::HashMap;
use textwrap::Options;

/// Lines are wrapped at the width of the terminal, and at this where there is none or a wider one.
const MAX_WIDTH: usize = 110;
const MIN_WIDTH: usize = 40;

pub struct Screen {
    bar: ProgressBar,
    /// The hosts that were confirmed already.
    confirmed: Vec<String>,
    /// By part and step: whether it was told as failed.
    told: HashMap<(usize, Step), bool>,
}

impl Screen {
    pub fn new(confirmed: Vec<String>) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            confirmed,
            told: HashMap::new(),
        }
    }

    pub fn show(&mut self, analysis: &Analysis) {
        self.bar
            .set_length(u64::try_from(analysis.parts.len() * Step::ALL.len()).unwrap_or(0));
        for (number, part) in analysis.parts.iter().enumerate() {
            for rung in part.ladder.steps() {
                match rung.verdict {
                    Verdict::NotReached => continue,
                    Verdict::Running => {
                        self.bar.set_message(rung.step.label());
                        continue;
                    }
                    Verdict::Passed | Verdict::Failed | Verdict::NotNeeded | Verdict::BrokenOff => {
                    }
                }
                if !self.is_new(number, rung) {
                    continue;
                }
                let first = self.told.keys().filter(|(of, _)| *of == number).count() == 1;
                self.bar
                    .set_position(u64::try_from(self.told.len()).unwrap_or(0));
                self.bar.suspend(|| {
                    if first {
                        line(&format!("\nMailbox {}", part.mailbox));
                    }
                    show_step(rung);
                });
            }
        }
    }

    /// Whether a step that ended is still to be told. One that had passed may turn out to be the one that failed: then
    /// it is told once more.
    fn is_new(&mut self, number: usize, rung: &StepReport) -> bool {
        let failed = rung.verdict == Verdict::Failed;
        let before = self.told.insert((number, rung.step), failed);
        before.is_none_or(|before| failed && !before)
    }

    pub fn stop(&self) {
        self.bar.finish_and_clear();
    }

    pub fn end(&self, analysis: &Analysis) {
        self.stop();
        for (number, part) in analysis.parts.iter().enumerate() {
            line(&format!("\n{}", part.mailbox));
            match &part.end {
                Some(PartEnd::Readable) => say("  ", "  ", "The calendar can be read."),
                Some(PartEnd::LeftOut) => say(
                    "  ",
                    "  ",
                    "Left out: the password was refused, or no server was found that may have it.",
                ),
                None => say("  ", "  ", "The check did not come to its end."),
                Some(PartEnd::Failed {
                    problem,
                    request_id,
                }) => {
                    let again = analysis.is_told_above(number);
                    self.show_problem(analysis, part, problem, request_id.as_deref(), again);
                }
            }
        }
    }

    fn show_problem(
        &self,
        analysis: &Analysis,
        part: &Part,
        problem: &Problem,
        request_id: Option<&str>,
        again: bool,
    ) {
        let names = Names {
            mailbox: part.mailbox.to_string(),
            account: analysis.typed.account.clone(),
            endpoint: analysis.typed.endpoint.clone(),
            utc_offset: None,
            held: false,
            is_own: analysis.mode == Mode::Personal,
            tells_addresses: true,
            probe_at: None,
        };
        let told = advice(problem, &names);
        say("  ", "  ", &told.title);
        if again {
            say("  ", "  ", TOLD_ABOVE);
        } else {
            self.show_advice(&told, problem);
        }
        if let Some(id) = request_id {
            line(&format!("  Request id: {id}"));
        }
    }

    fn show_advice(&self, told: &Advice, problem: &Problem) {
        for paragraph in told.meaning.lines() {
            say("  ", "  ", paragraph);
        }
        for (step, number) in told.steps.iter().zip(1..) {
            let number = format!("  {number}. ");
            say(&number, &" ".repeat(number.len()), step);
        }
        if let Some((what_for, flags)) = self.next_run(problem) {
            say("  ", "  ", &format!("{what_for}, run this again with:"));
            line(&format!("      {flags}"));
        }
        let several = told.commands.len() > 1;
        for (command, number) in told.commands.iter().zip(1..) {
            let number = if several {
                format!("Command {number}, ")
            } else {
                String::new()
            };
            let (purpose, place) = (command.purpose.label(), &command.place);
            say("  ", "  ", &format!("{number}{purpose} ({place}):"));
            // Not wrapped: it is copied as it is.
            line(&format!("      {}", command.text));
        }
    }

    /// What another run would do, and the flags for it.
    fn next_run(&self, problem: &Problem) -> Option<(&'static str, String)> {
        match problem {
            Problem::LeadsElsewhere { host } => {
                let hosts = self.hosts_to_confirm(host);
                Some(("To send the password there", format!("--confirm {hosts}")))
            }
            Problem::ImpersonationDenied => Some((
                "To learn which of the two it is",
                "--control ANOTHER-MAILBOX-THAT-WORKS".to_owned(),
            )),
            _ => None,
        }
    }

    /// What is to be named in the next run: one host after the other may turn out to lead elsewhere.
    fn hosts_to_confirm(&self, host: &str) -> String {
        let mut hosts = self.confirmed.clone();
        if !hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            hosts.push(host.to_owned());
        }
        hosts.join(",")
    }
}

fn show_step(rung: &StepReport) {
    let (mark, verdict) = mark(rung);
    let took = rung
        .millis
        .map_or_else(String::new, |millis| format!("{millis} ms"));
    let told = format!("  {mark} {:<26} {verdict:<11} {took}", rung.step.label());
    line(told.trim_end());
    for seen in rung.seen.iter().chain(&rung.details) {
        say("      ", "        ", seen);
    }
}

fn say(first: &str, next: &str, text: &str) {
    let width = textwrap::termwidth().clamp(MIN_WIDTH, MAX_WIDTH);
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(next)
        .break_words(false);
    line(&textwrap::fill(&for_terminal(text), options));
}

/// The one way to the terminal. Servers name themselves in certificates, headers and folders.
fn line(text: &str) {
    println!("{}", for_terminal(text));
}

const fn mark(rung: &StepReport) -> (char, &'static str) {
    match rung.verdict {
        Verdict::Passed if rung.warns => ('!', "warning"),
        Verdict::Passed => ('✓', "passed"),
        Verdict::Failed => ('✗', "failed"),
        Verdict::NotNeeded => ('·', "not needed"),
        Verdict::BrokenOff => ('·', "broken off"),
        Verdict::NotReached | Verdict::Running => ('·', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_once_and_once_more_when_it_turns_out_to_have_failed() {
        let mut screen = Screen::new(Vec::new());
        let mut is_new = |step, verdict| {
            let rung = StepReport {
                step,
                verdict,
                millis: None,
                seen: None,
                warns: false,
                details: Vec::new(),
            };
            screen.is_new(0, &rung)
        };
        assert!(is_new(Step::EwsAnswers, Verdict::Passed));
        assert!(!is_new(Step::EwsAnswers, Verdict::Passed));
        assert!(is_new(Step::EwsAnswers, Verdict::Failed));
        assert!(!is_new(Step::EwsAnswers, Verdict::Failed));
        assert!(is_new(Step::SignIn, Verdict::Failed));
    }

    #[test]
    fn the_next_run_names_all_hosts_that_are_confirmed() {
        let hosts = |confirmed: &[&str]| {
            let confirmed = confirmed.iter().map(|host| (*host).to_owned()).collect();
            Screen::new(confirmed).hosts_to_confirm("mail.hosting.test")
        };
        assert_eq!(hosts(&[]), "mail.hosting.test");
        let both = "autodiscover.hosting.test,mail.hosting.test";
        assert_eq!(hosts(&["autodiscover.hosting.test"]), both);
        assert_eq!(
            hosts(&["autodiscover.hosting.test", "Mail.Hosting.Test"])
                .matches(',')
                .count(),
            1
        );
    }
}
