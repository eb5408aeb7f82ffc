//! The worker: its schedule, what its stages find, and what happens when things go wrong.

mod clock;
mod configuration;
mod events;
mod flywheel;
mod killed;
mod opinions;
mod outage;
mod refused;
mod run;
mod scheduler;
mod server_log;
mod site;
mod stages;
mod support;
mod tiles;
mod window;
