//! The memory for answers: short ones are read at once, a few long ones at a time. Who connects chooses the server, so
//! that a hundred answers as long as they may be could come at the same moment.

use super::sanitize::sanitize_xml;
use crate::outbound::response::{BodyError, BodyStream};
use futures::StreamExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What is read of every answer, in bytes, before it needs one of the places for long ones.
const SHORT_ANSWER_LIMIT: usize = 512 * 1024;

/// Long answers that are in memory at the same time, each up to [`ANSWER_LIMIT`].
///
/// [`ANSWER_LIMIT`]: crate::outbound::response::ANSWER_LIMIT
#[derive(Debug)]
pub struct AnswerBudget(Semaphore);

/// For all checks of this process together.
pub static CHECK_BUDGET: AnswerBudget = AnswerBudget(Semaphore::const_new(2));
/// For all sync runs of this process together, which no check may hold up.
pub static SYNC_BUDGET: AnswerBudget = AnswerBudget(Semaphore::const_new(8));

/// The text of an answer; its place is free again when it is dropped.
pub struct BudgetedText {
    /// The whole answer.
    pub text: String,
    _place: Option<SemaphorePermit<'static>>,
}

impl AnswerBudget {
    /// As [`super::xml::text_of`]; a long answer waits for its place. The caller bounds the time.
    pub async fn text_of(&'static self, mut body: BodyStream) -> Result<BudgetedText, BodyError> {
        let mut place = None;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            if place.is_none() && bytes.len() + chunk.len() > SHORT_ANSWER_LIMIT {
                // The semaphore is never closed.
                place = self.0.acquire().await.ok();
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(BudgetedText {
            text: sanitize_xml(&bytes),
            _place: place,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt as _, stream};
    use hyper::body::Bytes;

    fn body(length: usize) -> BodyStream {
        let chunks: Vec<_> =
            std::iter::repeat_n(Ok(Bytes::from(vec![b'x'; 1024])), length / 1024).collect();
        Box::pin(stream::iter(chunks))
    }

    #[tokio::test]
    async fn long_answers_wait_for_one_another_and_short_ones_do_not() {
        static BUDGET: AnswerBudget = AnswerBudget(Semaphore::const_new(1));
        let first = BUDGET
            .text_of(body(2 * SHORT_ANSWER_LIMIT))
            .await
            .expect("read");
        assert_eq!(first.text.len(), 2 * SHORT_ANSWER_LIMIT);
        let mut second = Box::pin(BUDGET.text_of(body(SHORT_ANSWER_LIMIT + 1024)));
        assert!(second.as_mut().now_or_never().is_none(), "no place is free");
        let short = BUDGET
            .text_of(body(SHORT_ANSWER_LIMIT))
            .await
            .expect("read");
        assert_eq!(short.text.len(), SHORT_ANSWER_LIMIT);
        drop(first);
        assert!(second.await.is_ok());
    }
}
