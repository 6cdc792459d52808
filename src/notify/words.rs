//! What notices say.

use super::{
    channels::Channels,
    gather::{About, IncidentCause},
};
use kalends_core::{
    advice::{Advice, Names, advice, ending_certificate},
    clock::Timestamp,
    mailbox::SmtpAddress,
    problem::{Concerns, Owner},
};
use kalends_store::{RequestState, User};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A notice as both ways carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeContext {
    pub subject: String,
    pub text: String,
    pub json: Value,
}

/// Why it is told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeReason {
    Raised,
    /// So many days after the first time.
    Again {
        days: u64,
    },
}

/// What stands under every mail to admins.
fn foot(channels: &Channels) -> String {
    format!(
        "\n-- \nYou are an administrator of Kalends at {}.\nWhat was sent and to whom: {}\n",
        channels.link(""),
        channels.link("/organisation/notices")
    )
}

fn told(kind: &str, subject: String, text: String, data: &Value, now: Timestamp) -> NoticeContext {
    let at = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let summary = data["link"]
        .as_str()
        .map_or_else(|| subject.clone(), |link| format!("{subject}\n{link}"));
    let json = json!({
        "type": kind,
        "timestamp": at.to_string(),
        // What chat programs show.
        "text": summary,
        "data": data,
    });
    NoticeContext {
        subject,
        text,
        json,
    }
}

/// How many people wait, as a subject says it.
fn people(number: i64) -> String {
    match number {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    }
}

/// Something that somebody must act on.
pub fn cause(
    channels: &Channels,
    cause: &IncidentCause,
    moment: NoticeReason,
    now: Timestamp,
) -> NoticeContext {
    let kind = match moment {
        NoticeReason::Raised => "problem.raised",
        NoticeReason::Again { .. } => "problem.reminder",
    };
    match cause {
        IncidentCause::Problem(about) => problem(channels, about, (kind, moment), now),
        IncidentCause::Requests { waiting } => {
            let subject = match waiting {
                1 => "1 request for a mailbox waits for you".to_owned(),
                many => format!("{many} requests for mailboxes wait for you"),
            };
            let link = channels.link("/organisation/requests");
            let text = format!(
                "{subject}. Whoever asked cannot go on until an administrator decides.\n\nDecide: {link}\n{}",
                foot(channels)
            );
            told(
                kind,
                subject,
                text,
                &json!({"code": "requests-waiting", "waiting": waiting, "link": link}),
                now,
            )
        }
        IncidentCause::PasswordEnds {
            account,
            label,
            ends,
            days,
        } => {
            let when = match days {
                0 => "today".to_owned(),
                1 => "in 1 day".to_owned(),
                days => format!("in {days} days"),
            };
            let subject = format!("The password of {label} ends {when}");
            let link = channels.link(&format!("/organisation/accounts/{account}"));
            let text = format!(
                "It ends on {}. From then on no calendar that is read through this account is renewed.\n\nSet the new password beside the present one, test it and switch, without a pause: {link}\n{}",
                ends.last_day_in_words(),
                foot(channels)
            );
            told(
                kind,
                subject,
                text,
                &json!({"code": "password-ends", "account": label, "ends": ends.last_day_in_words(), "link": link}),
                now,
            )
        }
        IncidentCause::CertificateEnds {
            host,
            certificate,
            days,
        } => {
            let subject = match days {
                0 => format!("The certificate of {host} ends today"),
                1 => format!("The certificate of {host} ends in 1 day"),
                days => format!("The certificate of {host} ends in {days} days"),
            };
            let link = channels.link("/overview");
            let text = format!(
                "{}\n\nServers and their certificates: {link}\n{}",
                ending_certificate(host, certificate),
                foot(channels)
            );
            told(
                kind,
                subject,
                text,
                &json!({"code": "certificate-ends", "host": host, "ends": certificate.not_after.day_in_words(), "link": link}),
                now,
            )
        }
    }
}

