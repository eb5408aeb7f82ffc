//! Whether a service serves, as it says itself: to the service manager and to whoever probes it.

use std::fmt;
use tokio::sync::watch;

/// What a service says of itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Readiness(watch::Sender<State>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does not serve: not yet, or not while this lasts.
    Waiting(String),
    /// It serves, though perhaps not everything is well.
    Ready {
        trouble: Option<String>,
    },
    Stopping,
}

impl State {
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(what) => write!(f, "waiting: {what}"),
            Self::Ready { trouble: Some(trouble) } => write!(f, "serving; {trouble}"),
            Self::Ready { trouble: None } => f.write_str("serving"),
            Self::Stopping => f.write_str("stopping"),
        }
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(State::Waiting("it is starting".into())))
    }
}

impl Readiness {
    /// A service that is stopping goes on doing so.
    pub fn set(&self, state: State) {
        self.0.send_if_modified(|known| {
            let is_news = *known != state && *known != State::Stopping;
            if is_news {
                *known = state;
            }
            is_news
        });
    }

    pub fn ready(&self) {
        self.set(State::Ready { trouble: None });
    }

    pub fn waiting(&self, what: impl Into<String>) {
        self.set(State::Waiting(what.into()));
    }

    pub fn state(&self) -> State {
        self.0.borrow().clone()
    }

    pub fn follow(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }
}
