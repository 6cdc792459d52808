//! Signing in to an Exchange server. A [`SignedIn`] owns one connection and decides for each request what
//! `Authorization` goes along; whoever counts refused sign-ins stands at its [`Gate`].

pub mod basic;
pub mod offer;

use crate::{
    account_name::{AccountName, Password},
    outbound::{
        Outbound, OutboundError,
        connection::{Answer, Connection, SendError},
    },
    problem::Problem,
};
use futures::future::BoxFuture;
use http::{Request, StatusCode, header::AUTHORIZATION};
use hyper::body::Bytes;
use offer::{Offer, Scheme};
use std::sync::Arc;

/// Who signs in, and with what.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub account: AccountName,
    pub password: Password,
}

/// Stands between a password and the wire. Asked once before the first password of a [`SignedIn`] goes out, and told
/// what came of it; counting refusals and locking accounts away is its business.
pub trait Gate: Send + Sync {
    /// Whether the account may sign in at this host now; else the problem to show.
    fn may_sign_in<'a>(
        &'a self,
        host: &'a str,
        account: &'a AccountName,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// The host answered 401 to the password.
    fn refused<'a>(&'a self, host: &'a str, account: &'a AccountName) -> BoxFuture<'a, ()>;

    /// The host took the password.
    fn accepted<'a>(&'a self, host: &'a str, account: &'a AccountName) -> BoxFuture<'a, ()>;
}

/// Why a signed-in request brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    Outbound(OutboundError),
    Send(SendError),
    /// The server offers no kind of sign-in that Kalends can use.
    NotOffered(Offer),
    /// 401 to the password.
    Refused {
        offer: Offer,
        request_id: Option<String>,
    },
    /// The gate stayed shut.
    HeldBack(Box<Problem>),
}

/// A connection over which requests go signed in.
pub struct SignedIn {
    outbound: Outbound,
    connection: Connection,
    credentials: Credentials,
    gate: Arc<dyn Gate>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The gate has not been asked.
    Fresh,
    /// The gate let the password through; no answer has told yet whether it is right.
    Sent,
    Accepted,
    /// Never sent again from here.
    Refused,
}

impl SignedIn {
    /// Takes over a connection whose server made `offer`. Nothing is sent yet.
    pub fn new(
        outbound: Outbound,
        connection: Connection,
        offer: &Offer,
        credentials: Credentials,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, AuthError> {
        if !offer.has(&Scheme::Basic) {
            return Err(AuthError::NotOffered(offer.clone()));
        }
        Ok(Self {
            outbound,
            connection,
            credentials,
            gate,
            state: State::Fresh,
        })
    }

    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the server has taken the password.
    pub fn is_accepted(&self) -> bool {
        self.state == State::Accepted
    }

    /// Sends a request with the sign-in. A connection that was closed while idle is replaced once; a refused
    /// password is never sent again.
    pub async fn send(
        &mut self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<Answer, AuthError> {
        self.pass_gate().await?;
        let signed = self.sign(request)?;
        let answer = match self.connection.send(signed.clone(), limit).await {
            Err(SendError::Stale) => {
                self.reconnect().await?;
                self.connection.send(signed, limit).await
            }
            other => other,
        };
        let answer = answer.map_err(AuthError::Send)?;
        self.judge(answer).await
    }

    /// Puts a fresh connection in the place of one that a call left unfinished.
    pub async fn reconnect(&mut self) -> Result<(), AuthError> {
        let facts = self.connection.facts();
        let (host, port) = (facts.host.clone(), facts.port);
        let fresh = self.outbound.connect(&host, port).await;
        self.connection = fresh.map_err(AuthError::Outbound)?;
        Ok(())
    }

    async fn pass_gate(&mut self) -> Result<(), AuthError> {
        match self.state {
            State::Sent | State::Accepted => Ok(()),
            State::Refused => Err(AuthError::Refused {
                offer: Offer::default(),
                request_id: None,
            }),
            State::Fresh => {
                let host = &self.connection.facts().host;
                let open = self.gate.may_sign_in(host, &self.credentials.account).await;
                open.map_err(|problem| AuthError::HeldBack(Box::new(problem)))?;
                self.state = State::Sent;
                Ok(())
            }
        }
    }

    fn sign(&self, mut request: Request<Bytes>) -> Result<Request<Bytes>, AuthError> {
        let header = basic::header(&self.credentials.account, &self.credentials.password)
            .ok_or(AuthError::Send(SendError::Broken))?;
        request.headers_mut().insert(AUTHORIZATION, header);
        Ok(request)
    }

    async fn judge(&mut self, answer: Answer) -> Result<Answer, AuthError> {
        let host = self.connection.facts().host.clone();
        if answer.status == StatusCode::UNAUTHORIZED {
            self.state = State::Refused;
            self.gate.refused(&host, &self.credentials.account).await;
            return Err(AuthError::Refused {
                offer: Offer::read(&answer.headers),
                request_id: answer.header("request-id").map(str::to_owned),
            });
        }
        if self.state != State::Accepted && comes_from_behind_the_sign_in(&answer) {
            self.state = State::Accepted;
            self.gate.accepted(&host, &self.credentials.account).await;
        }
        Ok(answer)
    }
}

/// Only an answer in XML proves that the sign-in was passed: pages and redirects may come from a proxy in front.
fn comes_from_behind_the_sign_in(answer: &Answer) -> bool {
    let is_xml = answer
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("xml"));
    is_xml && (answer.status.is_success() || answer.status == StatusCode::INTERNAL_SERVER_ERROR)
}
