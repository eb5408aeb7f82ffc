use axum::{
    extract::ws::{Message, Utf8Bytes, WebSocket},
    http::StatusCode,
};
use chrono::Utc;
use futures_util::{SinkExt, stream::SplitSink};
use pattern_core::domain::{Position, Scope};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    CloseCode,
    messages::{Boxed, Channel, ClientMessage, Command, ServerMessage, Subscribe},
    resumes::Resumes,
    subscriptions::Subscriptions,
};
use crate::{
    hub::{CurrentState, Hub, HubEvent, Progress, ReadFailure, StateChannel},
    principal::{Principals, permits},
    sign_in::Identity,
};

/// Events between two looks at what else there is to do.
const EVENTS_AT_ONCE: usize = 64;
/// How long a position that another instance has shown may take to get here.
const REACH_WITHIN: Duration = Duration::from_secs(30);

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Close(CloseCode),
    /// There is nobody to tell.
    Gone,
}

type Outcome<T = ()> = Result<T, Ending>;

/// The sending half of a connection. It keeps no queue: it reads on from its cursor in the hub's ring,
/// which all connections share, so that a slow client costs no memory.
pub struct Writer {
    hub: Arc<Hub>,
    sink: SplitSink<WebSocket, Message>,
    progress: watch::Receiver<Progress>,
    epoch: String,
    generation: u64,
    /// Everything up to here was sent, as far as it is wanted.
    cursor: i64,
    /// The stream's bytes up to the cursor; unknown until the client has caught up once.
    bytes_at_cursor: Option<u64>,
    subscriptions: Subscriptions,
    jobs: Option<Watched>,
    stats: Option<Watched>,
    health: Option<Watched>,
    principals: Principals,
    /// Whose connection it is; unknown until it is proved.
    identity: Option<Box<Identity>>,
    /// When what was proved expires.
    expires: Option<Instant>,
    resumes: Resumes,
    /// The next ping, or the end of the wait for a pong or for authentication.
    timer: Instant,
    awaiting_pong: bool,
}

/// A channel of current state.
struct Watched {
    state: watch::Receiver<CurrentState>,
    sent: u64,
}

enum Wake {
    Command(Option<Boxed>),
    Events,
    State(StateChannel),
    Timer,
    Shutdown,
}

impl Writer {
    pub fn new(
        hub: Arc<Hub>,
        sink: SplitSink<WebSocket, Message>,
        principals: Principals,
        identity: Option<Identity>,
    ) -> Self {
        let progress = hub.progress();
        let start = progress.borrow().clone();
        let options = hub.options();
        let first_wait = if identity.is_some() { options.ping_every } else { options.authenticate_within };
        let mut writer = Self {
            sink,
            progress,
            epoch: start.position.epoch,
            generation: start.generation,
            cursor: start.position.number,
            bytes_at_cursor: Some(start.bytes),
            subscriptions: Subscriptions::default(),
            jobs: None,
            stats: None,
            health: None,
            principals,
            identity: None,
            expires: None,
            resumes: Resumes::new(),
            timer: Instant::now() + first_wait,
            awaiting_pong: false,
            hub,
        };
        if let Some(identity) = identity {
            writer.belongs_to(identity);
        }
        writer
    }

    fn belongs_to(&mut self, identity: Identity) {
        let left = identity.expires_at.map(|at| (at - Utc::now()).to_std().unwrap_or_default());
        self.expires = left.and_then(|left| Instant::now().checked_add(left));
        self.identity = Some(Box::new(identity));
    }

    pub fn into_sink(self) -> SplitSink<WebSocket, Message> {
        self.sink
    }

    pub async fn run(&mut self, mut commands: mpsc::Receiver<Boxed>) -> Ending {
        let mut outcome = if self.identity.is_some() { self.welcome().await } else { Ok(()) };
        loop {
            match outcome {
                Ok(()) => outcome = self.turn(&mut commands).await,
                Err(ending) => return ending,
            }
        }
    }

    async fn turn(&mut self, commands: &mut mpsc::Receiver<Boxed>) -> Outcome {
        let behind = self.deliver().await?;
        match self.wake(commands, behind).await {
            Wake::Command(Some(command)) => Box::pin(self.obey(*command)).await,
            Wake::Command(None) => Err(Ending::Gone),
            Wake::Events => Ok(()),
            Wake::State(channel) => self.send_state(channel, false).await,
            Wake::Timer => self.tick().await,
            Wake::Shutdown => Err(Ending::Close(CloseCode::Shutdown)),
        }
    }

    async fn wake(&mut self, commands: &mut mpsc::Receiver<Boxed>, behind: bool) -> Wake {
        tokio::select! {
            command = commands.recv() => Wake::Command(command),
            () = std::future::ready(()), if behind => Wake::Events,
            Ok(()) = self.progress.changed(), if !behind => Wake::Events,
            () = changed(&mut self.jobs) => Wake::State(StateChannel::Jobs),
            () = changed(&mut self.stats) => Wake::State(StateChannel::Stats),
            () = changed(&mut self.health) => Wake::State(StateChannel::Health),
            () = sleep_until(self.expires.map_or(self.timer, |expires| expires.min(self.timer))) => Wake::Timer,
            () = self.hub.shutdown().cancelled() => Wake::Shutdown,
        }
    }

