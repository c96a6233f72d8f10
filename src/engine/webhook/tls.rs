//! TLS with the certificates that the system trusts, read when the first
//! request needs them.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::host::Host;
use super::network::Stream;

/// What connections are secured with.
#[derive(Default)]
pub(super) struct Tls {
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    /// A given configuration in place of the system's.
    pub(super) fn with(config: Arc<ClientConfig>) -> Self {
        Self { config: OnceCell::new_with(Some(config)) }
    }

    /// Secures a stream to `host`; the error is a sentence.
    pub(super) async fn secure(&self, stream: Box<dyn Stream>, host: &Host) -> Result<Box<dyn Stream>, String> {
        let config = self.config.get_or_try_init(system).await?;
        // The certificate is for the host that was asked for, whatever its address.
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string())?,
            Host::Address(address) => ServerName::from(*address),
        };
        let connected = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
        connected.map(|stream| Box::new(stream) as Box<dyn Stream>).map_err(|error| error.to_string())
    }
}

async fn system() -> Result<Arc<ClientConfig>, String> {
    // On some systems the certificates are files, hundreds of them.
    let read = tokio::task::spawn_blocking(|| {
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        Ok::<_, rustls::Error>(builder.with_platform_verifier()?.with_no_client_auth())
    });
    match read.await {
        Ok(Ok(mut config)) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Arc::new(config))
        }
        Ok(Err(error)) => Err(format!("the system's certificates cannot be used: {error}")),
        Err(error) => Err(format!("the system's certificates cannot be read: {error}")),
    }
}