fn problem(
    channels: &Channels,
    about: &About,
    (kind, moment): (&str, NoticeReason),
    now: Timestamp,
) -> NoticeContext {
    // Administrators alone are told where names lead.
    let names = about.trouble.names.clone();
    let names = names.telling_addresses(about.person.is_none());
    let told_words = advice(&about.trouble.problem, &names);
    let again = match moment {
        NoticeReason::Raised => String::new(),
        NoticeReason::Again { days: 1 } => " (since yesterday)".to_owned(),
        NoticeReason::Again { days } => format!(" (for {days} days)"),
    };
    let waiting = if about.person.is_some() {
        "Your calendar".to_owned()
    } else {
        people(about.trouble.people)
    };
    let title = placed(about);
    let subject = format!("{title}: {waiting}{again}");
    let link = channels.link(&about.trouble.link);
    let text = problem_text(channels, about, &told_words, &link);
    let data = json!({
        "code": told_words.code,
        "title": title,
        "owner": owner(told_words.owner),
        "people": about.trouble.people,
        "since": jiff::Timestamp::from_millisecond(about.trouble.since.millis()).unwrap_or_default().to_string(),
        "account": about.trouble.names.account,
        "endpoint": about.trouble.names.endpoint,
        "link": link,
    });
    told(kind, subject, text, &data, now)
}

/// What happened, without the name of a single mailbox where there are several.
fn title_of(about: &About) -> String {
    let names = if about.trouble.people > 1 {
        Names {
            mailbox: String::new(),
            ..about.trouble.names.clone()
        }
    } else {
        about.trouble.names.clone()
    };
    let title = advice(&about.trouble.problem, &names).title;
    let title = title.trim_end_matches('.');
    if about.trouble.people > 1 {
        title.replace("this mailbox", "their mailboxes")
    } else {
        title.to_owned()
    }
}

/// What happened and to what, so that two of a kind are told apart.
fn placed(about: &About) -> String {
    let title = title_of(about);
    let trouble = &about.trouble;
    match trouble.problem.concerns() {
        // It names the mailbox, or is somebody's own.
        _ if about.person.is_some() => title,
        Concerns::Server => format!("{title} ({})", trouble.host),
        Concerns::Password | Concerns::Role | Concerns::Account | Concerns::Mailbox => {
            format!("{title} ({})", trouble.names.account)
        }
    }
}

/// What an incident is called in lists, without numbers that change.
pub fn title(cause: &IncidentCause) -> String {
    match cause {
        IncidentCause::Problem(about) => placed(about),
        IncidentCause::Requests { .. } => "Requests for mailboxes wait".to_owned(),
        IncidentCause::PasswordEnds { label, ends, .. } => {
            format!(
                "The password of {label} ends on {}",
                ends.last_day_in_words()
            )
        }
        IncidentCause::CertificateEnds {
            host, certificate, ..
        } => {
            let ends = certificate.not_after.day_in_words();
            format!("The certificate of {host} ends on {ends}")
        }
    }
}

const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::You => "user",
        Owner::ExchangeAdmin => "exchange-admin",
        Owner::Operator => "kalends-admin",
        Owner::Nobody => "nobody",
    }
}

fn problem_text(channels: &Channels, about: &About, words: &Advice, link: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}.\n", title_of(about));
    let since = about.trouble.since.time_in_words();
    let _ = match (about.person, about.trouble.people) {
        (Some(_), _) => writeln!(
            text,
            "Your calendar {} has not been renewed since {since}.",
            about.trouble.names.mailbox
        ),
        (None, 1) => writeln!(text, "1 calendar has not been renewed since {since}."),
        (None, many) => writeln!(
            text,
            "{many} calendars have not been renewed since {since}."
        ),
    };
    let _ = writeln!(
        text,
        "Account: {}\nEndpoint: {}\n\n{}",
        about.trouble.names.account, about.trouble.names.endpoint, words.meaning
    );
    let who = match (words.owner, about.person) {
        (Owner::ExchangeAdmin, _) => "What an Exchange administrator does",
        (_, Some(_)) => "What you do",
        _ => "What to do",
    };
    if !words.steps.is_empty() {
        let _ = writeln!(text, "\n{who}\n");
        for (place, step) in words.steps.iter().enumerate() {
            let _ = writeln!(text, "{}. {step}", place + 1);
        }
    }
    for (place, command) in words.commands.iter().enumerate() {
        let _ = writeln!(
            text,
            "\nCommand {}: {}. {}:\n\n    {}",
            place + 1,
            command.purpose.label(),
            command.place,
            command.text.replace('\n', "\n    ")
        );
    }
    let where_to = if about.person.is_some() {
        "Your connection"
    } else {
        "Who waits"
    };
    if about.trouble.names.held && about.trouble.problem.is_about_password() {
        let page = channels.link(&format!("/organisation/accounts/{}", about.trouble.account));
        let _ = writeln!(text, "\nChange the password: {page}");
    }
    let _ = writeln!(text, "\n{where_to}: {link}");
    if about.person.is_some() {
        let _ = write!(
            text,
            "\n-- \nSent by Kalends at {}, because your calendar is connected there.\n",
            channels.link("")
        );
    } else {
        text.push_str(&foot(channels));
    }
    text
}

