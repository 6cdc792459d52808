//! A notice as lists show it, and what came of a test, in words.

use crate::moment::Moment;
use kalends_core::{job::JobState, notice::Channel};

/// A notice of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct SentView {
    pub link: String,
    pub at: Moment,
    pub subject: String,
    pub to: String,
    pub state: String,
    pub is_bad: bool,
}

pub fn view_of(
    notice: &kalends_core::notice::Notice,
    words: &crate::moment::Formatter,
) -> SentView {
    let by = match notice.recipient.channel {
        Channel::Mail => "",
        Channel::Webhook => " (webhook)",
    };
    SentView {
        link: format!("/organisation/notices/{}", notice.id),
        at: words.moment(notice.made_at),
        subject: notice.subject.clone(),
        to: format!("{}{by}", notice.recipient.shown),
        state: match (notice.state, notice.attempts) {
            (JobState::Draft, _) | (JobState::Waiting, 0) => "Being sent".to_owned(),
            (JobState::Waiting, 1) => "Not taken yet, tried once".to_owned(),
            (JobState::Waiting, attempts) => format!("Not taken yet, tried {attempts} times"),
            (JobState::Done, _) => "Sent".to_owned(),
            (JobState::Failed, _) => "Not sent, given up".to_owned(),
            (JobState::Cancelled, _) if notice.recipient.channel == Channel::Webhook => {
                "Cancelled: it was over, or the webhook was removed".to_owned()
            }
            (JobState::Cancelled, _) => "Cancelled".to_owned(),
        },
        is_bad: notice.state == JobState::Failed
            || (notice.state == JobState::Waiting && notice.attempts > 0),
    }
}

/// What came of a test, in words.
pub fn test_result(tested: Result<String, String>) -> String {
    match tested {
        Ok(said) => format!("The test went out: {said}."),
        Err(said) => format!("The test did not go out: {said}."),
    }
}
