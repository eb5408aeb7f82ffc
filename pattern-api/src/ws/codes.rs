use axum::extract::ws::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

/// Why the server closes a connection. 3000–3499: come back and resume; 3500 and above: coming back
/// with the same request will not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// This instance stops.
    Shutdown,
    /// The stream is another one, so that positions known before are worth nothing.
    Renewed,
    /// Too far behind, or not taking anything any more.
    Slow,
    /// What the client missed cannot be read right now.
    Insufficient,
    /// No answer to a ping.
    NoPong,
    /// The token was refused.
    InvalidToken,
    /// Not authenticated in time.
    Unauthenticated,
    /// What was proved holds no more: it expired, or was taken back.
    Expired,
    /// It asks for the past again and again.
    TooManyResumes,
}

impl CloseCode {
    pub fn number(self) -> u16 {
        match self {
            Self::Shutdown => 3001,
            Self::Renewed => 3002,
            Self::Slow => 3008,
            Self::Insufficient => 3010,
            Self::NoPong => 3012,
            Self::InvalidToken => 3500,
            Self::Unauthenticated => 3502,
            Self::TooManyResumes => 3503,
            Self::Expired => 3504,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Shutdown => "shutting down, reconnect",
            Self::Renewed => "the stream was renewed, reconnect",
            Self::Slow => "too slow, reconnect and resume",
            Self::Insufficient => "missed events cannot be read, reconnect",
            Self::NoPong => "no pong, reconnect",
            Self::InvalidToken => "the token was refused",
            Self::Unauthenticated => "not authenticated in time",
            Self::Expired => "signed out, or no longer allowed; sign in again",
            Self::TooManyResumes => "too many resumes, send a position once per connection",
        }
    }

    pub fn frame(self) -> CloseFrame {
        CloseFrame { code: self.number(), reason: self.reason().into() }
    }
}

/// What to tell a client that broke a rule of WebSockets or sent more than is taken; `None` where the connection itself
/// broke and there is nobody to tell. The codes are those of RFC 6455, 7.4.1.
pub fn of_broken_rule(error: axum::Error) -> Option<CloseFrame> {
    let (code, reason) = match error.into_inner().downcast_ref::<Error>()? {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return None,
        Error::Protocol(_) => (1002, "a rule of RFC 6455 was broken"),
        Error::Utf8(_) => (1007, "a text that is not UTF-8"),
        Error::Capacity(_) => (1009, "a message larger than 64 KiB"),
        _ => return None,
    };
    Some(CloseFrame { code, reason: reason.into() })
}

#[cfg(test)]
mod tests {
    use super::CloseCode::*;

    #[test]
    fn a_code_tells_whether_to_come_back() {
        for code in [Shutdown, Renewed, Slow, Insufficient, NoPong] {
            assert!((3000..3500).contains(&code.number()), "{code:?}");
        }
        for code in [InvalidToken, Unauthenticated, TooManyResumes, Expired] {
            assert!((3500..4000).contains(&code.number()), "{code:?}");
        }
    }
}
