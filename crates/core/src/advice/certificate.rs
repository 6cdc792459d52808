//! Words for encryption that did not come about: certificates with issuer, names and dates, and TLS itself.

use super::{
    powershell::quote,
    wording::{AdviceBuilder, OPERATOR, Purpose, SERVER, shown, words},
};
use crate::{
    clock::Timestamp,
    problem::{Certificate, CertificateBefore, Issuing, Problem},
};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::CertificateUnknownIssuer { host, certificate } => {
            unknown_issuer(host, certificate)
        }
        Problem::CertificateWrongName { host, certificate } => wrong_name(host, certificate),
        Problem::CertificateExpired { host, certificate } => expired(host, certificate),
        Problem::CertificateNotYetValid { host, certificate } => not_yet_valid(host, certificate),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let host = || "mail.example.test".to_owned();
    let unknown_issuer = |certificate| Problem::CertificateUnknownIssuer {
        host: host(),
        certificate: Box::new(certificate),
    };
    let certificate = || Box::new(example());
    vec![
        unknown_issuer(example()),
        unknown_issuer(Certificate {
            issuer: example().subject,
            ..example()
        }),
        unknown_issuer(Certificate {
            issuer: example().subject,
            is_authority: true,
            ..example()
        }),
        Problem::CertificateWrongName {
            host: host(),
            certificate: certificate(),
        },
        Problem::CertificateExpired {
            host: host(),
            certificate: certificate(),
        },
        Problem::CertificateNotYetValid {
            host: host(),
            certificate: certificate(),
        },
    ]
}

pub(super) fn example() -> Certificate {
    Certificate {
        subject: "CN=mail.example.test".to_owned(),
        issuer: "CN=Example Root".to_owned(),
        names: vec![
            "mail.example.test".to_owned(),
            "autodiscover.example.test".to_owned(),
        ],
        not_before: Timestamp::from_seconds(1_772_546_700),
        not_after: Timestamp::from_seconds(1_804_082_700),
        fingerprint: "5f".repeat(32),
        is_authority: false,
        before: None,
        above: None,
    }
}

pub(super) fn changed_example() -> Certificate {
    Certificate {
        before: Some(CertificateBefore {
            issuer: "CN=Earlier Root".to_owned(),
            since: Timestamp::from_seconds(1_772_546_700),
        }),
        ..example()
    }
}

/// Which certificate EWS uses, and until when it is valid.
pub(super) const CERTIFICATES: &str = "Get-ExchangeCertificate | Format-List Subject,Issuer,CertificateDomains,NotAfter,Services,Thumbprint";

pub(super) fn facts(certificate: &Certificate) -> String {
    let names: Vec<String> = certificate.names.iter().map(|name| shown(name)).collect();
    let names = if names.is_empty() {
        format!(
            "is made out to no name (its subject is {}, which counts for nothing without a subject alternative name)",
            shown(&certificate.subject)
        )
    } else {
        format!("is made out to {}", names.join(", "))
    };
    let now = format!(
        "It was issued by {}, {names}, and is valid from {} until {}.",
        shown(&certificate.issuer),
        certificate.not_before.day_in_words(),
        certificate.not_after.day_in_words()
    );
    match &certificate.before {
        Some(before) => format!("{now} {}", change(certificate, before)),
        None => now,
    }
}

/// What a host showed before, and what it shows now.
pub(super) fn change(now: &Certificate, before: &CertificateBefore) -> String {
    if before.issuer == now.issuer {
        return format!(
            "The certificate has changed: another one worked since {}; both name {} as their issuer.",
            before.since.day_in_words(),
            shown(&now.issuer)
        );
    }
    format!(
        "The certificate has changed: the one that worked since {} was issued by {}, this one by {}.",
        before.since.day_in_words(),
        shown(&before.issuer),
        shown(&now.issuer)
    )
}

/// What to do about a program between that ends TLS itself: a certificate that changed is the only trace it leaves.
pub(super) const SOMETHING_BETWEEN: &str = "Ask whether a proxy, firewall or virus scanner between Kalends and Exchange ends TLS itself since then: with Extended Protection Exchange refuses every sign-in through it, whatever the password. Let it pass the connection through, or give it the certificate of Exchange.";

