//! The sign-in in front of everything: HTTP Basic, and the offers of a 401.
//! NTLM and Negotiate are offered as a default installation does but never completed.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use crate::{
    answer::Answer,
    world::{SignIn, World, settings::AuthOffer},
};

/// Signs a request in, or tells the 401.
pub fn sign_in(
    world: &mut World,
    authorization: Option<&str>,
    now: Timestamp,
) -> Result<String, Answer> {
    let Some(header) = authorization else {
        world.counters_mut().anonymous_request();
        return Err(refusal(world));
    };
    let credentials = basic(header).filter(|_| world.settings.offer.basic);
    let Some((name, password)) = credentials else {
        return Err(refusal(world));
    };
    match world.sign_in(&name, &password, now) {
        SignIn::Accepted(principal) => Ok(principal),
        SignIn::Refused => Err(refusal(world)),
    }
}

/// 401 with an empty body and one header line for each scheme offered.
pub fn refusal(world: &World) -> Answer {
    let AuthOffer {
        basic,
        ntlm,
        negotiate,
    } = world.settings.offer;
    let mut answer = Answer::empty(401);
    if negotiate {
        answer = answer.header("WWW-Authenticate", "Negotiate");
    }
    if ntlm {
        answer = answer.header("WWW-Authenticate", "NTLM");
    }
    if basic {
        let realm = format!(r#"Basic realm="mail.{}""#, world.domain);
        answer = answer.header("WWW-Authenticate", realm);
    }
    answer
}

/// Name and password of a Basic header in UTF-8; the name ends at the first colon.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, token) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basic_header_splits_at_the_first_colon() {
        let header = format!("bAsIc {}", STANDARD.encode("EXAMPLE\\alice:a:b"));
        assert_eq!(
            basic(&header),
            Some(("EXAMPLE\\alice".to_owned(), "a:b".to_owned()))
        );
        assert_eq!(basic("NTLM TlRMTVNTUAAB"), None);
    }
}
