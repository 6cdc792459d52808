//! What a person gets when they set up a second factor: the key for the phone, as text and as a picture, and ten
//! recovery codes.

use kalends_core::{
    account_name::Password, clock::Timestamp, id::UserId, mailbox::SmtpAddress, random::Random,
};
use qrcode::{Color, EcLevel, QrCode};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

/// How many recovery codes there are.
const CODES: usize = 10;
/// Digits of a code of the phone.
const DIGITS: usize = 6;
/// No letters or digits that look alike; 16 of them are 79 bits.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Empty modules around the picture, as its readers want.
const MARGIN: usize = 4;

/// A key with its recovery codes; a confirmed key is kept without them.
pub struct Enrolment {
    /// In base32.
    key: Zeroizing<String>,
    codes: Vec<Zeroizing<String>>,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// A QR code as one path of squares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Modules along one side, the margin included.
    pub size: usize,
    pub path: String,
}

impl Enrolment {
    /// 160 bits of key, as RFC 4226 recommends.
    pub(super) fn make(random: &Random) -> Self {
        let key = Secret::new_stack(random.bytes::<20>()).to_base32();
        let codes = (0..CODES).map(|_| Zeroizing::new(recovery_code(random)));
        Self {
            key: Zeroizing::new(key),
            codes: codes.collect(),
        }
    }

    /// As [`Self::to_seal`] and [`Self::key_to_seal`] wrote it.
    pub(super) fn opened(sealed: &Password) -> Option<Self> {
        let mut words = sealed.reveal().split(' ');
        let key = Zeroizing::new(words.next()?.to_owned());
        let codes = words.map(|code| Zeroizing::new(code.to_owned()));
        Some(Self {
            codes: codes.collect(),
            key,
        })
    }

    /// Everything, for as long as it is shown.
    pub(super) fn to_seal(&self) -> Password {
        let words = std::iter::once(&*self.key).chain(self.codes.iter().map(|code| &**code));
        Password::from(words.cloned().collect::<Vec<_>>().join(" "))
    }

    /// The key alone.
    pub(super) fn key_to_seal(&self) -> Password {
        Password::from((*self.key).clone())
    }

    /// The recovery codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(|code| code.as_str())
    }

    /// The key to be typed, in groups of four.
    pub fn key_in_groups(&self) -> String {
        let letters: Vec<char> = self.key.chars().collect();
        let groups = letters.chunks(4).map(|group| group.iter().collect());
        groups.collect::<Vec<String>>().join(" ")
    }

    /// The key for a camera; `None` only if it does not fit, which it does.
    pub fn picture(&self, email: &SmtpAddress) -> Option<Picture> {
        // A colon would part the name anew.
        let account = email.as_str().replace(':', ".");
        let totp = builder(&self.key)?
            .with_account_name(account)
            .with_issuer(Some("Kalends"))
            .build();
        let url = Zeroizing::new(totp.ok()?.to_url().ok()?);
        let code = QrCode::with_error_correction_level(url.as_bytes(), EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (row, line) in code.to_colors().chunks(width).enumerate() {
            for (column, color) in line.iter().enumerate() {
                if *color == Color::Dark {
                    let _ = write!(path, "M{} {}h1v1h-1z", column + MARGIN, row + MARGIN);
                }
            }
        }
        Some(Picture {
            size: width + 2 * MARGIN,
            path,
        })
    }

    /// The step that a code belongs to: the present one, or one before or after it, for clocks that differ a little.
    pub(super) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.millis() / 1000).ok()?;
        let step = self.totp()?.check(code, seconds)?;
        i64::try_from(step).ok()
    }

    fn totp(&self) -> Option<Totp> {
        builder(&self.key)?.build().ok()
    }
}

fn builder(key: &str) -> Option<Builder> {
    // Six digits of SHA-1 every 30 seconds, one step to either side: what every app knows.
    Some(Builder::new().with_secret(Secret::try_from_base32(key).ok()?))
}

