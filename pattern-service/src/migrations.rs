use anyhow::Context;
use pattern_config::PostgresConfig;
use pattern_core::domain::PatternSource;
use pattern_store::Store;

/// Brings the configured database up to this version, as soon as it is there.
pub async fn migrate(postgres: &PostgresConfig) -> anyhow::Result<()> {
    let store = crate::store(&PostgresConfig { max_connections: 2, ..postgres.clone() })?;
    store.wait_until_connected().await?;
    prepare_database(&store).await?;
    tracing::info!("the database and the pattern library are of this version");
    store.close().await;
    Ok(())
}

/// The tables, and the patterns that are shipped.
pub async fn prepare_database(store: &Store) -> anyhow::Result<()> {
    store.migrate().await.context("the database cannot be brought up to this version")?;
    let library = pattern_core::library::builtin();
    let now = store.database_time().await?;
    store
        .load_library(&library, PatternSource::Library, now)
        .await
        .context("the pattern library cannot be loaded")?;
    Ok(())
}
