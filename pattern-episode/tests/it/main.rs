mod detection;
mod kinds;
mod likeness;
mod support;
