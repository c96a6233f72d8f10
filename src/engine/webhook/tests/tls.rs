//! Over TLS: the certificate must be the named host's, whatever the address is.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{KEY, Names, answer, object, webhooks};
use crate::base::ErrorKind;

// For tests only: made for `hooks.test`, signed by itself.
const CERTIFICATE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/certificate.pem"));
const PRIVATE_KEY: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/key.pem"));

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate")
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Trusts the test's certificate and no other.
fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("added");
    let config =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().expect("versions");
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// A server that takes one connection.
async fn serve() -> std::net::SocketAddr {
    let config =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().expect("versions");
    let key = PrivateKeyDer::from_pem_slice(PRIVATE_KEY).expect("a key");
    let config = config.with_no_client_auth().with_single_cert(vec![certificate()], key).expect("a pair");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("accepts");
        // A client that does not trust us goes away.
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let mut part = [0; 4096];
        assert!(stream.read(&mut part).await.expect("reads") > 0);
        stream.write_all(answer("200 OK", "", "secret").as_bytes()).await.expect("writes");
        stream.shutdown().await.unwrap_or_default();
    });
    address
}

async fn sent(name: &str, config: Arc<ClientConfig>) -> Result<serde_json::Value, crate::contract::CallFailure> {
    let names = Names::default().with(name, &[&["1.1.1.1"]]).leading_to(serve().await);
    let webhooks = webhooks(&[name]).with_network(Arc::new(names)).with_tls(config);
    webhooks.send(&object(json!({"url": format!("https://{name}/")})), KEY, None).await
}

#[tokio::test]
async fn a_host_with_its_certificate_is_talked_to() {
    assert_eq!(sent("hooks.test", trusting()).await.expect("answered")["body"], json!("secret"));
}

#[tokio::test]
async fn a_certificate_of_another_host_or_of_nobody_known_ends_it_before_anything_is_sent() {
    let nobody = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    for (name, config) in [("other.test", trusting()), ("hooks.test", Arc::new(nobody))] {
        let failure = sent(name, config).await.expect_err(name);
        assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, false), "{failure:?}");
        assert!(failure.message.starts_with(&format!("no secure connection to `{name}`: ")), "{}", failure.message);
    }
}

#[tokio::test]
async fn the_systems_certificates_do_not_trust_a_stranger() {
    let names = Names::default().with("hooks.test", &[&["1.1.1.1"]]).leading_to(serve().await);
    let webhooks = webhooks(&["hooks.test"]).with_network(Arc::new(names));
    let failure =
        webhooks.send(&object(json!({"url": "https://hooks.test/"})), KEY, None).await.expect_err("a stranger");
    assert!(failure.message.starts_with("no secure connection to `hooks.test`: "), "{}", failure.message);
}
