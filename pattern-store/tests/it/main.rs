mod outbox;
mod points;
mod samples;
mod support;
