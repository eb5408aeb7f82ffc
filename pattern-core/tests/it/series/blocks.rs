use chrono::Duration;
use pattern_core::{
    domain::Sample,
    series::{
        blocks::{decode_block, decode_rollup, encode_block, encode_rollup},
        grid::BUCKETS_PER_DAY,
    },
};
use proptest::{array, collection::vec, num, prelude::*};

use super::support::{day, good, midnight};

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let sample = (0..86_400_000_000_i64, num::f64::ANY, prop_oneof![5 => Just(0), 1 => any::<i16>()]);
    vec(sample, 0..300).prop_map(|all| {
        let sample = |(micros, value, quality)| Sample {
            at: midnight() + Duration::microseconds(micros),
            value,
            quality,
        };
        all.into_iter().map(sample).collect()
    })
}

proptest! {
    #[test]
    fn a_block_gives_back_every_bit_in_the_same_order(samples in samples()) {
        let decoded = decode_block(day(), &encode_block(day(), &samples)).unwrap();
        let bits = |all: &[Sample]| -> Vec<_> { all.iter().map(|s| (s.at, s.value.to_bits(), s.quality)).collect() };
        prop_assert_eq!(bits(&decoded), bits(&samples));
    }

    #[test]
    fn a_rollup_gives_back_every_bit_and_its_gaps(buckets in array::uniform32(num::f32::ANY)) {
        let day: [f32; BUCKETS_PER_DAY] = std::array::from_fn(|i| buckets[i % 32]);
        let decoded = decode_rollup(&encode_rollup(&day)).unwrap();
        prop_assert_eq!(decoded.map(f32::to_bits), day.map(f32::to_bits));
    }

    #[test]
    fn damaged_blocks_are_errors_and_nothing_worse(
        samples in samples(), at in any::<prop::sample::Index>(), byte in any::<u8>(), garbage in vec(any::<u8>(), 0..200)
    ) {
        let mut block = encode_block(day(), &samples);
        let at = at.index(block.len());
        block[at] = byte;
        let _ = decode_block(day(), &block);
        let _ = decode_block(day(), &block[..at]);
        let _ = decode_block(day(), &garbage);
        let _ = decode_rollup(&garbage);
    }
}

#[test]
fn a_truncated_block_says_what_is_wrong() {
    let block = encode_block(day(), &[good(0, 1.0), good(60, 2.0)]);
    let error = decode_block(day(), &block[..block.len() - 3]).unwrap_err().to_string();
    assert!(error.starts_with("block cannot be read:"), "{error}");
}

#[test]
fn impossible_times_in_a_block_are_an_error() {
    // One sample whose delta is far beyond what a date can hold.
    let mut plain = vec![1];
    plain.extend(1_u32.to_le_bytes());
    plain.extend([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    plain.extend(1.0_f64.to_bits().to_le_bytes());
    plain.extend([1, 0, 0]);
    let block = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    assert!(decode_block(day(), &block).is_err());
}

#[test]
fn a_usual_day_takes_less_than_a_third_of_its_plain_size() {
    // A reading a minute, rounded as historians store them, in small steps.
    let samples: Vec<Sample> =
        (0..1440).map(|i| good(i * 60, 20.0 + f64::from((i as i32 / 7) % 40) * 0.25)).collect();
    let plain = samples.len() * 18;
    let block = encode_block(day(), &samples);
    assert!(block.len() * 3 < plain, "{} of {plain} bytes", block.len());
}
