mod clusters;
mod jobs;
mod outbox;
mod points;
mod review;
mod samples;
mod sealing;
mod support;