/// It is over.
pub fn over(
    channels: &Channels,
    incident: &kalends_core::notice::Incident,
    is_to_admins: bool,
    now: Timestamp,
) -> NoticeContext {
    let subject = format!("Over: {}", incident.title);
    let link = channels.link(if is_to_admins {
        "/overview"
    } else {
        "/profile"
    });
    let lasted = format!(
        "It was told on {} and holds nobody up any more since {}.",
        incident.opened_at.time_in_words(),
        now.time_in_words()
    );
    let text = format!("{}.\n\n{lasted}\n\nHow it stands: {link}\n", incident.title);
    let data = json!({"title": incident.title, "people": incident.people, "link": link});
    told("problem.over", subject, text, &data, now)
}

/// Whether notices arrive.
pub fn test(channels: &Channels, by: &str, now: Timestamp) -> NoticeContext {
    let link = channels.link("/organisation/notices");
    told(
        "test",
        "A test from Kalends".to_owned(),
        format!(
            "{by} asked Kalends for this at {}. It arrived: notices will too.\n\n{link}\n",
            now.time_in_words()
        ),
        &json!({"link": link}),
        now,
    )
}

/// A link to set a password with.
pub fn link(channels: &Channels, by: &str, user: &User, path: &str) -> NoticeContext {
    let subject = if user.is_invited() {
        "Your invitation to Kalends".to_owned()
    } else {
        "A new password for Kalends".to_owned()
    };
    let why = if user.is_invited() {
        format!("{by} invites you to Kalends, which connects your Exchange calendar.")
    } else {
        format!(
            "{by} made you a link to set a new password with. The one you have works until then."
        )
    };
    let text = format!(
        "Hello {},\n\n{why}\n\nSet your password: {}\n\nThe link works once, for 72 hours. Keep it to yourself: whoever has it can sign in as {}.\n",
        user.name,
        channels.link(path),
        user.email
    );
    NoticeContext {
        subject,
        text,
        json: Value::Null,
    }
}

/// To whoever asked for a mailbox.
pub fn decision(
    channels: &Channels,
    by: &str,
    person: &User,
    mailbox: &SmtpAddress,
    (to, answer): (RequestState, &str),
) -> NoticeContext {
    let connect = channels.link("/profile/exchange/connect");
    let (subject, what, next) = match to {
        RequestState::Approved => (
            format!("Your request for {mailbox} is approved"),
            format!("{by} has approved your request for {mailbox}."),
            format!("Connect it: {connect}"),
        ),
        RequestState::Revoked => (
            format!("The approval for {mailbox} is taken back"),
            format!("{by} has taken back the approval for {mailbox}."),
            "If you had connected it, that connection has ended.".to_owned(),
        ),
        RequestState::Waiting | RequestState::Refused | RequestState::Withdrawn => (
            format!("Your request for {mailbox} is refused"),
            format!("{by} has refused your request for {mailbox}."),
            format!(
                "Your requests: {}",
                channels.link("/profile/exchange/request")
            ),
        ),
    };
    let answer = if answer.is_empty() {
        String::new()
    } else {
        format!("Their answer: {answer}\n\n")
    };
    NoticeContext {
        subject,
        text: format!("Hello {},\n\n{what}\n\n{answer}{next}\n", person.name),
        json: Value::Null,
    }
}
