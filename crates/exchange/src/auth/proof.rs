//! A password on its way: the place that its gate gave it, the request that carries its proof, and the verdict, which is
//! awaited even when nobody waits for the answer any more.

use super::{
    error::AuthError,
    gate::{Gate, Permit, SignInVerdict},
};
use crate::{
    observer::CallObserver,
    outbound::{
        connection::{ConnectionFacts, HttpConnection, SendError},
        response::IncomingResponse,
    },
};
use http::{Request, StatusCode};
use hyper::body::Bytes;
use kalends_core::account_name::AccountName;
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

/// A permit that has not been used. Dropping it tells the gate that nothing was sent.
pub(super) struct UnusedPermit {
    permit: Option<Box<dyn Permit>>,
    at: ConnectionFacts,
}

impl UnusedPermit {
    /// Asks the gate. A permit that comes when nobody waits for it any more goes back by itself.
    pub async fn ask(
        gate: &Arc<dyn Gate>,
        at: &ConnectionFacts,
        account: &AccountName,
    ) -> Result<Self, AuthError> {
        let (tell, told) = oneshot::channel();
        let (gate, at, account) = (Arc::clone(gate), at.clone(), account.clone());
        tokio::spawn(async move {
            let asked = gate.permit(&at, &account).await;
            let permit = asked.map(|permit| Self {
                permit: Some(permit),
                at,
            });
            drop(tell.send(permit));
        });
        match told.await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(problem)) => Err(AuthError::HeldBack(Box::new(problem))),
            Err(_) => Err(AuthError::Send(SendError::Broken)),
        }
    }

    async fn settle(mut self, verdict: SignInVerdict) {
        if let Some(permit) = self.permit.take() {
            permit.settle(&self.at, verdict).await;
        }
    }
}

impl Drop for UnusedPermit {
    fn drop(&mut self) {
        if let (Some(permit), Ok(runtime)) = (self.permit.take(), Handle::try_current()) {
            let at = self.at.clone();
            runtime.spawn(async move { permit.settle(&at, SignInVerdict::NotSent).await });
        }
    }
}

/// What goes out with a proof, and what is known of the password before.
pub(super) struct PasswordProof {
    /// Used up by this proof.
    pub permit: UnusedPermit,
    /// Where it is sent.
    pub connection: HttpConnection,
    /// Told of a refusal.
    pub observer: Arc<dyn CallObserver>,
    /// The server has taken this password before.
    pub was_accepted: bool,
    /// How long the verdict is awaited.
    pub verdict_limit: Duration,
}

impl PasswordProof {
    /// Sends the request that carries the proof. Whoever waits may stop waiting: the verdict is awaited all the same,
    /// for as long as a call may take, and the gate hears of it.
    pub async fn send(
        self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<(IncomingResponse, SignInVerdict), AuthError> {
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let Self {
                permit,
                mut connection,
                observer,
                was_accepted,
                verdict_limit,
            } = self;
            if tell.is_closed() {
                return permit.settle(SignInVerdict::NotSent).await;
            }
            let answer = timeout(verdict_limit, connection.send(request, limit)).await;
            let answer = answer.unwrap_or(Err(SendError::Broken));
            let verdict = verdict(&answer, was_accepted);
            if verdict == SignInVerdict::Refused {
                observer.sign_in_refused();
            }
            permit.settle(verdict).await;
            drop(tell.send(answer.map(|answer| (answer, verdict))));
        });
        let judged = told.await.unwrap_or(Err(SendError::Broken));
        judged.map_err(AuthError::Send)
    }
}

fn verdict(answer: &Result<IncomingResponse, SendError>, was_accepted: bool) -> SignInVerdict {
    match answer {
        Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => SignInVerdict::Refused,
        Ok(answer) if is_past_sign_in(answer) => SignInVerdict::Accepted,
        Ok(answer) if !was_accepted && may_be_proxy_refusal(answer) => SignInVerdict::Doubted,
        Ok(_) => SignInVerdict::Unjudged,
        Err(SendError::Stale) => SignInVerdict::NotSent,
        // A connection that was idle for too long ends so, and this one was taken before.
        Err(SendError::Dropped) if was_accepted => SignInVerdict::Unjudged,
        Err(
            SendError::Dropped
            | SendError::Broken
            | SendError::ClientCertificate
            | SendError::NotHttp,
        ) => SignInVerdict::Unanswered,
    }
}

/// A page or a way to one, in the place of an answer. 403 and 5xx come from Exchange itself as well.
fn may_be_proxy_refusal(answer: &IncomingResponse) -> bool {
    /// What IIS sends when a sign-in page was left alone for too long.
    const LOGIN_TIMEOUT: u16 = 440;
    answer.status.is_success()
        || answer.status.is_redirection()
        || answer.status.as_u16() == LOGIN_TIMEOUT
}

/// Only an answer in XML proves that the sign-in was passed: pages and redirects may come from a proxy in front.
pub(super) fn is_past_sign_in(answer: &IncomingResponse) -> bool {
    let is_xml = answer
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"));
    is_xml && (answer.status.is_success() || answer.status == StatusCode::INTERNAL_SERVER_ERROR)
}