/// A certificate with the one before it, if it changed since everything last worked.
pub(super) fn before(changed: Option<&Certificate>) -> Option<(&Certificate, &CertificateBefore)> {
    changed.and_then(|certificate| Some((certificate, certificate.before.as_ref()?)))
}

/// Warns of a certificate that ends soon.
pub fn ending(host: &str, certificate: &Certificate) -> String {
    format!(
        "The certificate of {} ends on {}. From then on no calendar on it is read: the Exchange administrator must renew it before.",
        shown(host),
        certificate.not_after.day_in_words()
    )
}

fn unknown_issuer(host: &str, certificate: &Certificate) -> AdviceBuilder {
    if certificate.is_authority {
        return an_authoritys(host, certificate);
    }
    if certificate.is_self_signed() {
        return self_signed(host, certificate);
    }
    let issuer = shown(&certificate.issuer);
    words(
        format!("The certificate of {} is from an issuer that Kalends does not know.", shown(host)),
        format!(
            "Kalends cannot tell whether the server is the right one, so it sent nothing. {}",
            facts(certificate)
        ),
    )
    .step(format!("Hand the certificate of {issuer} to a Kalends administrator, if it is your organisation's own authority."))
    .step("Set KALENDS_EXCHANGE_CA_FILE to that file (PEM) and restart Kalends; verification cannot be switched off.")
    .step("Install the missing intermediate certificate on the server, if the issuer is a public authority.")
    .find_out(CERTIFICATES)
    .command(Purpose::Run, OPERATOR, "KALENDS_EXCHANGE_CA_FILE=/path/to/authority.pem")
}

fn self_signed(host: &str, certificate: &Certificate) -> AdviceBuilder {
    words(
        format!("The certificate of {} is self-signed, and Kalends does not know it.", shown(host)),
        format!(
            "Nobody but the server itself vouches for it, so Kalends cannot tell whether the server is the right one, and sent nothing. {}",
            facts(certificate)
        ),
    )
    .step("Hand this very certificate to a Kalends administrator, by a way on which nobody can exchange it.")
    .step("Set KALENDS_EXCHANGE_CA_FILE to that file (PEM) and restart Kalends; verification cannot be switched off.")
    .step("Or assign a certificate of your organisation's authority or of a public one to IIS.")
    .find_out(CERTIFICATES)
    .command(Purpose::Run, OPERATOR, "KALENDS_EXCHANGE_CA_FILE=/path/to/certificate.pem")
}

/// Trusting it does not help: what is an authority's is refused as a server's.
fn an_authoritys(host: &str, certificate: &Certificate) -> AdviceBuilder {
    let name = quote(host);
    let subject = quote(&format!("CN={host}"));
    let what = if certificate.is_self_signed() {
        "is self-signed and its own authority"
    } else {
        "is an authority's"
    };
    words(
        format!("The certificate of {} {what}, so that it cannot be a server's.", shown(host)),
        format!(
            "It carries the mark CA:TRUE, with which it could sign others, as openssl req -x509 makes it. Kalends refuses it as a server's, also where KALENDS_EXCHANGE_CA_FILE names it, and sent nothing. {}",
            facts(certificate)
        ),
    )
    .step("Make a certificate for the server without that mark: command 1 on an Exchange server, or command 2 where openssl is at hand; or let an authority sign one.")
    .step("Assign it to IIS: command 3, with its thumbprint. On a proxy in front, replace the certificate there.")
    .step("Set KALENDS_EXCHANGE_CA_FILE to the new certificate (PEM), or to the authority that signed it, and restart Kalends.")
    .run(format!("New-ExchangeCertificate -SubjectName {subject} -DomainName {name}"))
    .command(
        Purpose::Run,
        "In a shell",
        format!(
            "openssl req -x509 -newkey rsa:2048 -days 825 -keyout server.key -out server.pem -subj {} -addext {} -addext 'basicConstraints=critical,CA:FALSE'",
            quote(&format!("/CN={host}")),
            quote(&format!("subjectAltName=DNS:{host}"))
        ),
    )
    .run("Enable-ExchangeCertificate -Thumbprint 'THUMBPRINT' -Services IIS")
    .verify(CERTIFICATES)
    .undo("Enable-ExchangeCertificate -Thumbprint 'EARLIER' -Services IIS")
}

