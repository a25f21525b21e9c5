//! What stands between this process and a collector over TLS: read and checked at the start, so that a mistake is told then.

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor};
use rustls::sign::CertifiedKey;
use std::fmt;

/// Authorities that the collector's certificate may be signed by: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Those of a file in PEM. What is no authority's certificate is left out, as everybody does with a system's bundle; `None`
    /// when nothing is left.
    pub(super) fn parse(pem: &[u8]) -> Option<Self> {
        let mut certificates = certificates(pem)?;
        certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
        (!certificates.is_empty()).then_some(Self(certificates))
    }

    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    pub(super) fn trust_anchors(&self) -> Vec<TrustAnchor<'static>> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.0.iter().cloned());
        store.roots
    }
}

/// By what the collector knows this process: a certificate and its key, both in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// Which half of an identity can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IdentityError {
    Certificate,
    Key,
    /// Both can, but they don't belong together.
    Mismatch,
}

impl Identity {
    pub(super) fn parse(certificate: Vec<u8>, key: Vec<u8>) -> Result<Self, IdentityError> {
        let chain = certificates(&certificate).ok_or(IdentityError::Certificate)?;
        let private = PrivateKeyDer::from_pem_slice(&key).map_err(|_| IdentityError::Key)?;
        CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => IdentityError::Mismatch,
            rustls::Error::InvalidCertificate(_) => IdentityError::Certificate,
            _ => IdentityError::Key,
        })?;
        Ok(Self { certificate, key })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// At least one.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Authorities, Identity, IdentityError};

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["board".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    /// In PEM, but nothing that the name says.
    fn bad_der(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    #[test]
    fn authorities_are_at_least_one_certificate() {
        let (certificate, key) = made();
        for bad in ["", "not a certificate", &key, &bad_der("CERTIFICATE"), &certificate.replace("\nM", "\n!")] {
            assert_eq!(Authorities::parse(bad.as_bytes()), None, "{bad}");
        }
        let bundle = [certificate.as_str(), &key, &bad_der("CERTIFICATE"), &certificate].concat();
        let authorities = Authorities::parse(bundle.as_bytes()).unwrap();
        assert_eq!((authorities.certificates().len(), authorities.trust_anchors().len()), (2, 2));
    }

    #[test]
    fn an_identity_is_a_certificate_and_its_own_key() {
        let ((certificate, key), (_, other_key)) = (made(), made());
        let error = |certificate: &str, key: &str| Identity::parse(certificate.into(), key.into()).err();
        assert_eq!(error(&certificate, &key), None);
        assert_eq!(error(&certificate, &other_key), Some(IdentityError::Mismatch));
        for bad in ["", "no key", &certificate, &bad_der("PRIVATE KEY"), &bad_der("ENCRYPTED PRIVATE KEY")] {
            assert_eq!(error(&certificate, bad), Some(IdentityError::Key), "{bad}");
        }
        for bad in ["", "no certificate", &key, &bad_der("CERTIFICATE")] {
            assert_eq!(error(bad, &key), Some(IdentityError::Certificate), "{bad}");
        }
        let identity = Identity::parse(certificate.into(), key.into()).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity");
    }
}
