//! REST, the WebSocket hub and the web page.

pub mod hub;
pub mod page;
pub mod state;
pub mod ws;