    /// Sends what the stream has after the cursor; answers whether there is more.
    async fn deliver(&mut self) -> Outcome<bool> {
        let progress = self.progress.borrow_and_update().clone();
        if progress.generation != self.generation {
            return Err(Ending::Close(CloseCode::Renewed));
        }
        let top = progress.position.number;
        if self.cursor < top && !self.subscriptions.is_empty() {
            for event in self.read_after(self.cursor).await? {
                if self.subscriptions.includes(&event) {
                    self.send_event(&event).await?;
                }
                self.cursor = event.position;
                self.bytes_at_cursor = self.bytes_at_cursor.map(|bytes| bytes + event.bytes() as u64);
            }
        } else {
            self.cursor = self.cursor.max(top);
        }
        if self.cursor == top {
            self.bytes_at_cursor = Some(progress.bytes);
        }
        Ok(self.cursor < top)
    }

    async fn read_after(&self, after: i64) -> Outcome<Vec<Arc<HubEvent>>> {
        match self.hub.read_after(self.generation, after, EVENTS_AT_ONCE).await {
            Ok(events) => Ok(events),
            Err(ReadFailure::Gone | ReadFailure::Unavailable) => Err(Ending::Close(CloseCode::Insufficient)),
        }
    }

    async fn obey(&mut self, command: Command) -> Outcome {
        self.heard();
        let message = match command {
            Command::Alive => return Ok(()),
            Command::NotUnderstood(reason) => {
                return self.send(ServerMessage::Error { reason: &reason }).await;
            }
            Command::Message(message) => message,
        };
        match message {
            ClientMessage::Auth { token } => self.authenticate(&token).await,
            _ if self.identity.is_none() => {
                self.send(ServerMessage::Error {
                    reason: "authenticate first: {\"type\":\"auth\",\"token\":…}",
                })
                .await
            }
            ClientMessage::Subscribe(subscribe) => self.subscribe(subscribe).await,
            ClientMessage::Unsubscribe { channels } => {
                for channel in channels {
                    match channel {
                        Channel::Stream(channel) => self.subscriptions.remove(channel),
                        Channel::State(channel) => *self.watched(channel) = None,
                    }
                }
                Ok(())
            }
            ClientMessage::Ping => {
                let position = self.position();
                self.send(ServerMessage::Pong { position: &position }).await
            }
            ClientMessage::Stats => match self.hub.statistics().await {
                Ok(statistics) => self.send(ServerMessage::Statistics { statistics: &statistics }).await,
                Err(_) => self.send(ServerMessage::Error { reason: "figures cannot be read now" }).await,
            },
        }
    }

    /// The first words to a client that may be here.
    async fn welcome(&mut self) -> Outcome {
        let pending_count = self.hub.pending_count();
        let position = self.position();
        self.send(ServerMessage::Connected { pending_count, position: &position }).await
    }

    async fn authenticate(&mut self, token: &str) -> Outcome {
        // Where nobody has to prove anything, whatever is shown is good.
        if let Some(sign_in) = self.principals.sign_in() {
            let proved = sign_in.of_token(token).await;
            match proved.and_then(|identity| permits(&identity, Scope::Viewer).map(|()| identity)) {
                Ok(identity) => self.belongs_to(identity),
                Err(problem) if problem.status == StatusCode::SERVICE_UNAVAILABLE => {
                    return Err(Ending::Close(CloseCode::Insufficient));
                }
                Err(_) => return Err(Ending::Close(CloseCode::InvalidToken)),
            }
            self.timer = Instant::now() + self.hub.options().ping_every;
        }
        self.welcome().await
    }

    async fn subscribe(&mut self, subscribe: Subscribe) -> Outcome {
        let data_source = subscribe.data_source.as_deref();
        let mut added = Subscriptions::default();
        for channel in &subscribe.channels {
            if let Channel::Stream(channel) = channel {
                added.add(*channel, data_source);
            }
        }
        let resume = match &subscribe.position {
            Some(_) if !self.resumes.take(Instant::now()) => {
                return Err(Ending::Close(CloseCode::TooManyResumes));
            }
            Some(text) => self.can_resume(text).await?,
            None => None,
        };
        if subscribe.position.is_some() {
            self.hub.count_recovery(resume.is_some());
        }
        let from = Position::new(self.epoch.clone(), resume.unwrap_or(self.cursor));
        let channels = &subscribe.channels;
        self.send(ServerMessage::Subscribed { recovered: resume.is_some(), position: &from, channels })
            .await?;

        if let Some(resume) = resume {
            self.replay(resume, &added).await?;
        }
        for channel in subscribe.channels {
            match channel {
                Channel::Stream(channel) => self.subscriptions.add(channel, data_source),
                Channel::State(channel) => {
                    *self.watched(channel) = Some(Watched { state: self.hub.current(channel), sent: 0 });
                    self.send_state(channel, true).await?;
                }
            }
        }
        Ok(())
    }

