//! Finding Java and the jars of Apache Kafka.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

const OLDEST_JAVA: u32 = 17;

/// What is needed to run Apache Kafka.
#[derive(Debug, Clone)]
pub struct KafkaPrograms {
    pub java: PathBuf,
    /// The folder that holds Kafka's jars.
    pub libs: PathBuf,
}

/// Why Apache Kafka cannot be run here, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingKafka {
    NoJava,
    OldJava(u32),
    NoJars,
}

impl fmt::Display for MissingKafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJava => write!(f, "java is not installed (Debian: apt-get install default-jre-headless)"),
            Self::OldJava(major) => {
                write!(f, "java {major} is too old for Apache Kafka: install {OLDEST_JAVA} or newer")
            }
            Self::NoJars => write!(
                f,
                "the jars of Apache Kafka are missing: run `make setup` in the project, or name an installed Kafka in NAIA_KAFKA_HOME"
            ),
        }
    }
}

impl std::error::Error for MissingKafka {}

impl KafkaPrograms {
    /// Looks in `NAIA_KAFKA_HOME`, beside the data folder, in the project's `.kafka/lib` and in `/opt/kafka`.
    pub fn find(data_dir: Option<&Path>) -> Result<Self, MissingKafka> {
        let java = find_java()?;
        let libs = candidates(data_dir)
            .into_iter()
            .find(|folder| holds_kafka(folder))
            .ok_or(MissingKafka::NoJars)?;
        Ok(Self { java, libs: libs.canonicalize().unwrap_or(libs) })
    }

    /// A command that runs one class of Kafka's jars.
    pub fn command(&self, heap_megabytes: u32, class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command.arg(format!("-Xmx{heap_megabytes}m"));
        // Fewer threads and a faster start: a private broker is small.
        command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]);
        command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        command.arg("-cp").arg(self.libs.join("*")).arg(class);
        command
    }
}

fn candidates(data_dir: Option<&Path>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for home in ["NAIA_KAFKA_LIBS", "NAIA_KAFKA_HOME"].into_iter().filter_map(env::var_os).map(PathBuf::from)
    {
        folders.push(home.join("libs"));
        folders.push(home);
    }
    if let Some(data_dir) = data_dir {
        folders.push(data_dir.join("kafka-lib"));
        folders.extend(data_dir.parent().map(|beside| beside.join("kafka-lib")));
    }
    let here = env::current_dir().ok();
    let program = env::current_exe().ok();
    for start in here.iter().chain(program.iter()) {
        folders.extend(start.ancestors().map(|folder| folder.join(".kafka/lib")));
    }
    folders.push("/opt/kafka/libs".into());
    folders
}

fn holds_kafka(folder: &Path) -> bool {
    let names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    let has = |start: &str| names.iter().any(|name| name.starts_with(start) && name.ends_with(".jar"));
    has("kafka_2.13-") && has("kafka-clients-") && has("kafka-tools-")
}

fn find_java() -> Result<PathBuf, MissingKafka> {
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let java = home
        .into_iter()
        .chain(env::split_paths(&path))
        .map(|folder| folder.join("java"))
        .find(|p| p.is_file());
    let java = java.ok_or(MissingKafka::NoJava)?;
    match java_major(&java) {
        Some(major) if major < OLDEST_JAVA => Err(MissingKafka::OldJava(major)),
        _ => Ok(java),
    }
}

/// The first line of `java -version` is: openjdk version "17.0.15" …
fn java_major(java: &Path) -> Option<u32> {
    let answer = Command::new(java).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&answer.stderr).into_owned();
    let version = text.split('"').nth(1)?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    match numbers.next()? {
        1 => numbers.next(),
        major => Some(major),
    }
}
