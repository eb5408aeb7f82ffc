mod analytics;
mod assignment;
mod learning;
mod library;
mod matching;
mod units;
