//! The least value of a convex function within bounds, by projected gradient descent with a step that halves until it
//! descends enough.
//!
//! Holds always: deterministic; the point stays within its bounds. Called by `fit`.

/// The first step; it grows and shrinks by itself.
const STEP_FIRST: f64 = 1e-3;
const STEP_GROWS: f64 = 1.25;
const STEP_SHRINKS: f64 = 0.5;
/// Halvings in a row: after so many the point cannot be told from the one before.
const SHRINKS_MAX: usize = 60;
const STEPS_MAX: usize = 5_000;
/// It ends when a step gains less than this share of the value.
const GAIN_MIN: f64 = 1e-12;

/// What was found.
#[derive(Clone, Debug)]
pub struct Minimum {
    pub point: Vec<f64>,
    pub steps: usize,
}

/// Descends from `start`; `objective` gives value and gradient, `bounds` the least and the most of each coordinate.
pub fn minimise(
    start: &[f64],
    bounds: &[(f64, f64)],
    objective: impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Minimum {
    let within = |point: Vec<f64>| -> Vec<f64> {
        point.into_iter().zip(bounds).map(|(x, (least, most))| x.clamp(*least, *most)).collect()
    };
    let mut point = within(start.to_vec());
    let (mut value, mut gradient) = objective(&point);
    let mut step = STEP_FIRST;
    for steps in 1..=STEPS_MAX {
        let mut shrinks = 0;
        let (next, next_value, next_gradient) = loop {
            let next = within(point.iter().zip(&gradient).map(|(x, slope)| x - step * slope).collect());
            let (next_value, next_gradient) = objective(&next);
            let moved = next.iter().zip(&point).map(|(to, from)| to - from);
            let promised: f64 = moved.zip(&gradient).map(|(d, slope)| slope * d + d * d / (2.0 * step)).sum();
            if next_value <= value + promised || shrinks == SHRINKS_MAX {
                break (next, next_value, next_gradient);
            }
            step *= STEP_SHRINKS;
            shrinks += 1;
        };
        // At the end what is left to gain is less than what rounding hides.
        if next_value > value - GAIN_MIN * value.abs() {
            return Minimum { point: if next_value < value { next } else { point }, steps };
        }
        (point, value, gradient) = (next, next_value, next_gradient);
        step *= STEP_GROWS;
    }
    Minimum { point, steps: STEPS_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (x - 3)² + 10 (y + 1)² + (x - 3)(y + 1): least at 3, -1.
    fn bowl(point: &[f64]) -> (f64, Vec<f64>) {
        let (x, y) = (point[0] - 3.0, point[1] + 1.0);
        (x * x + 10.0 * y * y + x * y, vec![2.0 * x + y, 20.0 * y + x])
    }

    fn check(bounds: [(f64, f64); 2], expect: [f64; 2]) {
        let Minimum { point, steps } = minimise(&[0.0, 0.0], &bounds, bowl);
        let near = point.iter().zip(expect).all(|(found, expect)| (found - expect).abs() < 1e-5);
        assert!(near && steps < 500, "{point:?} after {steps} steps, expected {expect:?}");
    }

    #[test]
    fn the_least_value_is_found_within_bounds_and_on_them() {
        let free = (f64::NEG_INFINITY, f64::INFINITY);
        check([free, free], [3.0, -1.0]);
        // On x = 1 the least is where 20 (y + 1) = 2.
        check([(0.0, 1.0), free], [1.0, -0.9]);
        check([free, (0.0, 0.0)], [2.5, 0.0]);
        check([(4.0, 5.0), (2.0, 3.0)], [4.0, 2.0]);
    }
}
