mod identity;
mod learning;
mod library;
mod series;
mod units;
mod words;
