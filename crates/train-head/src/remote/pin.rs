//! TLS to a certificate that was pinned: the server must have the very certificate, whatever names stand in it, and sign with its key.

use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use sha2::{Digest, Sha256};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::book::ClientCertificate;
use crate::exit::{Failure, Result};

/// How long a server may take to show its certificate.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fingerprint of a certificate: `sha256:` and hexadecimal digits.
fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    Sha256::digest(certificate).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Accepts the certificate of a fingerprint alone; with `None` any, which it remembers.
#[derive(Debug)]
struct Pinned {
    fingerprint: Option<String>,
    shown: Mutex<Option<String>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let found = fingerprint(certificate);
        let fits = self.fingerprint.as_ref().is_none_or(|wanted| *wanted == found);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        match fits {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(rustls::CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What a connection needs, and the verifier, which knows the certificate afterwards.
fn config(
    fingerprint: Option<String>,
    client: Option<&ClientCertificate>,
) -> Result<(ClientConfig, Arc<Pinned>)> {
    let unusable = |error: rustls::Error| Failure::unexpected("TLS cannot be used").because(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Pinned { fingerprint, shown: Mutex::default(), provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>);
    let config = match client {
        Some(client) => {
            let (chain, key) = own(client)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                Failure::usage(format!("{} does not go with its key", client.certificate.display()))
                    .because(error)
            })?
        }
        None => builder.with_no_client_auth(),
    };
    Ok((config, verifier))
}

/// This client's certificate chain and key.
fn own(client: &ClientCertificate) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let ClientCertificate { certificate, key } = client;
    let unreadable = |path: &Path, error: rustls::pki_types::pem::Error| {
        Failure::usage(format!("{} holds no certificate or key in PEM", path.display())).because(error)
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificate, error))?;
    Ok((chain, PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?))
}

/// The fingerprint of the certificate that a server shows.
///
/// # Errors
/// It cannot be reached, or speaks no TLS.
pub(crate) fn shown_certificate(url: &str) -> Result<String> {
    let failed = |error: std::io::Error| {
        Failure::unexpected(format!("cannot reach {url}"))
            .because(error)
            .help("is it the address that `train-head serve` printed?")
    };
    let uri: ureq::http::Uri = url.parse().map_err(|_| Failure::usage(format!("{url} is no address")))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let other = |error: &dyn fmt::Display| failed(std::io::Error::other(error.to_string()));
    let mut addresses = (host.as_str(), uri.port_u16().unwrap_or(443)).to_socket_addrs().map_err(failed)?;
    let address = addresses.next().ok_or_else(|| other(&"no such host"))?;
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    socket
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
        .map_err(failed)?;
    let (config, verifier) = config(None, None)?;
    let name = ServerName::try_from(host).map_err(|error| other(&error))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| other(&error))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(failed)?;
    }
    let shown = verifier.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
    shown.ok_or_else(|| other(&"it showed no certificate"))
}

/// Wraps connections in TLS to a pinned certificate.
pub(super) struct PinnedConnector(Arc<ClientConfig>);

impl PinnedConnector {
    /// # Errors
    /// A certificate of this client that cannot be used.
    pub(super) fn new(fingerprint: &str, client: Option<&ClientCertificate>) -> Result<Self> {
        let (config, _) = config(Some(fingerprint.to_owned()), client)?;
        Ok(Self(Arc::new(config)))
    }
}

impl fmt::Debug for PinnedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinnedConnector")
    }
}

impl<In: Transport> Connector<In> for PinnedConnector {
    type Out = PinnedTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> std::result::Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| ureq::Error::Tls("no name of a host"))?;
        let mut conn = ClientConnection::new(Arc::clone(&self.0), name)?;
        let boxed: Box<dyn Transport> = Box::new(transport);
        let mut sock = TransportAdapter::new(boxed, Arc::clone(&details.current_time));
        sock.set_timeout(details.timeout);
        while conn.is_handshaking() {
            conn.complete_io(&mut sock)?;
        }
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(PinnedTransport { buffers, stream: StreamOwned { conn, sock } }))
    }
}

/// A connection to a pinned certificate.
pub(super) struct PinnedTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for PinnedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinnedTransport")
    }
}

impl Transport for PinnedTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(
        &mut self,
        amount: usize,
        timeout: NextTimeout,
    ) -> std::result::Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let count = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
