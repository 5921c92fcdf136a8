//! Medians and ratios.

/// The middle of the values, or the mean of the two middle ones. NaN where there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// How far the values are from their median, in the middle (the median of the distances), as a part
/// of it: 0.02 says that half of them are within 2 %.
pub fn spread(values: &[f64]) -> f64 {
    let middle = median(values);
    let distances: Vec<_> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&distances) / middle
}

/// The median of the ratios of `values` to `base`, round by round: what slows a whole round down
/// cancels out.
pub fn ratio(values: &[f64], base: &[f64]) -> f64 {
    let ratios: Vec<_> = values.iter().zip(base).map(|(a, b)| a / b).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::{median, ratio, spread};

    #[test]
    fn the_median_is_the_middle_in_whatever_order() {
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 100.0, 2.0]), 3.0);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        assert_eq!(median(&[1.0, 1.0, 1.0, 1e9]), 1.0);
    }

    #[test]
    fn the_spread_is_a_part_of_the_median() {
        assert_eq!(spread(&[10.0, 10.0, 10.0]), 0.0);
        assert_eq!(spread(&[9.0, 10.0, 12.0]), 0.1);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The second round ran at half the speed; the ratio of the medians would be 2.5.
        let (ours, peer) = ([2.0, 4.0, 3.0], [1.0, 2.0, 1.0]);
        assert_eq!(ratio(&ours, &peer), 2.0);
    }
}
