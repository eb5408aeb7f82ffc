mod datapoints;
mod event_stream;
mod other_clients;
mod reader;
mod record_batch;
mod relay;
mod support;
mod topics;
