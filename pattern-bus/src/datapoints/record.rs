//! Understanding one record of `naia.datapoints`.

use chrono::{DateTime, Utc};
use pattern_core::domain::{NamedSample, SampleBatch, name_problem, quality::QualityScale};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;

/// So many problems of a record are spelled out; the rest is counted.
const PROBLEMS_SHOWN: usize = 5;

/// What a record brings. Both are there when only some of its samples can be used.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Understood {
    pub batch: Option<SampleBatch>,
    pub problem: Option<String>,
}

impl Understood {
    pub fn nothing(problem: impl Into<String>) -> Self {
        Self { batch: None, problem: Some(problem.into()) }
    }
}

pub(super) fn understand(payload: Option<&[u8]>, now: DateTime<Utc>) -> Understood {
    let Some(payload) = payload else {
        return Understood::nothing("the record has no value");
    };
    match serde_json::from_slice::<SampleBatch>(payload) {
        Ok(batch) => {
            if let Some(problem) = name_problem(&batch.data_source) {
                return Understood::nothing(format!("data source: {problem}"));
            }
            let all_good = batch.samples.iter().all(|sample| sample.problem(now).is_none());
            if all_good {
                return Understood { batch: Some(batch), problem: None };
            }
            let samples = batch.samples.into_iter().map(Ok);
            sort_out(batch.data_source, batch.quality_scale, samples, now)
        }
        Err(error) => understand_each(payload, &error.to_string(), now),
    }
}

/// The record as a whole does not parse: takes the samples that do.
fn understand_each(payload: &[u8], whole: &str, now: DateTime<Utc>) -> Understood {
    #[derive(Deserialize)]
    struct Loose<'a> {
        data_source: String,
        #[serde(default)]
        quality_scale: QualityScale,
        #[serde(borrow)]
        samples: Vec<&'a RawValue>,
    }
    let Ok(loose) = serde_json::from_slice::<Loose>(payload) else {
        return Understood::nothing(format!("the record is not a batch of samples: {whole}"));
    };
    if let Some(problem) = name_problem(&loose.data_source) {
        return Understood::nothing(format!("data source: {problem}"));
    }
    let parsed = loose.samples.iter().map(|raw| serde_json::from_str(raw.get()).map_err(|e| e.to_string()));
    sort_out(loose.data_source, loose.quality_scale, parsed, now)
}

fn sort_out(
    data_source: String,
    quality_scale: QualityScale,
    parsed: impl Iterator<Item = Result<NamedSample, String>>,
    now: DateTime<Utc>,
) -> Understood {
    let (mut samples, mut problems, mut shown) = (Vec::new(), 0, String::new());
    for (index, sample) in parsed.enumerate() {
        let problem = match sample {
            Ok(sample) => match sample.problem(now) {
                None => {
                    samples.push(sample);
                    continue;
                }
                Some(problem) => problem,
            },
            Err(problem) => problem,
        };
        problems += 1;
        if problems <= PROBLEMS_SHOWN {
            // Writing to a string cannot fail.
            let _ = write!(shown, "; sample {index}: {problem}");
        }
    }
    let problem = format!("{problems} of {} samples cannot be used{shown}", problems + samples.len());
    Understood { batch: Some(SampleBatch { data_source, quality_scale, samples }), problem: Some(problem) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
    }

    fn names(understood: &Understood) -> Vec<&str> {
        let batch = understood.batch.iter();
        batch.flat_map(|b| &b.samples).map(|s| s.name.as_str()).collect()
    }

    #[test]
    fn both_forms_of_a_timestamp_are_understood() {
        let record = br#"{"data_source":"plant","samples":[
            {"name":"A","timestamp":"2026-03-02T10:00:00Z","value":1.5},
            {"name":"B","timestamp":1772445600000,"value":-2,"quality":3}]}"#;
        let understood = understand(Some(record), now());
        assert_eq!(understood.problem, None);
        let samples = understood.batch.unwrap().samples;
        assert_eq!(samples[0].timestamp, samples[1].timestamp);
        assert_eq!((samples[1].value, samples[1].quality), (-2.0, 3));
    }

    #[test]
    fn the_scale_of_a_record_counts_for_what_is_left_of_it_too() {
        for value in ["1", "null"] {
            let record = format!(
                r#"{{"data_source":"plant","quality_scale":"opc-da","samples":[
                    {{"name":"A","timestamp":"2026-03-02T10:00:00Z","value":1,"quality":0}},
                    {{"name":"B","timestamp":"2026-03-02T10:00:00Z","value":{value},"quality":"Good"}}]}}"#
            );
            let batch = understand(Some(record.as_bytes()), now()).batch.unwrap();
            assert_eq!((batch.quality_scale, batch.samples[0].quality), (QualityScale::OpcDa, 0));
        }
    }

    #[test]
    fn what_is_no_batch_gives_nothing_but_the_reason() {
        for record in
            [None, Some(&b"\xff\xfe"[..]), Some(b"{}"), Some(b"[1,2]"), Some(b"{\"data_source\":3}")]
        {
            let understood = understand(record, now());
            assert_eq!(understood.batch, None);
            assert!(understood.problem.is_some());
        }
        let nameless = understand(Some(br#"{"data_source":" ","samples":[]}"#), now());
        assert_eq!(nameless.problem.unwrap(), "data source: name is empty");
    }

    #[test]
    fn the_good_samples_of_a_record_survive_the_bad_ones() {
        let record = br#"{"data_source":"plant","samples":[
            {"name":"A","timestamp":"2026-03-02T10:00:00Z","value":null},
            {"name":"B","timestamp":"2026-03-02T10:00:00Z","value":1},
            {"name":"C","timestamp":"1971-03-02T10:00:00Z","value":1},
            {"name":"","timestamp":"2026-03-02T10:00:00Z","value":1},
            {"name":"D","timestamp":"2026-03-09T10:00:00Z","value":1},
            {"name":"E","timestamp":"yesterday","value":1}]}"#;
        let understood = understand(Some(record), now());
        assert_eq!(names(&understood), ["B"]);
        let problem = understood.problem.unwrap();
        assert!(problem.starts_with("5 of 6 samples cannot be used; sample 0: "), "{problem}");
        assert!(
            problem.contains("sample 2: timestamp 1971-03-02T10:00:00+00:00 is before 1990"),
            "{problem}"
        );
        assert!(problem.contains("sample 3: name is empty"), "{problem}");
        assert!(problem.contains("sample 4: "), "{problem}");
    }
}
