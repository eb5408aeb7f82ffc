//! What stands behind the commands of `naia`.

mod api_client;
pub mod benchmark;
pub mod demo;
pub mod dlq;
pub mod evaluate;
pub mod events;
pub mod health;
pub mod import;
pub mod installation;
pub mod keys;
pub mod library;
pub mod logging;
pub mod manual;
pub mod migrate;
pub mod printable;
pub mod restored;
pub mod sample_plant;
pub mod stack;
pub mod stack_file;
pub mod status;
pub mod up;
