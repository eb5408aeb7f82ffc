//! REST, the WebSocket hub and the web page.

pub mod page;
pub mod hub;
pub mod state;
pub mod ws;