fn wrong_name(host: &str, certificate: &Certificate) -> AdviceBuilder {
    let advice = words(
        format!("The certificate is not made out to {}.", shown(host)),
        format!(
            "What answers there shows a certificate for other names, so Kalends sent nothing. {}",
            facts(certificate)
        ),
    );
    // A bare name, such as EX01, leads nowhere outside of its own network.
    let is_full = |name: &&String| name.contains('.') && !name.contains('*');
    let usable = certificate.names.iter().find(is_full);
    let advice = match usable {
        Some(name) => advice.step(format!(
            "Type {} as the Exchange server, if that is the name under which it is meant to be called.",
            shown(name)
        )),
        None => advice.step("Type a full name that the certificate covers as the Exchange server, if there is one."),
    };
    advice
        .step(format!(
            "Issue a certificate that includes {} and assign it to IIS otherwise.",
            shown(host)
        ))
        .find_out(CERTIFICATES)
}

/// The server's own certificate is in its days, one above it is not.
fn issuing_out_of_its_days(
    host: &str,
    certificate: &Certificate,
    issuing: &Issuing,
    what: &str,
) -> AdviceBuilder {
    let subject = shown(&issuing.subject);
    words(
        format!("The certificate {subject}, which issued that of {}, {what}.", shown(host)),
        format!(
            "The issuing certificate is valid from {} until {}. Without one that is valid the server’s own proves nothing, so Kalends sent nothing. {}",
            issuing.not_before.day_in_words(),
            issuing.not_after.day_in_words(),
            facts(certificate)
        ),
    )
    .step(format!("Install the present issuing (intermediate) certificate of {subject} on the server, in “Intermediate Certification Authorities”, and remove the old one; on a load balancer or proxy in front, replace the chain there too."))
    .step("Have the certificate issued anew, if its authority has none that is valid.")
    .step("Check the clock of the machine that runs Kalends, if today lies within those days.")
    .command(
        Purpose::FindOut,
        SERVER,
        "Get-ChildItem Cert:\\LocalMachine\\CA | Format-List Subject,NotBefore,NotAfter,Thumbprint",
    )
}

fn expired(host: &str, certificate: &Certificate) -> AdviceBuilder {
    if let Some(issuing) = &certificate.above {
        let what = format!("expired on {}", issuing.not_after.day_in_words());
        return issuing_out_of_its_days(host, certificate, issuing, &what);
    }
    words(
        format!("The certificate of {} expired on {}.", shown(host), certificate.not_after.day_in_words()),
        format!("An expired certificate proves nothing, so Kalends sent nothing. {}", facts(certificate)),
    )
    .step("Renew the certificate and assign it to IIS; on a load balancer or proxy in front, replace it there too.")
    .step("Check the clock of the machine that runs Kalends, if the date lies ahead.")
    .find_out(CERTIFICATES)
}

fn not_yet_valid(host: &str, certificate: &Certificate) -> AdviceBuilder {
    if let Some(issuing) = &certificate.above {
        let what = format!("is valid only from {}", issuing.not_before.day_in_words());
        return issuing_out_of_its_days(host, certificate, issuing, &what);
    }
    words(
        format!(
            "The certificate of {} is valid only from {}.",
            shown(host),
            certificate.not_before.day_in_words()
        ),
        format!(
            "Until then it proves nothing, so Kalends sent nothing. {}",
            facts(certificate)
        ),
    )
    .step("Check the clocks of the Exchange server and of the machine that runs Kalends.")
    .step("Assign a certificate that is valid today to IIS.")
    .find_out(CERTIFICATES)
}
