//! Samples as they are posted: understood one by one while the body is read, so that a bad one costs only itself
//! and none is kept as a tree.

use chrono::{DateTime, Utc};
use pattern_core::domain::{
    NamedSample,
    quality::{self, QualityScale},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt;
use utoipa::ToSchema;

const AT_ONCE: usize = 100_000;

#[derive(Debug, Default)]
pub struct PostedSamples {
    /// With their places in the list.
    understood: Vec<(usize, NamedSample)>,
    rejected: Vec<RejectedSample>,
}

/// A sample that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct RejectedSample {
    index: usize,
    reason: String,
}

impl PostedSamples {
    fn understand(&mut self, index: usize, text: &str) {
        match serde_json::from_str(text) {
            Ok(sample) => self.understood.push((index, sample)),
            Err(error) => self.rejected.push(RejectedSample { index, reason: error.to_string() }),
        }
    }

    /// The samples that can be taken at this time, with qualities of which 0 is good, and the others.
    pub fn judged(self, now: DateTime<Utc>, scale: QualityScale) -> (Vec<NamedSample>, Vec<RejectedSample>) {
        let (mut good, mut rejected) = (Vec::with_capacity(self.understood.len()), self.rejected);
        for (index, sample) in self.understood {
            match sample.problem(now) {
                Some(reason) => rejected.push(RejectedSample { index, reason }),
                None => good.push(NamedSample { quality: quality::stored(sample.quality, scale), ..sample }),
            }
        }
        rejected.sort_by_key(|sample| sample.index);
        (good, rejected)
    }
}

impl<'de> Deserialize<'de> for PostedSamples {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(OneByOne)
    }
}

struct OneByOne;

impl<'de> Visitor<'de> for OneByOne {
    type Value = PostedSamples;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of samples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<PostedSamples, A::Error> {
        let mut samples = PostedSamples::default();
        let mut index = 0;
        while let Some(text) = texts.next_element::<&RawValue>()? {
            if index == AT_ONCE {
                return Err(A::Error::custom(format!(
                    "more than {AT_ONCE} samples at once; send several requests"
                )));
            }
            samples.understand(index, text.get());
            index += 1;
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_is_not_read_to_its_end() {
        // Behind so many samples nothing is JSON.
        let text = format!("[{}, unread", vec!["0"; AT_ONCE + 1].join(","));
        let error = serde_json::from_str::<PostedSamples>(&text).expect_err("too many").to_string();
        assert!(error.contains("send several requests"), "{error}");
    }

    #[test]
    fn qualities_are_taken_as_their_scale_means_them() {
        let sample = |quality: &str| {
            format!(r#"{{"name":"A","timestamp":"2026-03-02T00:00:00Z","value":1{quality}}}"#)
        };
        let said =
            ["", r#","quality":0"#, r#","quality":192"#, r#","quality":"Bad""#, r#","quality":"perhaps""#];
        let text = format!("[{}]", said.map(sample).join(","));
        for (scale, expected) in
            [(QualityScale::ZeroIsGood, [0, 0, 0, 1]), (QualityScale::OpcDa, [0, 1, 0, 1])]
        {
            let posted: PostedSamples = serde_json::from_str(&text).expect("a list");
            let now = "2026-03-03T00:00:00Z".parse().expect("a time");
            let (taken, rejected) = posted.judged(now, scale);
            assert_eq!(taken.iter().map(|sample| sample.quality).collect::<Vec<_>>(), expected);
            assert_eq!(rejected.len(), 1);
            assert!(rejected[0].reason.contains("'perhaps' means nothing"), "{}", rejected[0].reason);
        }
    }

    #[test]
    fn what_is_nested_beyond_reason_is_one_bad_sample() {
        let text = format!("[{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let samples: PostedSamples = serde_json::from_str(&text).expect("a list");
        assert_eq!((samples.understood.len(), samples.rejected.len()), (0, 1));
    }
}
