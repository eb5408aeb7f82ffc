//! What the programs log: lines for people or JSON for machines, on stderr. Each line within a trace carries its ids.

use opentelemetry::{Context, trace::TraceContextExt};
use pattern_config::{LogConfig, LogFormat};
use std::{
    fmt,
    io::{IsTerminal, stderr},
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{Telemetry, afresh::Afresh};

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

/// As [`start`], of a program that makes traces.
pub fn start_with_traces(format: LogFormat, filter: EnvFilter, with_target: bool, telemetry: &Telemetry) {
    begin(format, filter, with_target, Some(telemetry));
}

/// Starts the logs of a program that has no traces. `with_target`: each line names the part of the program it comes from.
pub fn start(format: LogFormat, filter: EnvFilter, with_target: bool) {
    begin(format, filter, with_target, None);
}

fn begin(format: LogFormat, filter: EnvFilter, with_target: bool, telemetry: Option<&Telemetry>) {
    let lines = lines(format, with_target, stderr);
    let traces = telemetry.map(Telemetry::layer);
    tracing_subscriber::registry().with(lines.with_filter(Afresh(filter))).with(traces).init();
}

fn lines<S, W>(format: LogFormat, with_target: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_target(with_target)
        // Told on stderr, which is what failed, that would be a panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_ansi(is_colourful()).map_event_format(WithIds::text).boxed(),
        LogFormat::Json => {
            let json = lines.json().flatten_event(true).with_current_span(false);
            json.map_event_format(WithIds::json).boxed()
        }
    }
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
        // Whoever enters a span makes its context the current one.
        let ids = Context::current().span().span_context().clone();
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

#[cfg(test)]
mod tests {
    use super::*;
    use pattern_config::TelemetryConfig;
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("log").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged outside of a span and within one.
    fn logged(format: LogFormat) -> Vec<String> {
        let kept = Kept::default();
        let writer = kept.clone();
        let telemetry = Telemetry::of("test", &TelemetryConfig::default());
        let subscriber = tracing_subscriber::registry()
            .with(lines(format, false, move || writer.clone()))
            .with(telemetry.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside");
            let _inside = tracing::info_span!(target: "pattern_store", "decide").entered();
            tracing::info!("inside");
        });
        let bytes = kept.0.lock().expect("log").clone();
        String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
    }

    fn is_id(text: &str, digits: usize) -> bool {
        text.len() == digits
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.contains(|c| c != '0')
    }

    #[test]
    fn a_line_within_a_span_ends_with_its_ids_although_no_collector_is_configured() {
        let lines = logged(LogFormat::Text);
        assert!(lines[0].ends_with("outside"), "{lines:?}");
        let (_, ids) = lines[1].split_once(" trace_id=").expect("a trace");
        let (trace, span) = ids.split_once(" span_id=").expect("a span");
        assert!(is_id(trace, 32) && is_id(span, 16), "{lines:?}");
    }

    #[test]
    fn as_json_the_ids_are_fields() {
        let lines = logged(LogFormat::Json);
        assert!(!lines[0].contains("trace_id"), "{lines:?}");
        let field = |name: &str| {
            let (_, rest) = lines[1].split_once(&format!("\"{name}\":\"")).expect(name);
            rest.split('"').next().expect("a value").to_owned()
        };
        assert!(is_id(&field("trace_id"), 32) && is_id(&field("span_id"), 16), "{lines:?}");
        assert!(lines[1].starts_with('{') && lines[1].ends_with('}'), "{lines:?}");
    }
}
