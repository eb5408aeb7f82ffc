mod rest;
mod hub;
mod killed;
mod live;
mod ws;
mod ws_resume;
mod ws_rules;
