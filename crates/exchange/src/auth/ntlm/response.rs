//! The arithmetic of NTLMv2 ([MS-NLMP] 3.3.2): from the password's hash to the proof that it is known, and to the code
//! that protects the three messages.

use super::encoding::utf16;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kalends_core::account_name::Password;
use md4::{Digest as _, Md4};
use md5::Md5;
use zeroize::Zeroizing;

/// NTOWFv2: all that the arithmetic needs of a password.
pub type ResponseKey = Zeroizing<[u8; 16]>;

/// What the AUTHENTICATE message holds of a proof.
pub struct NtlmResponse {
    /// The NTLMv2 response: proof and everything it covers.
    pub nt: Vec<u8>,
    /// The LMv2 response, for servers that tell no time.
    pub lm: [u8; 24],
    /// Also the key exchange key and, without key exchange, the exported session key.
    session: ResponseKey,
}

/// The user name is upper-cased character by character, the domain is taken as it is.
pub fn response_key(user: &str, domain: &str, password: &Password) -> ResponseKey {
    let units: Zeroizing<Vec<u8>> = Zeroizing::new(utf16(password.reveal()));
    let hash: Zeroizing<[u8; 16]> = Zeroizing::new(Md4::digest(&units).into());
    let name: String = user.chars().map(upper).chain(domain.chars()).collect();
    Zeroizing::new(hmac(&*hash, &[&utf16(&name)]))
}

impl NtlmResponse {
    /// `time` is a FILETIME, `target_info` the pairs to send with their end.
    pub fn new(
        key: &ResponseKey,
        server_challenge: [u8; 8],
        nonce: [u8; 8],
        time: [u8; 8],
        target_info: &[u8],
    ) -> Self {
        let mut temp = vec![1, 1, 0, 0, 0, 0, 0, 0];
        temp.extend_from_slice(&time);
        temp.extend_from_slice(&nonce);
        temp.extend_from_slice(&[0; 4]);
        temp.extend_from_slice(target_info);
        temp.extend_from_slice(&[0; 4]);
        let proof = hmac(&**key, &[&server_challenge, &temp]);
        let mut lm = [0; 24];
        lm[..16].copy_from_slice(&hmac(&**key, &[&server_challenge, &nonce]));
        lm[16..].copy_from_slice(&nonce);
        Self {
            session: Zeroizing::new(hmac(&**key, &[&proof])),
            nt: [proof.as_slice(), &temp].concat(),
            lm,
        }
    }

    /// The code over the three messages as they went over the wire, with zeros in the place of the code itself.
    pub fn mic(&self, negotiate: &[u8], challenge: &[u8], authenticate: &[u8]) -> [u8; 16] {
        hmac(&*self.session, &[negotiate, challenge, authenticate])
    }
}

/// The upper case of one character where that is one character: Windows changes no length here.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // Any length of key is taken; ours have 16 bytes.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else {
        return [0; 16];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn the_published_sample_is_met() {
        let key = response_key("User", "Domain", &Password::from("Password".to_owned()));
        assert_eq!(hex(&*key), "0c868a403bfd7a93a3001ef22ef02e3f");
        let mut info = vec![2, 0, 12, 0];
        info.extend_from_slice(&utf16("Domain"));
        info.extend_from_slice(&[1, 0, 12, 0]);
        info.extend_from_slice(&utf16("Server"));
        info.extend_from_slice(&[0; 4]);
        let server = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let proof = NtlmResponse::new(&key, server, [0xaa; 8], [0; 8], &info);
        assert_eq!(hex(&proof.nt[..16]), "68cd0ab851e51c96aabc927bebef6a1c");
        assert_eq!(
            hex(&proof.nt[16..]),
            "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00\
             01000c005300650072007600650072000000000000000000"
        );
        assert_eq!(
            hex(&proof.lm),
            "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"
        );
        assert_eq!(hex(&*proof.session), "8de40ccadbc14a82f15cb0ad0de95ca3");
    }

    #[test]
    fn letters_beyond_ascii_count_in_passwords_and_names() {
        let key_of = |user| response_key(user, "EXAMPLE", &Password::from("Pässwörd1".to_owned()));
        assert_eq!(hex(&*key_of("svc-cal")), "4807b6f918fa76f37ac9bd5e8ae53a55");
        assert_eq!(key_of("dörte"), key_of("DÖRTE"));
        // Its upper case has two letters, so it stays as it is.
        assert_eq!(upper('ß'), 'ß');
    }
}
