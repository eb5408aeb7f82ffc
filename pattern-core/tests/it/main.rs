mod analytics;
mod assignment;
mod evaluation;
mod learning;
mod library;
mod matching;
mod naming;
mod units;
