//! Sums in eight fixed lanes, so that the compiler can vectorise them and every CPU rounds alike.

const LANES: usize = 8;

#[inline(always)]
pub(super) fn sums<const N: usize>(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> [f64; N]) -> [f64; N] {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [[0.0; LANES]; N];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            let terms = term(a[lane], b[lane]);
            for (sums, term) in lanes.iter_mut().zip(terms) {
                sums[lane] += term;
            }
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        let terms = term(*a, *b);
        for (sums, term) in lanes.iter_mut().zip(terms) {
            sums[lane] += term;
        }
    }
    lanes.map(|lanes| lanes.iter().sum())
}
