//! Who gave an answer without SOAP, as far as its headers tell: Exchange itself, or a proxy before it.

use crate::outbound::{proxy::proxy_name, response::IncomingResponse};
use std::fmt;

/// What an answer without SOAP tells about who gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Responder {
    /// `X-CasErrorCode`: why Exchange's own front end did not pass the request on; at most 100 characters.
    pub cas_error: Option<String>,
    /// What stands in front of Exchange, in its own words, where Exchange itself did not answer.
    pub proxy: Option<String>,
    /// Exchange itself answered, or something that hands on what it says.
    pub is_exchange: bool,
}

impl Responder {
    pub(crate) fn read(answer: &IncomingResponse) -> Self {
        const OF_EXCHANGE: [&str; 7] = [
            "x-feserver",
            "x-calculatedbetarget",
            "x-beserver",
            "x-diaginfo",
            "x-owa-version",
            "x-caserrorcode",
            "x-beserverexception",
        ];
        let is_exchange = OF_EXCHANGE
            .iter()
            .any(|name| answer.headers.contains_key(*name));
        // The server behind names the type of its exception: `Microsoft.Exchange.Data.Storage.WrongServerException`.
        let of_back_end = || {
            let exception = answer.header("x-beserverexception")?;
            let name = exception.rsplit('.').next().unwrap_or_default();
            Some(name.trim_end_matches("Exception"))
        };
        let told = answer.header("x-caserrorcode").or_else(of_back_end);
        let cas_error = told.map(|text| {
            let code = text.chars().filter(char::is_ascii_graphic);
            code.take(100).collect::<String>()
        });
        Self {
            cas_error: cas_error.filter(|code| !code.is_empty()),
            proxy: proxy_name(&answer.headers).filter(|_| !is_exchange),
            is_exchange,
        }
    }
}

impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.cas_error {
            write!(f, ", X-CasErrorCode {code}")?;
        }
        match &self.proxy {
            Some(proxy) => write!(f, ", from {proxy}"),
            None => Ok(()),
        }
    }
}
