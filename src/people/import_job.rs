//! Inviting people from a table: a draft that an administrator looks at, then a job that invites one after another.

use super::{
    import::{MAX_PEOPLE, person},
    invite::{check_theirs, invite_through},
    new_person::{NewPerson, PeopleError},
};
use crate::{
    jobs::{self, SLICE, whose},
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    id::JobId,
    import::{ImportOutcome, ImportRow},
    job::{JobError, JobKind, JobState, Turn},
    rights::Right,
};
use kalends_store::{LeasedJob, Store, StoreError, User};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many lines are read at a time.
const GROUP: i64 = 50;

/// Keeps a table as this administrator's draft, with what is wrong in each line, in place of an earlier one; the first
/// [`MAX_PEOPLE`] lines are taken.
pub async fn propose(
    services: &Services,
    admin: &User,
    mut rows: Vec<ImportRow>,
) -> Result<JobId, StoreError> {
    rows.truncate(MAX_PEOPLE);
    find_mistakes(&services.store, &mut rows).await?;
    let made = (admin.id, services.clock.now());
    let zone = &admin.time_zone;
    services
        .store
        .add_job(JobKind::Import, JobState::Draft, zone, &rows, made)
        .await
}

/// Lets a draft be worked on; false if it is none of this administrator, or not any more.
pub async fn confirm(services: &Services, admin: &User, id: JobId) -> Result<bool, StoreError> {
    let Some(job) = services.store.job(id).await? else {
        return Ok(false);
    };
    let subject = format!("{} lines", job.total);
    let entry = AuditEntry::by(admin.id, AuditAction::ImportStarted).about(subject);
    jobs::confirm(services, admin, id, Some(&entry)).await
}

/// Marks the lines that invite nobody: of people with an account, or with an address of somebody else.
async fn find_mistakes(store: &Store, rows: &mut [ImportRow]) -> Result<(), StoreError> {
    for row in rows.iter_mut().filter(|row| row.mistake.is_none()) {
        if let Ok(email) = row.email.parse()
            && store.user_by_email(&email).await?.is_some()
        {
            row.mistake = Some("Has an account already.".to_owned());
            continue;
        }
        let own = person(row, "").map(|person| person.addresses);
        match check_theirs(store, None, &own.unwrap_or_default()).await {
            Err(PeopleError::Store(error)) => return Err(error),
            Err(mistake) => row.mistake = Some(mistake.to_string()),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Goes on inviting for a while.
pub(crate) async fn import_people(
    services: &Services,
    job: &LeasedJob,
    stop: &CancellationToken,
) -> Result<Turn, StoreError> {
    let until = Instant::now() + SLICE;
    let time_zone: String = job.payload()?;
    let store = &services.store;
    loop {
        let open = store.open_items::<ImportRow>(job.job.id, GROUP).await?;
        if open.is_empty() {
            return Ok(Turn::Done);
        }
        for (position, row) in open {
            if stop.is_cancelled() || Instant::now() > until {
                return Ok(Turn::Continue);
            }
            let Some(admin) = whose(services, &job.job, Right::People).await? else {
                return Ok(Turn::Failed(JobError::NotAllowed));
            };
            let outcome = match person(&row, &time_zone) {
                None => ImportOutcome::Mistake,
                Some(person) => {
                    // Somebody is invited and the line is done together, or neither.
                    let doing = store.doing(&job.lease, position, &ImportOutcome::Invited)?;
                    match invited(&doing, services, &admin, person).await {
                        Ok(outcome) => outcome,
                        Err(error) if error.is_for_now() => return Err(error),
                        Err(error) => {
                            tracing::error!(%error, "somebody could not be invited");
                            ImportOutcome::Failed
                        }
                    }
                }
            };
            store.keep_result_of(&job.lease, position, &outcome).await?;
        }
    }
}

async fn invited(
    store: &Store,
    services: &Services,
    admin: &User,
    person: NewPerson,
) -> Result<ImportOutcome, StoreError> {
    match invite_through(store, services, admin, person).await {
        Ok(_) => Ok(ImportOutcome::Invited),
        Err(PeopleError::NotTheirs(_, whose)) => Ok(ImportOutcome::NotTheirs(whose)),
        Err(PeopleError::Store(error)) => Err(error),
        // Checked when the table was read; an address may be taken since.
        Err(_) => Ok(ImportOutcome::Taken),
    }
}
