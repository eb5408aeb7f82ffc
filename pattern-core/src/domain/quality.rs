//! What the quality that is stored with a sample means: decided here, for whatever way samples come in.

pub const GOOD: i16 = 0;
/// Bad, where the historian has no code of its own for it or one that here means good.
pub const BAD: i16 = 1;
/// Uncertain, as OPC DA codes it.
pub const UNCERTAIN: i16 = 64;

/// 0, or one of OPC DA's codes for good, which gateways hand through. Anything else no job uses.
pub fn is_good(quality: i16) -> bool {
    matches!(quality, GOOD | 192..=219)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_is_zero_and_what_opc_da_calls_good() {
        for good in [0, 192, 216, 219] {
            assert!(is_good(good), "{good}");
        }
        for other in [BAD, UNCERTAIN, 24, 95, 191, 220, 256, -1] {
            assert!(!is_good(other), "{other}");
        }
    }
}
