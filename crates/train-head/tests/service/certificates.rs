//! A server whose options come from a file, and which asks clients for a certificate.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use crate::server::Server;
use crate::util::Dir;

/// Writes an authority and the certificate of a client that it signed.
fn certificates(dir: &Dir, name: &str) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let own = authority.self_signed(&authority_key).unwrap();
    let mut client = CertificateParams::new(vec![name.to_owned()]).unwrap();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client_key = KeyPair::generate().unwrap();
    let signed = client.signed_by(&client_key, &Issuer::new(authority, authority_key)).unwrap();
    dir.write(&format!("{name}-authority.pem"), own.pem());
    dir.write(&format!("{name}.pem"), signed.pem()).write(&format!("{name}.key"), client_key.serialize_pem());
}

#[test]
fn clients_without_the_right_certificate_are_not_answered() {
    let dir = Dir::new();
    certificates(&dir, "ours");
    certificates(&dir, "others");
    let server = Server::of_file(
        &dir,
        "folder = \"service\"\nlisten = \"127.0.0.1:0\"\nmemory = \"2G\"\nproject-bytes = \"3G\"\nclient-authority = \"ours-authority.pem\"\n",
    );
    let add = format!(
        "remote add here https://{} --fingerprint {} --overwrite",
        server.address, server.fingerprint
    );
    let login = "remote login --token-file token";
    dir.write("token", &server.token);
    let code = |line: &str| server.client(line).code;
    assert_eq!(code(&format!("{add} --client-certificate ours.pem --client-key ours.key")), 0);
    assert_eq!(code(login), 0);
    let status = server.ok("remote status");
    assert_eq!(status["project"]["most_bytes"].as_u64(), Some(3 << 30));
    // another's certificate, none, or another key: no answer, and the server goes on
    assert_eq!(code(&format!("{add} --client-certificate others.pem --client-key others.key")), 0);
    for without in [false, true] {
        if without {
            assert_eq!(code(&add), 0);
        }
        let said = server.client("remote login --token-file token");
        assert!(
            said.code == 2 && said.stderr.contains("refuses this client's certificate"),
            "{}",
            said.stderr
        );
    }
    assert_eq!(code(&format!("{add} --client-certificate ours.pem --client-key others.key")), 0);
    let said = server.client(login);
    assert!(said.code == 2 && said.stderr.contains("does not go with its key"), "{}", said.stderr);
    let said = server.client(&format!("{add} --client-certificate nowhere.pem --client-key ours.key"));
    assert!(said.code == 2 && said.stderr.contains("nowhere.pem is no file"), "{}", said.stderr);
    assert_eq!(code(&format!("{add} --client-certificate ours.pem --client-key ours.key")), 0);
    assert_eq!(code(login), 0);
}

#[test]
fn a_file_of_options_is_refused_by_name() {
    let dir = Dir::new();
    for (text, wrong) in [
        ("listn = \"127.0.0.1:0\"", "listn"),
        ("memory = \"much\"", "memory"),
        ("listen = 7843", "listen"),
        ("jobs = 0", "jobs"),
        ("tls-key = \"a.pem\"", "--tls-certificate and --tls-key go together"),
        ("client-authority = \"nowhere.pem\"\nlisten = \"127.0.0.1:0\"", "nowhere.pem"),
    ] {
        dir.write("serve.toml", text);
        let output = dir.command().args(["serve", "--config", "serve.toml"]).output().unwrap();
        let said = crate::util::Said::of(output);
        assert!(said.code != 0 && said.stderr.contains(wrong), "{text}: {}", said.stderr);
    }
}
