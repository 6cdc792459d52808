//! Who sent an answer, as far as it tells: two messages of one NTLM handshake that come from two servers prove that
//! something in between parts the connection.

use super::offer::Offer;
use crate::outbound::{proxy::proxy_name, response::IncomingResponse};
use kalends_core::problem::capped;

/// The marks of whoever sent an answer.
pub(super) struct HandshakePeer {
    /// `X-FEServer`: Exchange's own name of the server in front.
    front_end: Option<String>,
    /// `Server`.
    product: Option<String>,
    proxy: Option<String>,
}

impl HandshakePeer {
    pub(super) fn of(answer: &IncomingResponse) -> Self {
        let named = |header| answer.header(header).map(|text| capped(text.trim()));
        Self {
            front_end: named("x-feserver"),
            product: named("server"),
            proxy: proxy_name(&answer.headers),
        }
    }

    /// What parts the connection, in words, where the refusal cannot come from who sent the challenge.
    pub(super) fn split_from(&self, refusal: &Self, offer: &Offer) -> Option<String> {
        let differ = |first: &Option<String>, then: &Option<String>| match (first, then) {
            (Some(first), Some(then)) if !first.eq_ignore_ascii_case(then) => {
                Some(format!("{first} answered first, then {then}"))
            }
            _ => None,
        };
        let how = differ(&self.front_end, &refusal.front_end)
            .or_else(|| differ(&self.product, &refusal.product))
            .or_else(|| {
                let basic_alone = offer.is_only_basic();
                basic_alone
                    .then(|| "the first answer spoke NTLM, the next offers Basic alone".to_owned())
            })?;
        let named = refusal.proxy.as_deref().or(self.proxy.as_deref());
        let what = named.unwrap_or("a balancer that parts connections");
        Some(capped(&format!("{what} ({how})")))
    }
}
