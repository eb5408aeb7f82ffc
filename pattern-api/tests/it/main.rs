mod hub;
mod killed;
mod live;
mod rest;
mod ws;
mod ws_resume;
mod ws_rules;
