mod points;
mod samples;
mod support;