    /// The position to read on from, if everything after it can be read.
    async fn can_resume(&mut self, text: &str) -> Outcome<Option<i64>> {
        let Ok(position) = text.parse::<Position>() else { return Ok(None) };
        if position.epoch != self.epoch {
            return Ok(None);
        }
        let unavailable = |_| Ending::Close(CloseCode::Insufficient);
        if !self.hub.exists(position.number).await.map_err(unavailable)? {
            return Ok(None);
        }
        let mut progress = self.progress.clone();
        let generation = self.generation;
        let reached =
            progress.wait_for(|p| p.position.number >= position.number || p.generation != generation);
        if timeout(REACH_WITHIN, reached).await.is_err() {
            return Err(Ending::Close(CloseCode::Insufficient));
        }
        match self.hub.read_after(self.generation, position.number, 1).await {
            Ok(_) => Ok(Some(position.number)),
            Err(ReadFailure::Gone) => Ok(None),
            Err(failure @ ReadFailure::Unavailable) => Err(unavailable(failure)),
        }
    }

    /// Sends what `added` missed after `from`, up to the cursor, where all subscriptions go on together.
    async fn replay(&mut self, from: i64, added: &Subscriptions) -> Outcome {
        if self.subscriptions.is_empty() {
            self.cursor = from;
            self.bytes_at_cursor = None;
            return Ok(());
        }
        while self.cursor < from {
            self.deliver().await?;
        }
        let mut reached = from;
        while reached < self.cursor {
            for event in self.read_after(reached).await? {
                reached = event.position;
                if event.position <= self.cursor && added.includes(&event) {
                    self.send_event(&event).await?;
                }
            }
        }
        Ok(())
    }

    fn watched(&mut self, channel: StateChannel) -> &mut Option<Watched> {
        match channel {
            StateChannel::Jobs => &mut self.jobs,
            StateChannel::Stats => &mut self.stats,
            StateChannel::Health => &mut self.health,
        }
    }

    async fn send_state(&mut self, channel: StateChannel, whole: bool) -> Outcome {
        let Some(watched) = self.watched(channel) else { return Ok(()) };
        let state = watched.state.borrow_and_update().clone();
        // Nothing is known yet, or nothing new: the next change brings it.
        if state.number == 0 || state.number == watched.sent {
            return Ok(());
        }
        let next = !whole && watched.sent + 1 == state.number && watched.sent > 0;
        watched.sent = state.number;
        self.send_text(if next { state.change } else { state.whole }, None).await
    }

    fn heard(&mut self) {
        if self.awaiting_pong {
            self.awaiting_pong = false;
            self.timer = Instant::now() + self.hub.options().ping_every;
        }
    }

    async fn tick(&mut self) -> Outcome {
        let Some(identity) = &self.identity else {
            return Err(Ending::Close(CloseCode::Unauthenticated));
        };
        if self.expires.is_some_and(|expires| expires <= Instant::now()) {
            return Err(Ending::Close(CloseCode::Expired));
        }
        if self.awaiting_pong {
            return Err(Ending::Close(CloseCode::NoPong));
        }
        if let Some(sign_in) = self.principals.sign_in()
            && !sign_in.still_holds(identity).await
        {
            return Err(Ending::Close(CloseCode::Expired));
        }
        self.awaiting_pong = true;
        self.timer = Instant::now() + self.hub.options().pong_within;
        self.send_message(Message::Ping(Vec::new().into()), None).await
    }

    fn position(&self) -> Position {
        Position::new(self.epoch.clone(), self.cursor)
    }

    async fn send(&mut self, message: ServerMessage<'_>) -> Outcome {
        self.send_text(message.text(), None).await
    }

    async fn send_event(&mut self, event: &HubEvent) -> Outcome {
        let after_it = self.bytes_at_cursor.map(|bytes| bytes + event.bytes() as u64);
        self.send_text(event.message.clone(), after_it).await
    }

    async fn send_text(&mut self, text: Utf8Bytes, bytes_after_it: Option<u64>) -> Outcome {
        self.send_message(Message::Text(text), bytes_after_it).await
    }

    /// Waits until the client took the message. It is closed when the stream has run too far ahead
    /// meanwhile, or when it takes nothing for as long as it may take to answer a ping.
    async fn send_message(&mut self, message: Message, bytes_after_it: Option<u64>) -> Outcome {
        let options = self.hub.options();
        let patience = options.ping_every + options.pong_within;
        let known = bytes_after_it.or(self.bytes_at_cursor);
        let too_far = known.map_or(u64::MAX, |bytes| bytes + options.client_backlog_bytes);
        let mut progress = self.progress.clone();
        tokio::select! {
            biased;
            sent = timeout(patience, self.sink.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Ending::Gone),
                Err(_) => Err(Ending::Close(CloseCode::Slow)),
            },
            _ = progress.wait_for(|p| p.bytes > too_far) => Err(Ending::Close(CloseCode::Slow)),
        }
    }
}

/// Waits for a change of a channel somebody is subscribed to.
async fn changed(watched: &mut Option<Watched>) {
    if let Some(watched) = watched
        && watched.state.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
