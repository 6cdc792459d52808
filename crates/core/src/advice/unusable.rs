//! Words for certificates that cannot be used whoever issued them, with how to issue them anew.

use super::{
    certificate::{self, CERTIFICATES, facts},
    powershell::quote,
    wording::{AdviceBuilder, Purpose, SERVER, shown, words},
};
use crate::problem::{Certificate, CertificateFlaw, Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::CertificateUnusable {
            host,
            certificate,
            flaw,
        } => told(host, certificate, flaw),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let unusable = |flaw| Problem::CertificateUnusable {
        host: "mail.example.test".to_owned(),
        certificate: Box::new(certificate::example()),
        flaw,
    };
    let signature = || CertificateFlaw::Signature("SHA-1 with RSA".to_owned());
    vec![
        unusable(CertificateFlaw::NoAlternativeName),
        unusable(signature()),
        unusable(CertificateFlaw::Key("RSA with 1024 bits".to_owned())),
        unusable(CertificateFlaw::NotForServers),
        unusable(CertificateFlaw::CriticalExtension),
        unusable(CertificateFlaw::Constraint),
        unusable(CertificateFlaw::NotAnAuthority {
            subject: "CN=Example Web Server".to_owned(),
        }),
        unusable(CertificateFlaw::Above {
            subject: "CN=Example Issuing CA".to_owned(),
            flaw: Box::new(signature()),
        }),
        unusable(CertificateFlaw::Revoked),
        unusable(CertificateFlaw::Malformed),
    ]
}

fn told(host: &str, certificate: &Certificate, flaw: &CertificateFlaw) -> AdviceBuilder {
    let (title, why) = match flaw {
        CertificateFlaw::Above { subject, flaw } => {
            let (title, why) = title_and_reason(&shown(subject), flaw);
            let own = format!(
                "It stands above the certificate of {}, which cannot be used without it.",
                shown(host)
            );
            (title, format!("{own} {why}"))
        }
        flaw => title_and_reason(&shown(host), flaw),
    };
    let advice = words(
        title,
        format!(
            "{why} Kalends sent nothing, and naming the certificate in KALENDS_EXCHANGE_CA_FILE does not change that. {}",
            facts(certificate)
        ),
    );
    if matches!(flaw, CertificateFlaw::Constraint) {
        return advice
            .step("Have the authority that issued it look at the limits of its own certificate, and issue it by another one if they do not fit.")
            .find_out(CERTIFICATES);
    }
    match flaw {
        CertificateFlaw::NotAnAuthority { subject } | CertificateFlaw::Above { subject, .. } => advice
            .step(format!(
                "Have the certificate of the server issued by a certificate authority other than {}, or that one replaced; then install the whole chain on the server, and on a proxy in front.",
                shown(subject)
            ))
            .find_out(CERTIFICATES),
        _ => reissued(host, certificate, advice),
    }
}

/// The title, and why it is refused.
fn title_and_reason(host: &str, flaw: &CertificateFlaw) -> (String, String) {
    let title = |what: &str| format!("The certificate of {host} {what}.");
    match flaw {
        CertificateFlaw::NoAlternativeName => (
            format!("In the certificate of {host} a subject alternative name is missing."),
            "Its name stands in the subject (CN) alone. Programs have read host names from the subject alternative name only for years, as browsers do.".to_owned(),
        ),
        CertificateFlaw::Signature(how) => (
            title(&format!("is signed with {}, which is not taken", shown(how))),
            format!(
                "Signatures are taken that use RSA, ECDSA or Ed25519 with SHA-256 or better; {} is too weak, or too rare to be checked.",
                shown(how)
            ),
        ),
        CertificateFlaw::Key(key) => (
            title(&format!("has a key that is not taken: {}", shown(key))),
            "Keys are taken that are RSA with 2048 to 8192 bits, ECDSA on the curves P-256 and P-384, or Ed25519.".to_owned(),
        ),
        CertificateFlaw::NotForServers => (
            title("is not meant for servers"),
            "Its purposes (extended key usage) leave “Server Authentication” out.".to_owned(),
        ),
        CertificateFlaw::CriticalExtension => (
            title("carries a condition that Kalends does not know"),
            "An extension of it is marked as critical: whoever does not know it must refuse the certificate.".to_owned(),
        ),
        CertificateFlaw::Constraint => (
            title("is one that its authority may not issue"),
            "An authority above it is limited to other names, or to fewer levels (name or path constraints).".to_owned(),
        ),
        CertificateFlaw::NotAnAuthority { subject } => (
            format!("{} is no certificate authority, and signed the certificate of {host}.", shown(subject)),
            "A certificate may sign others only where it says so itself (basic constraints, CA:TRUE).".to_owned(),
        ),
        // Told by the flaw within it.
        CertificateFlaw::Above { subject, flaw } => title_and_reason(&shown(subject), flaw),
        CertificateFlaw::Revoked => (
            title("was revoked"),
            "Its authority has taken it back.".to_owned(),
        ),
        CertificateFlaw::Malformed => (
            title("cannot be read"),
            "It does not keep to the form of certificates (X.509 version 3).".to_owned(),
        ),
    }
}

/// Issued anew as it is taken everywhere today.
fn reissued(host: &str, certificate: &Certificate, advice: AdviceBuilder) -> AdviceBuilder {
    let issue = if certificate.is_self_signed() {
        "Make a new one for the server: command 1 on the Exchange server, or command 2 where openssl is at hand; or let an authority sign one."
    } else {
        "Have its authority issue it anew, for servers, with a subject alternative name, RSA with 2048 bits or more, and SHA-256. Or make one that signs itself: command 1 or 2."
    };
    let (name, subject) = (quote(host), quote(&format!("/CN={host}")));
    advice
        .step(issue)
        .step("Assign it to IIS: command 3, with its thumbprint. On a proxy in front, replace the certificate there.")
        .step("Set KALENDS_EXCHANGE_CA_FILE to the new certificate (PEM), or to the authority that signed it, and restart Kalends, where no public authority signed it.")
        .command(
            Purpose::Run,
            SERVER,
            format!("New-SelfSignedCertificate -DnsName {name} -CertStoreLocation 'Cert:\\LocalMachine\\My' -KeyAlgorithm RSA -KeyLength 2048 -HashAlgorithm SHA256 -NotAfter (Get-Date).AddYears(2)"),
        )
        .command(
            Purpose::Run,
            "In a shell",
            format!(
                "openssl req -x509 -newkey rsa:2048 -sha256 -days 825 -nodes -keyout server.key -out server.pem -subj {subject} -addext {} -addext 'basicConstraints=critical,CA:FALSE' -addext 'extendedKeyUsage=serverAuth'",
                quote(&format!("subjectAltName=DNS:{host}"))
            ),
        )
        .run("Enable-ExchangeCertificate -Thumbprint 'THUMBPRINT' -Services IIS")
        .verify(CERTIFICATES)
        .undo("Enable-ExchangeCertificate -Thumbprint 'EARLIER' -Services IIS")
}
