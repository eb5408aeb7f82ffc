mod run;
mod scheduler;
mod support;
