use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

/// Tells on stdout what is going on, step by step, and remembers it for the summary.
pub struct Steps {
    total: usize,
    done: Vec<(String, Duration)>,
    facts: Vec<String>,
    began: Instant,
    current: String,
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self { total, done: Vec::new(), facts: Vec::new(), began: Instant::now(), current: String::new() }
    }

    pub fn begin(&mut self, what: &str) {
        self.began = Instant::now();
        what.clone_into(&mut self.current);
        println!("[{}/{}] {what} …", self.done.len() + 1, self.total);
        // Progress that waits in a buffer is none.
        drop(stdout().flush());
    }

    pub fn say(&self, what: &str) {
        println!("      {what}");
        drop(stdout().flush());
    }

    /// Something that the summary repeats.
    pub fn fact(&mut self, what: String) {
        self.say(&what);
        self.facts.push(what);
    }

    pub fn done(&mut self) {
        let took = self.began.elapsed();
        self.say(&format!("done in {:.1} s", took.as_secs_f64()));
        self.done.push((std::mem::take(&mut self.current), took));
    }

    pub fn summary(&self) {
        println!("\nsummary: all {} steps happened", self.done.len());
        for (step, took) in &self.done {
            println!("  {:>6.1} s  {step}", took.as_secs_f64());
        }
        for fact in &self.facts {
            println!("  {fact}");
        }
    }
}
