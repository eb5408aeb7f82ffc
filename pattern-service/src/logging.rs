//! What the programs log: lines for people or JSON for machines, on stderr. Each line within a trace carries its ids.

use opentelemetry::trace::TraceContextExt;
use pattern_config::{LogConfig, LogFormat};
use std::{
    fmt,
    io::{IsTerminal, stderr},
};
use tracing::{Event, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::Telemetry;

/// What the variable asks for; `usual` where it does not, or asks for what cannot be.
pub fn filter(variable: &str, usual: &str) -> EnvFilter {
    let asked = std::env::var(variable).ok().filter(|asked| !asked.trim().is_empty());
    match asked.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            eprintln!("{variable} cannot be used, '{usual}' is logged: {error}");
            EnvFilter::new(usual)
        }
        None => EnvFilter::new(usual),
    }
}

/// Starts a service's logs, and its traces. Called once, first thing.
pub(crate) fn start_service(log: &LogConfig, telemetry: &Telemetry) {
    begin(log.format, filter("RUST_LOG", &log.filter), true, Some(telemetry));
}

/// Starts the logs of a program that has no traces. `with_target`: each line names the part of the program it comes from.
pub fn start(format: LogFormat, filter: EnvFilter, with_target: bool) {
    begin(format, filter, with_target, None);
}

fn begin(format: LogFormat, filter: EnvFilter, with_target: bool, telemetry: Option<&Telemetry>) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_target(with_target)
        // Told on stderr, which is what failed, that would be a panic.
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(is_colourful()).map_event_format(WithIds::text).boxed(),
        LogFormat::Json => {
            let json = lines.json().flatten_event(true).with_current_span(false);
            json.map_event_format(WithIds::json).boxed()
        }
    };
    let traces = telemetry.map(Telemetry::layer);
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).init();
}

/// Adds the ids of the trace and of the span to what is logged within one.
struct WithIds<F> {
    line: F,
    add: fn(&str, &str, &str) -> String,
}

impl<F> WithIds<F> {
    fn text(line: F) -> Self {
        let add = |line: &str, trace: &str, span: &str| format!("{line} trace_id={trace} span_id={span}");
        Self { line, add }
    }

    fn json(line: F) -> Self {
        let add = |line: &str, trace: &str, span: &str| match line.strip_suffix('}') {
            Some(fields) => format!(r#"{fields},"trace_id":"{trace}","span_id":"{span}"}}"#),
            None => line.to_owned(),
        };
        Self { line, add }
    }
}

impl<S, N, F> FormatEvent<S, N> for WithIds<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let inside = Span::current().context();
        let ids = inside.span().span_context().clone();
        if !ids.is_valid() {
            return self.line.format_event(context, writer, event);
        }
        let mut line = String::new();
        let plain = Writer::new(&mut line);
        self.line.format_event(context, plain, event)?;
        let (trace, span) = (ids.trace_id().to_string(), ids.span_id().to_string());
        writeln!(writer, "{}", (self.add)(line.trim_end_matches('\n'), &trace, &span))
    }
}

/// Colours are for a person in front of a terminal who did not ask to be spared them (no-color.org).
fn is_colourful() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|asked| asked.is_empty())
}
