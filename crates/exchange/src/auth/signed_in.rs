//! One signed-in connection: decides for each request what `Authorization` goes along, and whether anything may go at
//! all. NTLM signs in the connection and not the request: one handshake, then requests go without a password for as
//! long as the connection stands.

use super::{
    basic, channel_binding,
    credentials::Credentials,
    error::AuthError,
    gate::{BasicUse, Gate, SignInVerdict},
    handshake::{CHALLENGE_BODY_LIMIT, NtlmHandshake},
    handshake_peer::HandshakePeer,
    method::AuthMethod,
    ntlm,
    offer::{Offer, Scheme},
    proof::{PasswordProof, UnusedPermit, is_past_sign_in},
};
use crate::outbound::{
    Outbound,
    connection::{HttpConnection, SendError},
    proxy::proxy_name,
    response::IncomingResponse,
};
use http::{HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use hyper::body::Bytes;
use kalends_core::{
    account_name::{AccountName, Password},
    random::Random,
};
use std::sync::Arc;

/// A connection over which requests go signed in.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is known of one connection; each comes by itself"
)]
pub struct SignedIn {
    outbound: Outbound,
    connection: HttpConnection,
    account: AccountName,
    /// `None` once it was forgotten: then the connection goes on as long as it stays signed in.
    password: Option<Password>,
    gate: Arc<dyn Gate>,
    random: Random,
    offer: Offer,
    method: AuthMethod,
    state: State,
    /// The method is settled for this connection.
    is_chosen: bool,
    /// The password, or a proof of it, went out.
    has_sent: bool,
    /// The connection carries the sign-in of an NTLM handshake.
    is_bound: bool,
    /// A first proof of the password went out, and no answer has told yet what became of it.
    is_in_doubt: bool,
    /// The permit for the next proof.
    permit: Option<UnusedPermit>,
    /// Who sent the latest challenge.
    challenger: Option<HandshakePeer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No answer has told whether the password is right.
    Fresh,
    Accepted,
    /// Never sent again from here.
    Refused,
}

