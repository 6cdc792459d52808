//! The server's side of NTLM: challenges, and the check of the answers, as strict as current Windows. NTLMv1 is
//! refused; proof, MIC, channel binding and target name are checked in that order.

mod message;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use md4::{Digest, Md4};
use md5::Md5;
use sha2::Sha256;

use crate::world::settings::ExtendedProtection;
pub use message::{Authenticate, SIGNATURE};

/// Unicode, target, NTLM, always sign, domain, extended session security, target information, version, 128, 56.
const FLAGS: u32 = 0xa289_8205;
const VERSION: [u8; 8] = [0x0a, 0x00, 0x61, 0x4a, 0x00, 0x00, 0x00, 0x0f];
/// Milliseconds between 1601 and 1970.
const UNIX_IN_FILETIME_MILLIS: i64 = 11_644_473_600_000;

/// A challenge that was sent over a connection and waits for its answer there.
#[derive(Clone, Debug)]
pub struct IssuedChallenge {
    negotiate: Vec<u8>,
    pub message: Vec<u8>,
    nonce: [u8; 8],
}

/// Why an AUTHENTICATE message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NtlmRefusal {
    /// The password is wrong, or was proven by NTLMv1.
    Proof,
    /// The messages were changed on their way.
    Mic,
    /// Windows logs 0xC000035B: the sign-in belongs to another TLS connection, or to none.
    Binding,
    /// The sign-in was meant for another service.
    TargetName,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Client,
    Server,
}

/// The first signature of one side ([MS-NLMP] 3.4.4.2, extended session security without key exchange).
pub fn signature(session_key: &[u8; 16], side: Side, text: &[u8]) -> [u8; 16] {
    let magic: &[u8] = match side {
        Side::Client => b"session key to client-to-server signing key magic constant\0",
        Side::Server => b"session key to server-to-client signing key magic constant\0",
    };
    let key: [u8; 16] = Md5::digest([session_key, magic].concat()).into();
    let number = 0_u32.to_le_bytes();
    let mut signature = [0; 16];
    signature[..4].copy_from_slice(&1_u32.to_le_bytes());
    signature[4..12].copy_from_slice(&hmac_md5(&key, &[&number, text])[..8]);
    signature
}

/// Whether a message is a NEGOTIATE message.
pub fn is_negotiate(message: &[u8]) -> bool {
    message.len() >= 16 && message.starts_with(SIGNATURE) && message[8..12] == [1, 0, 0, 0]
}

impl IssuedChallenge {
    /// Answers a NEGOTIATE message in the name of the first server of `domain`.
    pub fn new(negotiate: &[u8], domain: &str, nonce: [u8; 8], now: Timestamp) -> Self {
        let short = netbios_name(domain);
        let time = (now.as_millisecond() + UNIX_IN_FILETIME_MILLIS) * 10_000;
        let mut info = Vec::new();
        let mut add = |id: u16, value: &[u8]| {
            info.extend(id.to_le_bytes());
            info.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
            info.extend(value);
        };
        add(2, &utf16(&short));
        add(1, &utf16("EX01"));
        add(4, &utf16(domain));
        add(3, &utf16(&format!("ex01.{domain}")));
        add(5, &utf16(domain));
        add(7, &time.to_le_bytes());
        add(0, &[]);
        let name = utf16(&short);
        let mut message = SIGNATURE.to_vec();
        message.extend(2_u32.to_le_bytes());
        message.extend(message::encode_field(name.len(), 56));
        message.extend(FLAGS.to_le_bytes());
        message.extend(nonce);
        message.extend([0; 8]);
        message.extend(message::encode_field(info.len(), 56 + name.len()));
        message.extend(VERSION);
        message.extend(name);
        message.extend(info);
        Self {
            negotiate: negotiate.to_vec(),
            message,
            nonce,
        }
    }

    /// Checks an answer against the password it should prove, the certificate it should be bound to, and the host.
    pub fn check(
        &self,
        answer: &Authenticate<'_>,
        password: &str,
        protection: ExtendedProtection,
        binding: [u8; 16],
        host: &str,
    ) -> Result<(), NtlmRefusal> {
        let (proof, temp) = answer.proof().ok_or(NtlmRefusal::Proof)?;
        let key = password_key(answer, password);
        if !constant_time_eq(&hmac_md5(&key, &[&self.nonce, temp]), proof) {
            return Err(NtlmRefusal::Proof);
        }
        let pairs = answer.pairs().ok_or(NtlmRefusal::Proof)?;
        let value = |id| {
            pairs
                .iter()
                .find(|(each, _)| *each == id)
                .map(|(_, value)| *value)
        };
        if answer.has_mic() {
            let session = hmac_md5(&key, &[proof]);
            let (blank, mic) = answer.without_mic().ok_or(NtlmRefusal::Mic)?;
            if !constant_time_eq(
                &hmac_md5(&session, &[&self.negotiate, &self.message, &blank]),
                &mic,
            ) {
                return Err(NtlmRefusal::Mic);
            }
        }
        if protection == ExtendedProtection::None {
            return Ok(());
        }
        match value(10) {
            Some(sent) if constant_time_eq(sent, &binding) => {}
            None if protection == ExtendedProtection::Allow => {}
            _ => return Err(NtlmRefusal::Binding),
        }
        let service = utf16(&format!("http/{host}"));
        let right = |sent: &[u8]| utf16_to_lowercase(sent) == service;
        if value(9).is_some_and(|sent| !sent.is_empty() && !right(sent)) {
            return Err(NtlmRefusal::TargetName);
        }
        Ok(())
    }
}

