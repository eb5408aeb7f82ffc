mod architecture;
mod benchmark;
mod compose;
mod demo;
mod dlq;
mod evaluate;
mod events;
mod import;
mod import_command;
mod import_formats;
mod import_outage;
mod installation;
mod library_command;
mod licences;
mod manual;
mod page;
mod program;
mod restored;
mod support;
mod systemd;
mod traces;
mod up;

/// Held by a browser that waits for a page, and by those tests that keep the whole machine busy for a minute.
static QUIET: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
