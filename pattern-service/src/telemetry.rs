//! Traces: made of the spans that the code opens, and sent to a collector where one is configured.

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use pattern_config::TelemetryConfig;
use std::time::Duration;
use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::afresh::Afresh;

/// A collector that is away must not keep a process from ending.
const SEND_WITHIN: Duration = Duration::from_secs(3);
/// The variables of the OpenTelemetry specification that name a collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// Where the spans of this process go. Without a collector they still have ids, which logs carry and others go on with.
pub struct Telemetry {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Telemetry {
    /// `service`: its name in traces, unless the variables say otherwise.
    pub fn of(service: &'static str, config: &TelemetryConfig) -> Self {
        let mut provider = SdkTracerProvider::builder().with_resource(resource(service));
        if !is_set(SAMPLER) {
            let ratio = Sampler::TraceIdRatioBased(config.sample_ratio);
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(ratio)));
        }
        match exporter(config) {
            Some(Ok(exporter)) => provider = provider.with_batch_exporter(exporter),
            Some(Err(error)) => eprintln!("traces are not sent: {error}; check telemetry.otlp_endpoint"),
            None => {}
        }
        let provider = provider.build();
        Self { tracer: provider.tracer("naia-patterns"), provider }
    }

    /// Makes traces of our own spans; those of libraries would drown them.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let parts = ["store", "bus", "api", "worker"].map(|part| (format!("pattern_{part}"), Level::INFO));
        OpenTelemetryLayer::new(self.tracer.clone())
            // Events go to the log; in spans they would be there twice.
            .with_threads(false)
            .with_location(false)
            .with_tracked_inactivity(false)
            .with_filter(Afresh(Targets::new().with_targets(parts).with_default(LevelFilter::OFF)))
    }

    /// Sends what is still to be sent.
    pub async fn end(&self) {
        let provider = self.provider.clone();
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(SEND_WITHIN));
        if let Ok(Err(error)) = ended.await {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

fn resource(service: &'static str) -> Resource {
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if !is_set(SERVICE_NAME) {
        resource = resource.with_service_name(service);
    }
    resource.build()
}

fn exporter(
    config: &TelemetryConfig,
) -> Option<Result<SpanExporter, opentelemetry_otlp::ExporterBuildError>> {
    let exporter = SpanExporter::builder().with_http().with_timeout(SEND_WITHIN);
    match &config.otlp_endpoint {
        // What the variables say wins.
        Some(endpoint) if !ENDPOINTS.into_iter().any(is_set) => {
            let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
            Some(exporter.with_endpoint(traces).build())
        }
        None if !ENDPOINTS.into_iter().any(is_set) => None,
        _ => Some(exporter.build()),
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}