/// What both sides know once an answer has proven this password; no key is exchanged.
pub fn session_key(answer: &Authenticate<'_>, password: &str) -> [u8; 16] {
    let (proof, _) = answer.proof().unwrap_or_default();
    hmac_md5(&password_key(answer, password), &[proof])
}

fn password_key(answer: &Authenticate<'_>, password: &str) -> [u8; 16] {
    let user: String = answer.user.chars().map(char_to_uppercase).collect();
    hmac_md5(
        &Md4::digest(utf16(password)),
        &[&utf16(&(user + &answer.domain))],
    )
}

/// MD5 of the channel binding that belongs to a certificate signed with SHA-256.
pub fn channel_binding(certificate: &[u8]) -> [u8; 16] {
    let hash = Sha256::digest(certificate);
    let mut text = [0_u8; 16].to_vec();
    text.extend(53_u32.to_le_bytes());
    text.extend(b"tls-server-end-point:");
    text.extend(hash);
    Md5::digest(text).into()
}

/// The NetBIOS name of a domain: its first label in capitals.
pub fn netbios_name(domain: &str) -> String {
    domain
        .split('.')
        .next()
        .unwrap_or(domain)
        .to_ascii_uppercase()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16_to_lowercase(text: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = text
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    utf16(&String::from_utf16_lossy(&units).to_lowercase())
}

/// Windows upper-cases character by character and changes no length.
fn char_to_uppercase(c: char) -> char {
    let mut upper = c.to_uppercase();
    let first = upper.next();
    if upper.next().is_some() {
        c
    } else {
        first.unwrap_or(c)
    }
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else {
        return [0; 16];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Compares in constant time.
fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    const NEGOTIATE: &str = "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==";
    const CHALLENGE: &str = "TlRMTVNTUAACAAAADgAOADgAAAAFgomiASNFZ4mrze8AAAAAAAAAAIwAjABGAAAACgBhSgAAAA9FAFgAQQBNAFAATABFAAIADgBFAFgAQQBNAFAATABFAAEACABFAFgAMAAxAAQAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAADACIAZQB4ADAAMQAuAGUAeABhAG0AcABsAGUALgB0AGUAcwB0AAUAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAAHAAgAgABAdJR73AEAAAAA";
    const AUTHENTICATE: &str = "TlRMTVNTUAADAAAAGAAYAHoAAAAIAQgBkgAAAA4ADgBYAAAADgAOAGYAAAAGAAYAdAAAAAAAAACaAQAABYKIogoAYUoAAAAPauf8bugs3vr0Wb+LWMqdYEUAWABBAE0AUABMAEUAcwB2AGMALQBjAGEAbABXAFMAMQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABpiuNpgjZKTmPmy18B9WgJAQEAAAAAAACAAEB0lHvcAaqqqqqqqqqqAAAAAAIADgBFAFgAQQBNAFAATABFAAEACABFAFgAMAAxAAQAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAADACIAZQB4ADAAMQAuAGUAeABhAG0AcABsAGUALgB0AGUAcwB0AAUAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAAHAAgAgABAdJR73AEGAAQAAgAAAAoAEABlhumdgcL8mE5HFy/U3QMQCQAsAEgAVABUAFAALwBtAGEAaQBsAC4AZQB4AGEAbQBwAGwAZQAuAHQAZQBzAHQAAAAAAAAAAAA=";
    const BINDING: [u8; 16] = [
        0x65, 0x86, 0xe9, 0x9d, 0x81, 0xc2, 0xfc, 0x98, 0x4e, 0x47, 0x17, 0x2f, 0xd4, 0xdd, 0x03,
        0x10,
    ];

    fn challenge() -> IssuedChallenge {
        let nonce = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let negotiate = STANDARD.decode(NEGOTIATE).unwrap();
        IssuedChallenge::new(&negotiate, "example.test", nonce, now)
    }

    fn check(message: &[u8], password: &str, binding: [u8; 16]) -> Result<(), NtlmRefusal> {
        let answer = Authenticate::read(message).ok_or(NtlmRefusal::Proof)?;
        challenge().check(
            &answer,
            password,
            ExtendedProtection::Require,
            binding,
            "mail.example.test",
        )
    }

    #[test]
    fn the_challenge_is_that_of_the_reference() {
        assert_eq!(STANDARD.encode(challenge().message), CHALLENGE);
    }

    #[test]
    fn the_right_answer_is_taken_and_the_wrong_password_or_certificate_is_not() {
        let message = STANDARD.decode(AUTHENTICATE).unwrap();
        assert_eq!(check(&message, "Pässwörd1", BINDING), Ok(()));
        assert_eq!(
            check(&message, "Passwörd1", BINDING),
            Err(NtlmRefusal::Proof)
        );
        assert_eq!(
            check(&message, "Pässwörd1", [0; 16]),
            Err(NtlmRefusal::Binding)
        );
    }

    #[test]
    fn no_byte_that_counts_may_change() {
        let message = STANDARD.decode(AUTHENTICATE).unwrap();
        for at in 12..message.len() {
            let mut changed = message.clone();
            changed[at] ^= 1;
            assert!(check(&changed, "Pässwörd1", BINDING).is_err(), "{at}");
        }
    }

    #[test]
    fn an_old_answer_of_24_bytes_is_refused() {
        let mut message = STANDARD.decode(AUTHENTICATE).unwrap();
        message[20..24].copy_from_slice(&[24, 0, 24, 0]);
        assert_eq!(
            check(&message, "Pässwörd1", BINDING),
            Err(NtlmRefusal::Proof)
        );
    }
}
