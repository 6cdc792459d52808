//! The one request that goes without TLS: Autodiscover's question where it is to be asked. It carries nothing but the
//! path, and of the answer nothing but `Location` is read.

use super::{Outbound, error::OutboundError, guard::bare_host, limits::TCP_LIMIT};
use http::{
    Request,
    header::{CONNECTION, HOST, LOCATION, USER_AGENT},
};
use http_body_util::Empty;
use hyper::{body::Bytes, client::conn::http1::Builder};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// How long the answer may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest address that is followed.
const MAX_LOCATION: usize = 2_000;

/// What `http://host/path` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainAnswer {
    /// A redirect, to this address.
    RedirectsTo(String),
    /// Anything else.
    NoRedirect,
    /// No answer within the limit.
    NoneInTime,
}

impl Outbound {
    /// Where `http://host/path` redirects to.
    pub(crate) async fn plain_redirect(
        &self,
        host: &str,
        path: &str,
        user_agent: &str,
    ) -> Result<PlainAnswer, OutboundError> {
        let route = self.route(host, 80).await?;
        let dialled = timeout(TCP_LIMIT, self.dial(route)).await;
        let Ok(dialled) = dialled else {
            return Ok(PlainAnswer::NoneInTime);
        };
        let stream = dialled?.into_stream();
        let asked = timeout(RESPONSE_TIMEOUT, async {
            let mut builder = Builder::new();
            builder.title_case_headers(true);
            let (mut sender, driver) = builder.handshake(TokioIo::new(stream)).await.ok()?;
            let _driver = AbortOnDropHandle::new(tokio::spawn(async move { drop(driver.await) }));
            let request = Request::get(path)
                .header(HOST, bare_host(host))
                .header(USER_AGENT, user_agent)
                .header(CONNECTION, "close")
                .body(Empty::<Bytes>::new())
                .ok()?;
            let answer = sender.send_request(request).await.ok()?;
            if !answer.status().is_redirection() {
                return None;
            }
            let location = str::from_utf8(answer.headers().get(LOCATION)?.as_bytes()).ok()?;
            (location.len() <= MAX_LOCATION).then(|| location.to_owned())
        });
        Ok(match asked.await {
            Ok(Some(location)) => PlainAnswer::RedirectsTo(location),
            Ok(None) => PlainAnswer::NoRedirect,
            Err(_) => PlainAnswer::NoneInTime,
        })
    }
}
