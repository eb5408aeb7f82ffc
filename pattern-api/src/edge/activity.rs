use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

use super::Limits;

/// What a connection is doing, and since when. Told by its socket and by the service behind it; read by the
/// task that ends it when that takes too long.
#[derive(Debug)]
pub struct Activity(Mutex<State>);

#[derive(Debug, Clone, Copy)]
struct State {
    phase: Phase,
    /// Since when the client takes nothing of what waits for it.
    blocked: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing has come yet.
    Fresh(Instant),
    /// The head of a request has begun.
    Head(Instant),
    /// A request is answered. How long its body may take is the handler's to say.
    Answering,
    /// The last answer was given, and parts of it went out until then.
    Idle(Instant),
}

impl Activity {
    pub fn new() -> Self {
        Self(Mutex::new(State { phase: Phase::Fresh(Instant::now()), blocked: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came so far was no request: the two ends agreed how to talk.
    pub fn begin_anew(&self) {
        self.state().phase = Phase::Fresh(Instant::now());
    }

    pub fn received(&self) {
        let mut state = self.state();
        match state.phase {
            Phase::Fresh(since) => state.phase = Phase::Head(since),
            Phase::Idle(_) => state.phase = Phase::Head(Instant::now()),
            Phase::Head(_) | Phase::Answering => {}
        }
    }

    pub fn asked(&self) {
        self.state().phase = Phase::Answering;
    }

    pub fn answered(&self) {
        self.state().phase = Phase::Idle(Instant::now());
    }

    pub fn sent(&self) {
        let mut state = self.state();
        state.blocked = None;
        if let Phase::Idle(since) = &mut state.phase {
            *since = Instant::now();
        }
    }

    pub fn blocked(&self) {
        self.state().blocked.get_or_insert_with(Instant::now);
    }

    pub fn is_fresh(&self) -> bool {
        matches!(self.state().phase, Phase::Fresh(_))
    }

    /// When the connection has taken too long, unless something happens before.
    pub fn due(&self, limits: &Limits) -> Option<Instant> {
        let State { phase, blocked } = *self.state();
        let phase_ends = match phase {
            Phase::Fresh(since) | Phase::Head(since) => Some(since + limits.header),
            Phase::Answering => None,
            Phase::Idle(since) => Some(since + limits.idle),
        };
        let blocked_ends = blocked.map(|since| since + limits.write);
        [phase_ends, blocked_ends].into_iter().flatten().min()
    }
}
