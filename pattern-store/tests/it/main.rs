mod outbox;
mod jobs;
mod points;
mod review;
mod samples;
mod sealing;
mod support;
