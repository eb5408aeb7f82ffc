use pattern_core::domain::BehaviorClass;

/// How values go from sample to sample.
pub struct Steps {
    count: usize,
    rises: usize,
    falls: usize,
    smallest_rise: f64,
    largest_rise: f64,
    /// Larger than was asked for.
    pub large: usize,
    pub mean_square: f64,
}

impl Steps {
    pub fn of(values: &[f64], large: f64) -> Self {
        let mut steps = Self {
            count: values.len() - 1,
            rises: 0,
            falls: 0,
            smallest_rise: f64::INFINITY,
            largest_rise: 0.0,
            large: 0,
            mean_square: 0.0,
        };
        for w in values.windows(2) {
            let step = w[1] - w[0];
            steps.falls += usize::from(step < 0.0);
            steps.large += usize::from(large > 0.0 && step.abs() > large);
            steps.mean_square += step * step;
            let rise = if step > 0.0 { step } else { f64::INFINITY };
            steps.rises += usize::from(step > 0.0);
            steps.smallest_rise = steps.smallest_rise.min(rise);
            steps.largest_rise = steps.largest_rise.max(step);
        }
        steps.mean_square /= steps.count as f64;
        steps
    }
}

/// The same class whether the historian keeps every reading or only changes: changes are counted in the samples, rest
/// on the grid, where values are held.
pub(super) fn behavior_class(sorted: &[f64], distinct: usize, steps: &Steps, row: &[f32]) -> BehaviorClass {
    if distinct == 1 {
        return BehaviorClass::Constant;
    }
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    if distinct == 2 {
        let switch = [0.0, 1.0].contains(&low) && high.fract() == 0.0;
        return if !switch && rests(steps, row) { BehaviorClass::Setpoint } else { BehaviorClass::Binary };
    }
    // A reset falls back near the start; noise falls as often as it rises.
    if steps.falls * 50 <= steps.rises && (distinct > 10 || steps.smallest_rise == steps.largest_rise) {
        return BehaviorClass::Counter;
    }
    if distinct <= 12.max(sorted.len() / 50) && rests(steps, row) {
        return BehaviorClass::Setpoint;
    }
    BehaviorClass::Analog
}

/// Whether nine of ten buckets go on with the value of the one before; without a grid row, samples.
fn rests(steps: &Steps, row: &[f32]) -> bool {
    let known = row.windows(2).filter(|w| (w[1] - w[0]).is_finite());
    let (resting, all) =
        known.fold((0, 0), |(resting, all), w| (resting + usize::from(w[0] == w[1]), all + 1));
    if all == 0 {
        (steps.count - steps.rises - steps.falls) * 10 >= steps.count * 9
    } else {
        resting * 10 >= all * 9
    }
}