impl SignedIn {
    /// Takes over a connection whose server made `offer`. Nothing is sent yet.
    pub fn new(
        outbound: Outbound,
        random: Random,
        connection: HttpConnection,
        offer: &Offer,
        credentials: Credentials,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, AuthError> {
        let method = AuthMethod::of(offer).ok_or_else(|| AuthError::NotOffered(offer.clone()))?;
        Ok(Self {
            outbound,
            connection,
            account: credentials.account,
            password: Some(credentials.password),
            gate,
            random,
            offer: offer.clone(),
            method,
            state: State::Fresh,
            is_chosen: false,
            has_sent: false,
            is_bound: false,
            is_in_doubt: false,
            permit: None,
            challenger: None,
        })
    }

    /// The connection in use, with what was seen of it.
    pub const fn connection(&self) -> &HttpConnection {
        &self.connection
    }

    /// How the connection is signed in.
    pub const fn method(&self) -> AuthMethod {
        self.method
    }

    /// Forgets the password, so that an idle connection holds none. False if the connection is of no use without it.
    pub fn forget_password(&mut self) -> bool {
        self.password = None;
        self.is_bound()
    }

    /// Whether the connection itself is signed in, so that requests go out without the password.
    pub fn is_bound(&self) -> bool {
        self.is_bound && self.is_accepted()
    }

    /// Whether the password, or a proof of it, went out.
    pub const fn has_sent(&self) -> bool {
        self.has_sent
    }

    /// Whether the server has taken the password.
    pub fn is_accepted(&self) -> bool {
        self.state == State::Accepted
    }

    /// Sends a request with the sign-in. A connection that was closed while idle, or that lost its sign-in, is
    /// replaced once. Basic never takes the place of a sign-in that failed: whoever can make it fail would get the
    /// password. A refused password is never sent again, nor one whose fate nobody knows.
    pub async fn send(
        &mut self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<IncomingResponse, AuthError> {
        self.pass_gate().await?;
        let mut answer = self.send_once(request.clone(), limit).await;
        if let Err(AuthError::Send(SendError::Stale | SendError::Dropped)) = answer {
            if self.password.is_none() {
                return Err(AuthError::PasswordForgotten);
            }
            self.reconnect().await?;
            self.pass_gate().await?;
            answer = self.send_once(request, limit).await;
        }
        if answer.as_ref().is_err_and(AuthError::is_before_the_proof)
            && self.offer.has(&Scheme::Basic)
        {
            return Err(AuthError::BasicWithheld(self.offer.clone()));
        }
        self.check_refusal(answer?).await
    }

    /// Once for each connection, before anything of the password goes out: Basic where the account is set to it or
    /// nothing better was ever offered.
    async fn choose_method(&mut self) -> Result<(), AuthError> {
        if self.is_chosen {
            return Ok(());
        }
        let held_back = |problem| AuthError::HeldBack(Box::new(problem));
        let host = &self.connection.facts().host;
        let kept = self.gate.offered(host, &self.offer).await;
        kept.map_err(held_back)?;
        if self.offer.has(&Scheme::Basic) {
            let basic = self.gate.basic_at(host, &self.account, &self.offer).await;
            match basic.map_err(held_back)? {
                BasicUse::OnPurpose => self.method = AuthMethod::Basic,
                BasicUse::Withheld if self.method == AuthMethod::Basic => {
                    return Err(AuthError::BasicWithheld(self.offer.clone()));
                }
                BasicUse::NothingBetter | BasicUse::Withheld => {}
            }
        }
        self.is_chosen = true;
        Ok(())
    }

    /// Puts a fresh connection in the place of one that a call left unfinished.
    pub async fn reconnect(&mut self) -> Result<(), AuthError> {
        let facts = self.connection.facts();
        let (host, port) = (facts.host.clone(), facts.port);
        let fresh = self.outbound.connect(&host, port).await;
        self.connection = fresh.map_err(AuthError::Outbound)?;
        self.is_chosen = false;
        if self.is_bound() {
            // The password goes out once more: the gate decides again.
            self.state = State::Fresh;
        }
        self.is_bound = false;
        Ok(())
    }

    async fn send_once(
        &mut self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<IncomingResponse, AuthError> {
        if self.method == AuthMethod::Basic {
            let password = self.password.as_ref();
            let password = password.ok_or(AuthError::PasswordForgotten)?;
            let header =
                basic::header(&self.account, password).ok_or(AuthError::Send(SendError::Broken))?;
            return self.send_with(request, header, limit).await;
        }
        if !self.is_bound {
            return self.handshake(request, limit).await;
        }
        let answer = self.connection.send(request, limit).await;
        let answer = answer.map_err(AuthError::Send)?;
        if answer.status == StatusCode::UNAUTHORIZED {
            // No password went along: the connection lost its sign-in, as behind a balancer. A fresh one signs in.
            return Err(AuthError::Send(SendError::Stale));
        }
        Ok(answer)
    }

    /// The three messages of NTLM; the request itself goes with the third.
    async fn handshake(
        &mut self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<IncomingResponse, AuthError> {
        let password = self.password.clone();
        let password = password.ok_or(AuthError::PasswordForgotten)?;
        let handshake = NtlmHandshake::new(self.method);
        let negotiate = handshake.negotiate(&request);
        let answer = self.connection.send(negotiate, CHALLENGE_BODY_LIMIT).await;
        let answer = answer.map_err(AuthError::Send)?;
        if is_past_sign_in(&answer) {
            let proxy = proxy_name(&answer.headers);
            answer.drain().await;
            return Err(AuthError::AnsweredWithoutSignIn(proxy));
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            // Whatever this is, it comes from before the sign-in.
            return Ok(answer);
        }
        let Some(token) = handshake.token(&answer) else {
            return Err(match self.method {
                AuthMethod::Negotiate => AuthError::KerberosOnly(self.offer.clone()),
                AuthMethod::Ntlm | AuthMethod::Basic => {
                    AuthError::NotOffered(Offer::read(&answer.headers))
                }
            });
        };
        let is_kept = NtlmHandshake::is_kept(&answer);
        self.challenger = Some(HandshakePeer::of(&answer));
        answer.drain().await;
        if !is_kept {
            return Err(AuthError::NotKept);
        }
        let facts = self.connection.facts();
        let reply = ntlm::ChallengeReply {
            account: &self.account,
            password: &password,
            workstation: ntlm::WORKSTATION,
            host: &facts.host,
            binding: channel_binding::of_certificate(&facts.leaf),
            now: self.outbound.clock().now(),
            nonce: self.random.bytes(),
        };
        let header = handshake
            .authenticate(&reply, &token)
            .map_err(AuthError::BadChallenge)?;
        let answer = match self.send_with(request, header, limit).await {
            // Answered to the first message, gone before the third went out: something in between keeps no connections.
            Err(AuthError::Send(SendError::Stale)) => return Err(AuthError::NotKept),
            // The third is out: sent once more, a wrong password would count twice.
            Err(AuthError::Send(SendError::Dropped)) => {
                return Err(AuthError::Send(SendError::Broken));
            }
            other => other?,
        };
        self.is_bound = answer.status != StatusCode::UNAUTHORIZED;
        Ok(answer)
    }

    async fn send_with(
        &mut self,
        mut request: Request<Bytes>,
        header: HeaderValue,
        limit: usize,
    ) -> Result<IncomingResponse, AuthError> {
        if self.is_in_doubt {
            return Err(AuthError::Send(SendError::Broken));
        }
        let permit = self.permit.take();
        let permit = permit.ok_or(AuthError::Send(SendError::Broken))?;
        let was_accepted = self.state == State::Accepted;
        self.is_in_doubt = !was_accepted;
        self.has_sent = true;
        request.headers_mut().insert(AUTHORIZATION, header);
        let proof = PasswordProof {
            permit,
            connection: self.connection.clone(),
            observer: Arc::clone(self.outbound.observer()),
            was_accepted,
            verdict_limit: self.outbound.limits().call,
        };
        let judged = proof.send(request, limit).await;
        self.is_in_doubt &= !matches!(judged, Ok(_) | Err(AuthError::Send(SendError::Stale)));
        let (answer, verdict) = judged?;
        if verdict == SignInVerdict::Accepted {
            self.state = State::Accepted;
        }
        Ok(answer)
    }

    /// Waits for a permit, unless the next request needs none: not part of what a call may take.
    pub async fn pass_gate(&mut self) -> Result<(), AuthError> {
        if self.state == State::Refused {
            return Err(AuthError::Refused {
                offer: Offer::default(),
                request_id: None,
            });
        }
        self.choose_method().await?;
        let is_carried = self.is_bound && self.method != AuthMethod::Basic;
        if !is_carried && self.permit.is_none() && self.password.is_some() {
            let facts = self.connection.facts();
            self.permit = Some(UnusedPermit::ask(&self.gate, facts, &self.account).await?);
        }
        Ok(())
    }

    async fn check_refusal(
        &mut self,
        answer: IncomingResponse,
    ) -> Result<IncomingResponse, AuthError> {
        if answer.status == StatusCode::UNAUTHORIZED {
            self.state = State::Refused;
            let mut offer = Offer::read(&answer.headers);
            if self.method == AuthMethod::Basic {
                // It needs no connection of its own, which a proxy could part.
                offer.proxy = None;
            } else if let Some(first) = self.challenger.take()
                && let Some(split) = first.split_from(&HandshakePeer::of(&answer), &offer)
            {
                offer.proxy = Some(split);
            }
            let request_id = answer.header("request-id").map(str::to_owned);
            // It is a refusal whether or not the offer could be remembered.
            let host = &self.connection.facts().host;
            drop(self.gate.offered(host, &offer).await);
            return Err(AuthError::Refused { offer, request_id });
        }
        if is_past_sign_in(&answer) {
            self.state = State::Accepted;
        }
        Ok(answer)
    }
}
