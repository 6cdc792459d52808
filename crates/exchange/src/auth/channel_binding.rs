//! Ties a sign-in to the TLS connection it goes over (RFC 5929 `tls-server-end-point`), so that Extended Protection
//! can see that nobody stands in between. The hash is taken of the certificate that this connection showed.

use md5::{Digest as _, Md5};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{
        OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_SHA224WITHRSA,
        OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA224,
        OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, Oid,
    },
    prelude::parse_x509_certificate,
    signature_algorithm::SignatureAlgorithm,
};

/// MD5 of the channel binding structure for a certificate (DER); `None` if the certificate cannot be read.
pub fn of_certificate(leaf: &[u8]) -> Option<[u8; 16]> {
    let (_, certificate) = parse_x509_certificate(leaf).ok()?;
    Some(of_hash(&hash(&certificate, leaf)))
}

/// The hash of the certificate's own signature; SHA-256 in the place of MD5, SHA-1 and whatever names no hash.
fn hash(certificate: &X509Certificate<'_>, leaf: &[u8]) -> Vec<u8> {
    let algorithm = &certificate.signature_algorithm;
    let oid = match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            Oid::new(parameters.hash_algorithm_oid().as_bytes().to_vec().into())
        }
        _ => algorithm.algorithm.clone(),
    };
    let is = |known: &[Oid<'_>]| known.contains(&oid);
    if is(&[
        OID_PKCS1_SHA384WITHRSA,
        OID_SIG_ECDSA_WITH_SHA384,
        OID_NIST_HASH_SHA384,
    ]) {
        Sha384::digest(leaf).to_vec()
    } else if is(&[
        OID_PKCS1_SHA512WITHRSA,
        OID_SIG_ECDSA_WITH_SHA512,
        OID_NIST_HASH_SHA512,
    ]) {
        Sha512::digest(leaf).to_vec()
    } else if is(&[OID_PKCS1_SHA224WITHRSA, OID_SIG_ECDSA_WITH_SHA224]) {
        Sha224::digest(leaf).to_vec()
    } else {
        Sha256::digest(leaf).to_vec()
    }
}

/// `gss_channel_bindings_struct` without addresses, then MD5.
fn of_hash(hash: &[u8]) -> [u8; 16] {
    let data = [b"tls-server-end-point:".as_slice(), hash].concat();
    let length = u32::try_from(data.len()).unwrap_or_default();
    let mut md5 = Md5::new();
    md5.update([0; 16]);
    md5.update(length.to_le_bytes());
    md5.update(data);
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm as Signed};

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn the_published_bindings_are_met() {
        for (hash, binding) in [
            (
                "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95",
                "6586e99d81c2fc984e47172fd4dd0310",
            ),
            (
                "e3ca49271e5089cc48ce82109f1324f41dbeddc29a777410c738f7868c4ff405",
                "6ea19df066da4622051f9c4f92c6df74",
            ),
        ] {
            assert_eq!(of_hash(&bytes(hash)), *bytes(binding));
        }
    }

    #[test]
    fn the_hash_is_that_of_the_certificates_signature() {
        let leaf = |algorithm: &'static Signed| {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let names = vec!["mail.example.test".to_owned()];
            let certificate = CertificateParams::new(names).unwrap().self_signed(&key);
            certificate.unwrap().der().to_vec()
        };
        let short = leaf(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(
            of_certificate(&short),
            Some(of_hash(&Sha256::digest(&short)))
        );
        let long = leaf(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(of_certificate(&long), Some(of_hash(&Sha384::digest(&long))));
        let other = leaf(&rcgen::PKCS_ED25519);
        assert_eq!(
            of_certificate(&other),
            Some(of_hash(&Sha256::digest(&other)))
        );
    }

    #[test]
    fn what_is_no_certificate_has_no_binding() {
        assert_eq!(of_certificate(b"no certificate"), None);
        assert_eq!(of_certificate(&[]), None);
    }
}