/// Four groups of four letters and digits.
fn recovery_code(random: &Random) -> String {
    let mut code = String::new();
    for place in 0..16 {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let below = u64::try_from(LETTERS.len()).unwrap_or(1);
        let letter = usize::try_from(random.below(below)).unwrap_or(0);
        code.push(char::from(*LETTERS.get(letter).unwrap_or(&b'a')));
    }
    code
}

/// A code without what people type between its parts.
pub(super) fn typed_code(typed: &Password) -> Zeroizing<String> {
    let plain = typed
        .reveal()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .take(64)
        .flat_map(char::to_lowercase);
    Zeroizing::new(plain.collect())
}

/// Whether a code is one of the phone; recovery codes are longer.
pub(super) fn is_of_phone(code: &str) -> bool {
    code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is stored of a recovery code: they are random and long, so that one round of SHA-256 is enough.
pub(super) fn code_hash(user: UserId, code: &str) -> String {
    let code = Zeroizing::new(code.replace('-', ""));
    let digest = Sha256::new()
        .chain_update(user.to_string())
        .chain_update(b" ")
        .chain_update(code.as_bytes())
        .finalize();
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The key of RFC 6238, appendix B: the ASCII text 12345678901234567890.
    fn of_the_rfc() -> Enrolment {
        Enrolment::opened(&Password::from(
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(),
        ))
        .unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The last six of the eight digits listed.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = of_the_rfc().step_of(code, Timestamp::from_seconds(seconds));
            assert_eq!(step, Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_differ_by_one_step_and_no_more() {
        let kit = of_the_rfc();
        for (seconds, taken) in [
            (0, false),
            (29, false),
            (30, true),
            (59, true),
            (89, true),
            (90, true),
            (119, true),
            (120, false),
        ] {
            // The code of the steps 60 to 89 is that of step 2.
            let code = builder(&kit.key)
                .unwrap()
                .build()
                .unwrap()
                .generate(60)
                .to_string();
            let step = kit.step_of(&code, Timestamp::from_seconds(seconds));
            assert_eq!(step, taken.then_some(2), "{seconds}");
        }
        for wrong in ["", "28708", "2870820", "28708a", "+28708", "２８７０８２"] {
            assert_eq!(
                kit.step_of(wrong, Timestamp::from_seconds(59)),
                None,
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_kit_has_ten_codes_and_is_read_back_as_it_was_sealed() {
        let kit = Enrolment::make(&Random::seeded(1));
        let codes: BTreeSet<&str> = kit.codes().collect();
        assert_eq!(codes.len(), CODES);
        assert!(
            codes
                .iter()
                .all(|code| code.len() == 19 && !is_of_phone(code))
        );
        let again = Enrolment::opened(&kit.to_seal()).unwrap();
        assert_eq!(again.key, kit.key);
        assert!(again.codes().eq(kit.codes()));
        let key = Enrolment::opened(&kit.key_to_seal()).unwrap();
        assert_eq!((&key.key, key.codes().count()), (&kit.key, 0));
        assert_eq!(kit.key_in_groups().replace(' ', ""), *kit.key);
        assert_eq!(format!("{kit:?}"), "Enrolment(…)");
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed_and_another_persons_is_not() {
        let id = |millis| UserId::new(Timestamp::from_millis(millis), [0; 10]);
        let typed = |text: &str| code_hash(id(1), &typed_code(&Password::from(text.to_owned())));
        let stored = code_hash(id(1), "abcd-efgh-jkmn-pqrs");
        assert_eq!(typed(" ABCD efgh-jkmnpqrs "), stored);
        assert_ne!(typed("abcd-efgh-jkmn-pqrt"), stored);
        assert_ne!(code_hash(id(2), "abcd-efgh-jkmn-pqrs"), stored);
    }

    #[test]
    fn the_picture_has_its_margin_and_differs_by_key() {
        let email: SmtpAddress = "alice@example.test".parse().unwrap();
        let picture = |seed| {
            Enrolment::make(&Random::seeded(seed))
                .picture(&email)
                .unwrap()
        };
        let first = picture(1);
        assert!(
            first.size > 29 && first.path.starts_with("M4 4h1v1h-1z"),
            "{first:?}"
        );
        assert_ne!(first, picture(2));
    }
}
