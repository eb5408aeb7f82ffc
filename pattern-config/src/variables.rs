//! What the environment sets: `NAIA_KAFKA__BOOTSTRAP_SERVERS` is `kafka.bootstrap_servers`.

use figment::{
    Error, Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::keys::{Keys, OPTIONS, likely};

const PREFIX: &str = "NAIA_";
const OF_OPTIONS: &str = "kafka__options__";
/// `NAIA_POSTGRES__URL_FILE` names a file that holds `postgres.url`: a secret that no list of processes shows.
const FROM_FILE: &str = "_file";
/// Where systemd keeps the credentials of a unit.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Variables of programs and tools around the services.
const OF_TOOLS: [&str; 11] = [
    "NAIA_API_KEY",
    "NAIA_CONFIG",
    "NAIA_DATA_DIR",
    "NAIA_KAFKA_HOME",
    "NAIA_KAFKA_LIBS",
    "NAIA_LOG",
    "NAIA_PGBOUNCER",
    "NAIA_POSTGRES_BIN",
    "NAIA_SQLX_SERVER",
    "NAIA_UPDATE_SCHEMAS",
    "NAIA_WRITE_DOCS",
];
const OF_TESTS: &str = "NAIA_TEST_";

/// The variables as a layer of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    tree: Dict,
    credentials: Option<PathBuf>,
    /// Each as `NAME: what is wrong, what to do`. Without values: they may be secrets.
    pub problems: Vec<String>,
}

impl Variables {
    pub fn read(environment: impl IntoIterator<Item = (OsString, OsString)>, keys: &Keys) -> Self {
        let mut variables = Self::default();
        let mut ours: Vec<(String, OsString)> = Vec::new();
        for (name, value) in environment {
            match name.into_string() {
                Ok(name) if name == CREDENTIALS => variables.credentials = Some(value.into()),
                Ok(name) if name == "WORKER_ID" || name.to_ascii_uppercase().starts_with(PREFIX) => {
                    ours.push((name, value));
                }
                _ => {}
            }
        }
        // In this order a single option wins over the table of all.
        ours.sort();
        for (name, value) in ours {
            let taken = match value.into_string() {
                Ok(value) => variables.take(&name, value, keys),
                Err(_) => Err("is not UTF-8".into()),
            };
            if let Err(problem) = taken {
                variables.problems.push(format!("{name}: {problem}"));
            }
        }
        variables
    }

    fn take(&mut self, name: &str, value: String, keys: &Keys) -> Result<(), String> {
        if is_of_others(&name.to_ascii_uppercase(), &value) {
            return Ok(());
        }
        let lower = name.to_ascii_lowercase();
        let place = if name == "WORKER_ID" { "worker__id" } else { &lower[PREFIX.len()..] };
        let (place, value) = match place.strip_suffix(FROM_FILE) {
            Some(place) if !is_known(place, keys) || place.starts_with(OF_OPTIONS) => {
                if self.is_missing_credential(&value) {
                    return Ok(());
                }
                if std::env::var_os(&name[..name.len() - FROM_FILE.len()]).is_some() {
                    return Err("is set, and so is the same without _FILE; keep one of them".into());
                }
                (place, read_secret(&value)?)
            }
            _ => (place, value),
        };
        if let Some(option) = place.strip_prefix(OF_OPTIONS) {
            let options = self.section("kafka").entry("options".into());
            if let Value::Dict(_, options) = options.or_insert_with(|| Value::from(Dict::new())) {
                options.insert(property(option), Value::from(value));
            }
            return Ok(());
        }
        let known = place
            .split_once("__")
            .and_then(|(section, key)| keys.default_of(section, key).map(|default| (section, key, default)));
        let Some((section, key, default)) = known else {
            let names = keys.names().map(|key| format!("{PREFIX}{}", key.replace('.', "__").to_uppercase()));
            let all = names.chain(OF_TOOLS.map(str::to_owned));
            return Err(match likely(&name.to_ascii_uppercase(), all) {
                Some(meant) => format!("there is no such variable; did you mean {meant}?"),
                None => "there is no such variable; --dump-config shows all keys, and NAIA_POSTGRES__URL \
                         sets postgres.url"
                    .into(),
            });
        };
        // `7` may well name a worker. What is not set by default is a text too, unless it is a time.
        let is_text = default.is_string() || (default.is_null() && !key.ends_with("_days"));
        let value = match is_text {
            true => Value::from(value),
            // A list as people write it.
            false if default.is_array() && !value.trim_start().starts_with('[') => {
                Value::from(value.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>())
            }
            false => value.parse().map_err(|error| format!("cannot be read: {error}"))?,
        };
        if format!("{section}.{key}") == OPTIONS && value.as_dict().is_none() {
            return Err("is a table; write {\"linger.ms\" = 50}, or NAIA_KAFKA__OPTIONS__LINGER_MS=50".into());
        }
        self.section(section).insert(key.to_owned(), value);
        Ok(())
    }

