//! A piece of work in words: what it is, how it stands, and what can be done with it.

use crate::moment::{Formatter, Moment};
use kalends::services::Services;
use kalends_core::{
    advice::{Names, advice},
    bulk_action::BulkAction,
    clock::Timestamp,
    job::{Job, JobError, JobKind, JobState},
};
use kalends_store::ListedJob;

/// One piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub id: String,
    pub link: String,
    pub title: String,
    /// Who began it; empty: Kalends by itself.
    pub by: String,
    pub begun: Moment,
    pub state: String,
    pub is_bad: bool,
    /// When it goes on.
    pub next: Option<Moment>,
    /// Done of total, while it is being done.
    pub progress: Option<(i64, i64)>,
    pub button: Option<Button>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Button {
    Cancel,
    Retry,
}

/// What is known beside the job itself.
pub struct Told<'a> {
    pub formatter: &'a Formatter,
    /// Why no mail leaves.
    pub mail: Option<&'static str>,
    pub now: Timestamp,
}

/// Why no mail leaves at present.
pub fn mail_standing(services: &Services) -> Option<&'static str> {
    match services.channels.mail() {
        None => Some("Waits: no mail server is set (KALENDS_SMTP_URL)"),
        Some(mailer) if mailer.is_sign_in_refused() => {
            Some("Waits: the mail server refused the name or password in KALENDS_SMTP_URL")
        }
        Some(_) => None,
    }
}

fn counted(number: i64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

pub fn title(listed: &ListedJob) -> String {
    let Job { kind, total, .. } = listed.job;
    match kind {
        JobKind::BulkAction => {
            let action = listed.payload.as_deref().unwrap_or_default();
            let what = match serde_json::from_str(action) {
                Ok(BulkAction::Check) => "Check",
                Ok(BulkAction::Sync) => "Sync",
                Ok(BulkAction::Pause) => "Pause",
                Ok(BulkAction::Resume) => "Resume",
                Ok(BulkAction::Disconnect) => "Disconnect",
                Err(_) => "Change",
            };
            format!("{what} {}", counted(total, "connection", "connections"))
        }
        JobKind::MailboxScope => format!(
            "Map {} with {}",
            counted(total, "address", "addresses"),
            listed.account.as_deref().unwrap_or("an account"),
        ),
        JobKind::Import => format!("Invite people from {}", counted(total, "line", "lines")),
        JobKind::Mail | JobKind::Webhook => {
            let by = if kind == JobKind::Mail {
                "Mail to"
            } else {
                "Webhook"
            };
            let (subject, to) = listed.notice.clone().unwrap_or_default();
            format!("{by} {to}: {subject}")
        }
    }
}

fn link(job: &Job) -> String {
    let id = job.id;
    match job.kind {
        JobKind::BulkAction => format!("/connections/actions/{id}"),
        JobKind::MailboxScope => format!("/organisation/mailboxes/{id}"),
        JobKind::Import => format!("/people/import/{id}"),
        JobKind::Mail | JobKind::Webhook => format!("/organisation/notices/{id}"),
    }
}

fn error_words(error: &JobError, told: &Told) -> String {
    match error {
        JobError::Problem(problem) => {
            let names = Names {
                utc_offset: Some(told.formatter.utc_offset()),
                ..Names::default()
            };
            advice(problem, &names).title
        }
        JobError::Delivery(said) => said.clone(),
        JobError::NotAllowed => "Whoever began it may not do this any more".to_owned(),
        JobError::Internal => "An error in Kalends, see its log".to_owned(),
    }
}

fn state(job: &Job, told: &Told) -> String {
    let why = job.error.as_ref().map(|error| error_words(error, told));
    let far = (job.total > 1).then(|| format!("{} of {} done", job.done, job.total));
    let is_mail = job.kind == JobKind::Mail;
    match job.state {
        JobState::Waiting if job.is_running(told.now) => {
            far.unwrap_or_else(|| "Running".to_owned())
        }
        JobState::Waiting if is_mail && told.mail.is_some() => {
            told.mail.unwrap_or_default().to_owned()
        }
        JobState::Draft | JobState::Waiting => match (why, far.filter(|_| job.done > 0)) {
            (Some(why), _) => why,
            (None, Some(far)) => far,
            (None, None) => "Waits for its turn".to_owned(),
        },
        JobState::Failed => why.unwrap_or_else(|| "Given up".to_owned()),
        JobState::Done => "Done".to_owned(),
        JobState::Cancelled => {
            far.map_or_else(|| "Cancelled".to_owned(), |far| format!("Cancelled, {far}"))
        }
    }
}

/// A line of the list.
pub fn line(listed: ListedJob, told: &Told) -> Line {
    let title = title(&listed);
    let job = listed.job;
    let is_running = job.is_running(told.now);
    let is_notice = matches!(job.kind, JobKind::Mail | JobKind::Webhook);
    Line {
        id: job.id.to_string(),
        link: link(&job),
        title,
        by: match listed.made_by {
            Some(name) => format!("{name}, "),
            None => String::new(),
        },
        begun: told.formatter.moment(job.made_at),
        state: state(&job, told),
        is_bad: job.error.is_some(),
        next: (job.state == JobState::Waiting && !is_running && job.due_at > told.now)
            .then(|| told.formatter.upcoming(job.due_at)),
        progress: (job.state == JobState::Waiting && job.total > 1)
            .then_some((job.done, job.total)),
        button: match job.state {
            JobState::Draft | JobState::Done => None,
            // It cannot be called back.
            JobState::Waiting if is_running && is_notice => None,
            JobState::Waiting => Some(Button::Cancel),
            JobState::Failed | JobState::Cancelled => Some(Button::Retry),
        },
    }
}
