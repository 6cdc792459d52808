//! A password on its way: the place that its gate gave it, the request that carries its proof, and the verdict, which is
//! awaited even when nobody waits for the answer any more.

use super::{
    error::AuthError,
    gate::{Gate, Permit, Verdict},
};
use crate::{
    observer::CallObserver,
    outbound::connection::{Answer, Connection, Facts, SendError},
};
use http::{Request, StatusCode};
use hyper::body::Bytes;
use kalends_core::account_name::AccountName;
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

/// A permit that has not been used. Dropping it tells the gate that nothing was sent.
pub(super) struct Held {
    permit: Option<Box<dyn Permit>>,
    at: Facts,
}

impl Held {
    /// Asks the gate. A permit that comes when nobody waits for it any more goes back by itself.
    pub async fn ask(
        gate: &Arc<dyn Gate>,
        at: &Facts,
        account: &AccountName,
    ) -> Result<Self, AuthError> {
        let (tell, told) = oneshot::channel();
        let (gate, at, account) = (Arc::clone(gate), at.clone(), account.clone());
        tokio::spawn(async move {
            let asked = gate.permit(&at, &account).await;
            let held = asked.map(|permit| Self {
                permit: Some(permit),
                at,
            });
            drop(tell.send(held));
        });
        match told.await {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(problem)) => Err(AuthError::HeldBack(Box::new(problem))),
            Err(_) => Err(AuthError::Send(SendError::Broken)),
        }
    }

    async fn settle(mut self, verdict: Verdict) {
        if let Some(permit) = self.permit.take() {
            permit.settle(&self.at, verdict).await;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let (Some(permit), Ok(runtime)) = (self.permit.take(), Handle::try_current()) {
            let at = self.at.clone();
            runtime.spawn(async move { permit.settle(&at, Verdict::NotSent).await });
        }
    }
}

/// What goes out with a proof, and what is known of the password before.
pub(super) struct Proof {
    pub held: Held,
    pub connection: Connection,
    pub observer: Arc<dyn CallObserver>,
    /// The server has taken this password before.
    pub was_accepted: bool,
    /// How long the verdict is awaited.
    pub patience: Duration,
}

impl Proof {
    /// Sends the request that carries the proof. Whoever waits may stop waiting: the verdict is awaited all the same,
    /// for as long as a call may take, and the gate hears of it.
    pub async fn carry(
        self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<(Answer, Verdict), AuthError> {
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let Self {
                held,
                mut connection,
                observer,
                was_accepted,
                patience,
            } = self;
            if tell.is_closed() {
                return held.settle(Verdict::NotSent).await;
            }
            let answer = timeout(patience, connection.send(request, limit)).await;
            let answer = answer.unwrap_or(Err(SendError::Broken));
            let verdict = verdict(&answer, was_accepted);
            if verdict == Verdict::Refused {
                observer.sign_in_refused();
            }
            held.settle(verdict).await;
            drop(tell.send(answer.map(|answer| (answer, verdict))));
        });
        let judged = told.await.unwrap_or(Err(SendError::Broken));
        judged.map_err(AuthError::Send)
    }
}

fn verdict(answer: &Result<Answer, SendError>, was_accepted: bool) -> Verdict {
    match answer {
        Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => Verdict::Refused,
        Ok(answer) if comes_from_behind_the_sign_in(answer) => Verdict::Accepted,
        Ok(answer) if !was_accepted && may_be_a_proxys_refusal(answer) => Verdict::Doubted,
        Ok(_) => Verdict::Unjudged,
        Err(SendError::Stale) => Verdict::NotSent,
        // A connection that was idle for too long ends so, and this one was taken before.
        Err(SendError::Dropped) if was_accepted => Verdict::Unjudged,
        Err(
            SendError::Dropped
            | SendError::Broken
            | SendError::ClientCertificate
            | SendError::NotHttp,
        ) => Verdict::Unanswered,
    }
}

/// A page or a way to one, in the place of an answer. 403 and 5xx come from Exchange itself as well.
fn may_be_a_proxys_refusal(answer: &Answer) -> bool {
    /// What IIS sends when a sign-in page was left alone for too long.
    const LOGIN_TIMEOUT: u16 = 440;
    answer.status.is_success()
        || answer.status.is_redirection()
        || answer.status.as_u16() == LOGIN_TIMEOUT
}

/// Only an answer in XML proves that the sign-in was passed: pages and redirects may come from a proxy in front.
pub(super) fn comes_from_behind_the_sign_in(answer: &Answer) -> bool {
    let is_xml = answer
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"));
    is_xml && (answer.status.is_success() || answer.status == StatusCode::INTERNAL_SERVER_ERROR)
}
