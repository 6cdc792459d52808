//! The ids under which a call is found in logs, here and on the server.

use crate::outbound::response::IncomingResponse;
use kalends_core::random::Random;

/// The ids of a call: ours in the request, the server's in the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallIds {
    /// Sent as `client-request-id`; found in the logs of IIS and EWS.
    pub client_request_id: Option<String>,
    /// The server's `request-id`, at most 100 characters.
    pub request_id: Option<String>,
}

impl CallIds {
    pub(crate) fn new(random: &Random) -> Self {
        let guid = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
        Self {
            client_request_id: Some(guid.hyphenated().to_string()),
            request_id: None,
        }
    }

    pub(crate) fn answered(&mut self, answer: &IncomingResponse) {
        let id = answer.header("request-id").map(str::to_owned);
        self.request_id = id.filter(|id| id.len() <= 100);
    }

    /// The id to show: the server's, else ours.
    pub fn shown(&self) -> Option<&str> {
        let id = self.request_id.as_ref().or(self.client_request_id.as_ref());
        id.map(String::as_str)
    }
}
