//! TLS: a certificate of our own, which clients pin by its fingerprint, or one that the operator has.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};

use crate::options::Options;
use crate::place::{Place, sync_folder};

/// Certificate and key, ready to serve.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, as clients pin it.
    pub(crate) fingerprint: String,
}

/// The certificate that the operator named, or ours, which is made at the first start.
pub(crate) fn identity(options: &Options, place: &Place) -> Result<Identity, String> {
    let (certificate, key) = match &options.certificate {
        Some((certificate, key)) => (certificate.clone(), key.clone()),
        None => {
            let paths = (place.tls().join("certificate.pem"), place.tls().join("key.pem"));
            if !paths.0.exists() || !paths.1.exists() {
                make(options.listen, &paths.0, &paths.1)?;
            }
            paths
        }
    };
    let read = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| read(&certificate, &error))?;
    let first = chain.first().ok_or_else(|| read(&certificate, &"it holds no certificate"))?;
    let fingerprint = fingerprint(first);
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| read(&key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &options.client_authority {
        Some(path) => builder.with_client_cert_verifier(clients_of(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| read(&certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { config: Arc::new(config), fingerprint })
}

/// Accepts clients whose certificates one of the authorities in a file has signed.
fn clients_of(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| words(&error))? {
        let certificate = certificate.map_err(|error| words(&error))?;
        authorities.add(certificate).map_err(|error| words(&error))?;
    }
    if authorities.is_empty() {
        return Err(words(&"it holds no certificate"));
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider).build();
    verifier.map_err(|error| words(&error))
}

/// The fingerprint of a certificate.
fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Makes a certificate that its own key signs.
fn make(listen: SocketAddr, certificate: &Path, key: &Path) -> Result<(), String> {
    let words = |error: rcgen::Error| error.to_string();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let names = ["localhost".to_owned(), listen.ip().to_string(), host];
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let mut params = CertificateParams::new(names).map_err(words)?;
    params.distinguished_name.push(DnType::CommonName, "train-head service");
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let pair = KeyPair::generate().map_err(words)?;
    let signed = params.self_signed(&pair).map_err(words)?;
    let failed = |error: std::io::Error| format!("{}: {error}", key.display());
    write(key, &pair.serialize_pem()).and_then(|()| write(certificate, &signed.pem())).map_err(failed)?;
    certificate.parent().map_or(Ok(()), sync_folder).map_err(failed)
}

/// Writes a file for its owner alone, whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let partial = path.with_extension("partial");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}
