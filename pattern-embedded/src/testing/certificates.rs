use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const SETTINGS: &str = "
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
";

/// Certificates of an authority that nobody else knows, made by openssl (which Debian's `ca-certificates` needs).
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes `ca`, `server` (for localhost and 127.0.0.1), and `client` named `naia`, each as `.crt` and `.key`.
    pub fn make(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("folder of the certificates");
        let made = Self { folder: folder.to_owned() };
        fs::write(made.path("openssl.cnf"), SETTINGS).expect("settings of openssl");
        made.certificate("ca", "/CN=test authority", "authority", false);
        made.certificate("server", "/CN=localhost", "server", true);
        made.certificate("client", "/CN=naia", "client", true);
        made
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file's text, as PEM.
    pub fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it was made")
    }

    fn certificate(&self, name: &str, subject: &str, extensions: &str, signed: bool) {
        let mut openssl = Command::new("openssl");
        openssl.current_dir(&self.folder);
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args(["-config", "openssl.cnf", "-extensions", extensions, "-days", "30", "-subj", subject]);
        openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
        if signed {
            openssl.args(["-CA", "ca.crt", "-CAkey", "ca.key"]);
        }
        let outcome = openssl.output().expect("openssl can be started");
        assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    }
}
