//! The API's own certificate, read again when its files change.

use anyhow::{Context, bail};
use pattern_config::ApiSettings;
use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// `None` where no certificate is configured.
pub fn acceptor(settings: &ApiSettings, shutdown: CancellationToken) -> anyhow::Result<Option<TlsAcceptor>> {
    let (Some(certificate), Some(key)) = (&settings.tls_certificate, &settings.tls_key) else {
        return Ok(None);
    };
    let files = Files { certificate: certificate.into(), key: key.into() };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let read_at = files.changed_at().ok();
    let current = Arc::new(Current(RwLock::new(Arc::new(files.read(&provider)?))));
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current.clone());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    tokio::spawn(follow(files, read_at, current, provider, shutdown));
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn read(&self, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
        let path = self.certificate.display();
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("api.tls_certificate: {path} cannot be read as PEM"))?;
        if chain.is_empty() {
            bail!("api.tls_certificate: {path} holds no certificate");
        }
        let path = self.key.display();
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("api.tls_key: {path} cannot be read as PEM"))?;
        CertifiedKey::from_der(chain, key, provider)
            .with_context(|| format!("api.tls_key: {path} is not the key of api.tls_certificate"))
    }

    fn changed_at(&self) -> io::Result<[SystemTime; 2]> {
        let changed_at = |path| fs::metadata(path)?.modified();
        Ok([changed_at(&self.certificate)?, changed_at(&self.key)?])
    }
}

/// What new connections are shown.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Files are replaced one after the other: while they do not fit together, what was read before is shown.
async fn follow(
    files: Files,
    mut read_at: Option<[SystemTime; 2]>,
    current: Arc<Current>,
    provider: Arc<CryptoProvider>,
    shutdown: CancellationToken,
) {
    let mut said = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        let changed_at = files.changed_at().ok();
        if changed_at == read_at {
            continue;
        }
        match files.read(&provider) {
            Ok(key) => {
                *current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                read_at = changed_at;
                tracing::info!("new connections are shown the new certificate");
            }
            Err(error) if said != changed_at => {
                said = changed_at;
                tracing::warn!("{error:#}; new connections are shown the old certificate");
            }
            Err(_) => {}
        }
    }
}
