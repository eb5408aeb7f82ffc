//! The first meeting with the brokers: tells what will pass from what never will.

use rdkafka::{
    ClientContext,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{
    BusError, KafkaSettings, Result,
    blocking::{Unhurried, unhurried},
    client_log::is_away,
};

const ASK: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);
/// A broker that is there has answered by then.
const SILENCE: Duration = Duration::from_secs(5);
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// Waits until a broker answers, or `shutdown`.
///
/// # Errors
/// `Settings`: none ever will, as things are set: the password is wrong, say, or a certificate is not trusted.
pub async fn first_contact(kafka: &KafkaSettings, shutdown: &CancellationToken) -> Result<()> {
    let heard = Heard::default();
    let client: BaseConsumer<Heard> = kafka.consumer().create_with_context(heard.clone())?;
    let client = Arc::new(Unhurried::new(client));
    let mut refusal = None;
    let (began, mut told) = (Instant::now(), None);
    while !shutdown.is_cancelled() {
        let asked = client.clone();
        if unhurried(move || answers(&asked)).await? {
            return Ok(());
        }
        // Of several brokers one may be set wrongly and another one serve: it had one more round to say so.
        if let Some(reason) = refusal {
            return Err(BusError::Settings(reason));
        }
        refusal = heard.take();
        // A broker that expects TLS, or does not, mostly says nothing at all.
        if began.elapsed() > SILENCE && told.is_none_or(|told: Instant| told.elapsed() > REMIND_EVERY) {
            told = Some(Instant::now());
            if !is_away(&kafka.bootstrap) {
                let (brokers, seconds) = (&kafka.bootstrap, began.elapsed().as_secs());
                tracing::warn!(
                    brokers,
                    seconds,
                    "kafka takes connections and does not answer: does kafka.options fit its listener \
                     (security.protocol)? waiting for it"
                );
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => {}
        }
    }
    Ok(())
}

fn answers(client: &BaseConsumer<Heard>) -> bool {
    let found = client.fetch_metadata(None, ASK).is_ok_and(|found| !found.brokers().is_empty());
    // What went wrong meanwhile is told here.
    drop(client.poll(Duration::from_millis(50)));
    found
}

/// What the client said that cannot pass.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<String>>>);

impl Heard {
    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Heard {
    fn error(&self, error: KafkaError, reason: &str) {
        if is_final(error.rdkafka_error_code(), reason) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        } else {
            tracing::debug!(%error, reason, "kafka does not answer yet");
        }
    }

    /// The other clients say the same.
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ConsumerContext for Heard {}

fn is_final(code: Option<RDKafkaErrorCode>, reason: &str) -> bool {
    match code {
        // An OAuth server may be away as a broker may.
        Some(RDKafkaErrorCode::Authentication) => !reason.contains("OAUTHBEARER token"),
        // A connection that is lost meanwhile is told as an error of TLS too.
        Some(RDKafkaErrorCode::SSL) => {
            ["certificate", "wrong version number", "alert"].iter().any(|sign| reason.contains(sign))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_never_will() {
        let ssl = Some(RDKafkaErrorCode::SSL);
        assert!(is_final(ssl, "SSL handshake failed: error:0A000086: certificate verify failed"));
        assert!(!is_final(ssl, "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker?"));
        let authentication = Some(RDKafkaErrorCode::Authentication);
        assert!(is_final(authentication, "SASL authentication error: invalid credentials"));
        assert!(!is_final(authentication, "Failed to acquire SASL OAUTHBEARER token: connection refused"));
        assert!(!is_final(Some(RDKafkaErrorCode::BrokerTransportFailure), "certificate"));
    }
}
