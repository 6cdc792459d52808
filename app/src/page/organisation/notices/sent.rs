//! A notice as lists show it, and what came of a test, in words.

use crate::moment::Moment;
use kalends_core::notice::{Channel, NoticeState};

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
            (NoticeState::Waiting, 0) => "Being sent".to_owned(),
            (NoticeState::Waiting, 1) => "Not taken yet, tried once".to_owned(),
            (NoticeState::Waiting, attempts) => format!("Not taken yet, tried {attempts} times"),
            (NoticeState::Sent, _) => "Sent".to_owned(),
            (NoticeState::Failed, _) => "Not sent, given up".to_owned(),
            (NoticeState::Cancelled, _) if notice.recipient.channel == Channel::Webhook => {
                "Cancelled: it was over, or the webhook was removed".to_owned()
            }
            (NoticeState::Cancelled, _) => "Cancelled: it was over".to_owned(),
        },
        is_bad: notice.state == NoticeState::Failed
            || (notice.state == NoticeState::Waiting && notice.attempts > 0),
    }
}

/// What came of a test, in words.
pub fn test_result(tested: Result<String, String>) -> String {
    match tested {
        Ok(said) => format!("The test went out: {said}."),
        Err(said) => format!("The test did not go out: {said}."),
    }
}
