//! How a trace goes on where a span cannot reach: in rows, in records, in requests, as W3C's `traceparent`.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header, and the name everywhere else.
pub const TRACEPARENT: &str = "traceparent";

/// Of the current span; `None` outside of any trace.
pub fn current() -> Option<String> {
    of(&Span::current())
}

/// Of this span; `None` where it is of no trace.
pub fn of(span: &Span) -> Option<String> {
    let context = span.context();
    let here = context.span().span_context().clone();
    here.is_valid()
        .then(|| format!("00-{}-{}-{:02x}", here.trace_id(), here.span_id(), here.trace_flags().to_u8()))
}

/// Makes the span go on with the trace that was handed over. What is no such text is ignored: a trace is a help, and never
/// a reason to refuse work.
pub fn go_on(span: &Span, traceparent: Option<&str>) {
    if let Some(before) = traceparent.and_then(read) {
        // A span without a trace takes no parent either.
        drop(span.set_parent(Context::new().with_remote_span_context(before)));
    }
}

/// As [`go_on`], and says that the span is about the message that brought the trace.
pub fn receive(span: &Span, traceparent: Option<&str>) {
    go_on(span, traceparent);
    if let Some(message) = traceparent.and_then(read) {
        span.add_link(message);
    }
}

fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hex(version, 2) || version == "ff" || !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2)
    {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn only_what_is_a_traceparent_is_one() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let read_back = read(good).expect("a context");
        assert_eq!(read_back.trace_id().to_string(), &good[3..35]);
        assert!(read_back.is_sampled() && read_back.is_remote());
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for bad in ["", "00", zeros, &good[..50], &good.replace('7', "g"), &good.replacen("00", "ff", 1)] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
