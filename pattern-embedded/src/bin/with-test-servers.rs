//! Runs a command with a PostgreSQL and an Apache Kafka of its own:
//! `with-test-servers cargo test --workspace`.

use anyhow::{Context, Result};
use pattern_embedded::{EmbeddedKafka, EmbeddedPostgres, KafkaPrograms, PostgresUse, testing};
use std::{env, process::ExitCode};
use tokio::{process::Command, signal};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    let usage = "usage: with-test-servers [--postgres-only] COMMAND [ARGUMENT…]";
    let mut program = arguments.next().context(usage)?;
    let postgres_only = program == "--postgres-only";
    if postgres_only {
        program = arguments.next().context(usage)?;
    }
    let mut command = Command::new(&program);
    command.args(arguments).kill_on_drop(true);

    let data_dir = testing::private_folder("shared");
    let postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await?;
    command.env(testing::POSTGRES_VARIABLE, postgres.database_url("postgres"));
    eprintln!("test servers: postgres {}", postgres.database_url("postgres"));
    let kafka = match KafkaPrograms::find(None) {
        _ if postgres_only => None,
        Ok(programs) => {
            let kafka = EmbeddedKafka::start(&data_dir, &programs).await?;
            command.env(testing::KAFKA_VARIABLE, kafka.bootstrap());
            command.env(testing::KAFKA_LIBS_VARIABLE, &programs.libs);
            eprintln!("test servers: kafka {}", kafka.bootstrap());
            Some(kafka)
        }
        Err(missing) => {
            eprintln!("\n!!! NO APACHE KAFKA: {missing}");
            eprintln!("!!! every test that needs it will FAIL; the others run.\n");
            None
        }
    };

    let mut running =
        command.spawn().with_context(|| format!("{} could not be started", program.display()))?;
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    let status = tokio::select! {
        status = running.wait() => Some(status?),
        _ = signal::ctrl_c() => None,
        _ = terminate.recv() => None,
    };
    if status.is_none() {
        drop(running.kill().await);
    }
    if let Some(kafka) = kafka {
        kafka.stop().await;
    }
    postgres.stop().await;
    let folder = data_dir.path().to_owned();
    drop(data_dir);
    drop(std::fs::remove_dir_all(folder));
    let code = status.and_then(|s| s.code()).and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}