    /// A unit names all credentials that it may have; systemd leaves out those that nobody gave.
    fn is_missing_credential(&self, path: &str) -> bool {
        let path = Path::new(path);
        let is_credential = self.credentials.as_ref().is_some_and(|folder| path.starts_with(folder));
        is_credential && path.try_exists().is_ok_and(|exists| !exists)
    }

    fn section(&mut self, name: &str) -> &mut Dict {
        let section = self.tree.entry(name.to_owned()).or_insert_with(|| Value::from(Dict::new()));
        match section {
            Value::Dict(_, keys) => keys,
            _ => unreachable!("sections are made as dictionaries, here"),
        }
    }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variables")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.tree.clone()))
    }
}

fn is_known(place: &str, keys: &Keys) -> bool {
    let whole = format!("{place}{FROM_FILE}");
    whole.split_once("__").is_some_and(|(section, key)| keys.default_of(section, key).is_some())
}

/// librdkafka's names are flat and lower case. A shell takes no dots in a variable's name, so `_` stands for one.
fn property(option: &str) -> String {
    option.split(['_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

fn is_of_others(name: &str, value: &str) -> bool {
    // What Kubernetes says of a service that is called naia-… is not meant for us.
    let of_kubernetes = name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.contains("_PORT")
            && (value.contains("://") || name.contains("_TCP") || name.contains("_UDP")));
    OF_TOOLS.contains(&name) || name.starts_with(OF_TESTS) || of_kubernetes
}

fn read_secret(path: &str) -> Result<String, String> {
    // Not named: somebody may have put the secret itself there.
    let text = fs::read_to_string(path)
        .map_err(|error| format!("names a file that holds the value, which cannot be read: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(environment: &[(&str, &str)]) -> Variables {
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        Variables::read(environment, &Keys::of_all_services())
    }

    fn options(variables: &Variables) -> Vec<(&str, &str)> {
        let options = variables.tree["kafka"].find_ref("options").and_then(Value::as_dict).unwrap();
        options.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }

    #[test]
    fn a_variable_that_means_nothing_is_refused_with_the_likely_one() {
        for (written, meant) in [
            ("NAIA_POSTGRES_URL", "NAIA_POSTGRES__URL"),
            ("NAIA_POSTGRES__URI", "NAIA_POSTGRES__URL"),
            ("NAIA_KAFKA__BOOTSTRAP_SERVER", "NAIA_KAFKA__BOOTSTRAP_SERVERS"),
            ("NAIA_API_LISTEN", "NAIA_API__LISTEN"),
            ("NAIA_WROKER__CONCURRENCY", "NAIA_WORKER__CONCURRENCY"),
            ("NAIA_POSTGRES__URL__", "NAIA_POSTGRES__URL"),
            ("NAIA_CONFG", "NAIA_CONFIG"),
            ("naia_postgres_url", "NAIA_POSTGRES__URL"),
        ] {
            let problems = read(&[(written, "postgres://naia:secret@db/naia")]).problems;
            assert_eq!(problems.len(), 1, "{written}");
            assert!(problems[0].starts_with(written), "{problems:?}");
            assert!(problems[0].ends_with(&format!("did you mean {meant}?")), "{problems:?}");
            assert!(!problems[0].contains("secret"), "{problems:?}");
        }
        assert!(read(&[("NAIA_SOMETHING_ELSE_ALTOGETHER", "1")]).problems[0].contains("--dump-config"));
    }

    #[test]
    fn variables_of_tools_and_of_kubernetes_are_passed_over() {
        let others = [
            ("NAIA_CONFIG", "naia.toml"),
            ("NAIA_API_KEY", "naia_secret"),
            ("NAIA_TEST_POSTGRES", "postgres://x/y"),
            ("NAIA_PATTERN_API_SERVICE_HOST", "10.0.0.1"),
            ("NAIA_PATTERN_API_SERVICE_PORT_HTTP", "5000"),
            ("NAIA_PATTERN_API_PORT", "tcp://10.0.0.1:5000"),
            ("NAIA_PATTERN_API_PORT_5000_TCP_ADDR", "10.0.0.1"),
            ("HOME", "/root"),
        ];
        let variables = read(&others);
        assert!(variables.problems.is_empty() && variables.tree.is_empty(), "{variables:?}");
    }

    #[test]
    fn the_name_behind_options_is_one_property_with_or_without_dots() {
        let variables = read(&[
            ("NAIA_KAFKA__OPTIONS__SASL.PASSWORD", "007"),
            ("NAIA_KAFKA__OPTIONS__SSL_KEY_PASSWORD", "1.50"),
            ("NAIA_KAFKA__OPTIONS__sasl.mechanism", "PLAIN"),
            ("NAIA_KAFKA__OPTIONS", r#"{"sasl.password" = "other", "linger.ms" = "5"}"#),
        ]);
        assert!(variables.problems.is_empty(), "{:?}", variables.problems);
        let expected = [
            ("linger.ms", "5"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.password", "007"),
            ("ssl.key.password", "1.50"),
        ];
        assert_eq!(options(&variables), expected);
        let problems = read(&[("NAIA_KAFKA__OPTIONS", "sasl.password=hidden")]).problems;
        assert!(problems[0].contains("is a table") && !problems[0].contains("hidden"), "{problems:?}");
    }

    #[test]
    fn a_secret_may_come_from_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "postgres://naia:s3cret@db/naia").unwrap();
        let path = file.path().to_str().unwrap();
        let variables =
            read(&[("NAIA_POSTGRES__URL_FILE", path), ("NAIA_KAFKA__OPTIONS__SASL_PASSWORD_FILE", path)]);
        assert!(variables.problems.is_empty(), "{:?}", variables.problems);
        let url = variables.tree["postgres"].find_ref("url").and_then(Value::as_str);
        assert_eq!(url, Some("postgres://naia:s3cret@db/naia"));
        assert_eq!(options(&variables), [("sasl.password", "postgres://naia:s3cret@db/naia")]);
        let problems = read(&[("NAIA_POSTGRES__URL_FILE", "the secret itself")]).problems;
        assert!(problems[0].starts_with("NAIA_POSTGRES__URL_FILE: names a file"), "{problems:?}");
        assert!(!problems[0].contains("secret itself"), "{problems:?}");
    }

    #[test]
    fn a_credential_that_systemd_was_not_given_sets_nothing_and_any_other_missing_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = folder.path().join("credentials");
        std::fs::create_dir(&credentials).unwrap();
        std::fs::write(credentials.join("url"), "postgres://naia@db/naia\n").unwrap();
        let path = |name: &str| credentials.join(name).to_str().unwrap().to_owned();
        let variables = read(&[
            ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()),
            ("NAIA_POSTGRES__URL_FILE", &path("url")),
            ("NAIA_KAFKA__OPTIONS__SASL_PASSWORD_FILE", &path("sasl")),
        ]);
        assert!(variables.problems.is_empty(), "{:?}", variables.problems);
        let url = variables.tree["postgres"].find_ref("url").and_then(Value::as_str);
        assert_eq!(url, Some("postgres://naia@db/naia"));
        assert!(!variables.tree.contains_key("kafka"), "{variables:?}");

        let missing = path("missing");
        for environment in [
            vec![("NAIA_POSTGRES__URL_FILE", missing.as_str())],
            vec![
                ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()),
                ("NAIA_POSTGRES__URL_FILE", "/elsewhere/missing"),
            ],
        ] {
            assert_eq!(read(&environment).problems.len(), 1, "{environment:?}");
        }
    }

    #[test]
    fn a_list_is_written_with_commas_or_as_toml() {
        for value in ["naia.example,naia.example:8443", r#"["naia.example", "naia.example:8443"]"#] {
            let variables = read(&[("NAIA_API__ALLOWED_HOSTS", value)]);
            let hosts = variables.tree["api"].find_ref("allowed_hosts").and_then(Value::as_array).unwrap();
            let hosts: Vec<_> = hosts.iter().filter_map(Value::as_str).collect();
            assert_eq!(hosts, ["naia.example", "naia.example:8443"]);
        }
    }
}
