//! Rows without gaps as their frequencies, the low ones first. What moves slowly is nearly all told by the first part;
//! of most pairs it is enough to see that they are not alike. See "In parts" of the module above.

use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::{
    kernel::{COLUMNS, Kernel, KnownColumns, KnownPairs, STEP},
    packed::{Panel, levels, round},
    rows::Row,
    sums::sums,
};
use pattern_core::series::grid::Grid;

pub(super) const PARTS: usize = 4;

/// Where each part ends, of 32. A row of noise has as much of its energy in every frequency: |r| of two such rows is
/// mostly seen to be below 0.6, the least that is kept by default, after the third.
const ENDS: [usize; PARTS] = [4, 8, 18, 32];
/// Parts are of so many numbers, or a multiple: AVX2 takes two steps at once.
const WHOLE: usize = 2 * STEP;

/// A part of as many rows as a kernel takes columns.
pub(super) struct Part {
    pub numbers: Panel,
    /// After this part and those before it.
    pub known: KnownColumns,
}

pub(super) type Parts = [Part; PARTS];

/// The parts of every so many rows.
pub(super) fn spectra(kernel: Kernel, grid: &Grid, rows: &[Row]) -> Vec<Parts> {
    let levels = levels(kernel, grid.buckets);
    let plan = &*RealFftPlanner::<f32>::new().plan_fft_forward(grid.buckets);
    rows.par_chunks(COLUMNS)
        .map_init(|| Transform::new(plan), |transform, rows| parts(transform, grid, rows, levels))
        .collect()
}

fn parts(transform: &mut Transform, grid: &Grid, rows: &[Row], levels: i32) -> Parts {
    let count = transform.numbers.len();
    let end = |part: usize| if part + 1 == PARTS { count } else { count * ENDS[part] / 32 / WHOLE * WHOLE };
    let places: [_; PARTS] = std::array::from_fn(|part| if part == 0 { 0 } else { end(part - 1) }..end(part));
    let mut parts = places
        .clone()
        .map(|places| Part { numbers: Panel::new(places.len()), known: KnownColumns::default() });
    let mut whole = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let numbers = transform.of(grid.row(row.point), row);
        let (mut length, mut residual) = (0.0_f64, 0.0_f64);
        for (part, places) in parts.iter_mut().zip(places.clone()) {
            let rest = length_of(&numbers[places.end..]);
            let rounding = round(&numbers[places], levels, &mut whole);
            part.numbers.write(i, &whole);
            (length, residual) = (length.hypot(rounding.length), residual.hypot(rounding.residual));
            let [step, length, residual, rest] =
                [rounding.step, length, residual, rest].map(|number| number as f32);
            part.known.set(i, KnownPairs { step, length, residual, rest });
        }
    }
    parts
}

fn length_of(numbers: &[f32]) -> f64 {
    let [energy] = sums(numbers, numbers, |number, _| [f64::from(number).powi(2)]);
    energy.sqrt()
}

/// An orthonormal change of basis: products of rows are those of their spectra.
struct Transform<'a> {
    plan: &'a dyn RealToComplex<f32>,
    values: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Real and imaginary parts in turn.
    numbers: Vec<f32>,
}

impl<'a> Transform<'a> {
    fn new(plan: &'a dyn RealToComplex<f32>) -> Self {
        let spectrum = plan.make_output_vec();
        Self {
            plan,
            values: plan.make_input_vec(),
            numbers: vec![0.0; 2 * spectrum.len()],
            spectrum,
            scratch: plan.make_scratch_vec(),
        }
    }

    fn of(&mut self, values: &[f32], row: &Row) -> &[f32] {
        self.values.iter_mut().zip(values).for_each(|(place, value)| *place = row.normal(*value) as f32);
        self.plan
            .process_with_scratch(&mut self.values, &mut self.spectrum, &mut self.scratch)
            .expect("lengths fit the plan");
        let (once, twice) = (1.0 / (values.len() as f32).sqrt(), (2.0 / values.len() as f32).sqrt());
        // Every other frequency stands for its mirror too.
        let own_mirror = |frequency: usize| frequency == 0 || 2 * frequency == values.len();
        let frequencies = self.spectrum.iter().enumerate();
        for (numbers, (frequency, value)) in self.numbers.as_chunks_mut().0.iter_mut().zip(frequencies) {
            let value = value * if own_mirror(frequency) { once } else { twice };
            *numbers = [value.re, value.im];
        }
        &self.numbers
    }
}
