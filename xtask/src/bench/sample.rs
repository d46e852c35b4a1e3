//! Numbers measured several times.

/// What was measured for one case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The one in the middle; of two in the middle, what lies between them. `None` while there are none.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            count if count % 2 == 1 => Some(sorted[middle]),
            _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        }
    }

    /// The smallest and the largest.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let smallest = self.0.iter().copied().reduce(f64::min)?;
        Some((smallest, self.0.iter().copied().reduce(f64::max)?))
    }

    /// What half of them lie between, as many below as above.
    pub(crate) fn middle_half(&self) -> Option<(f64, f64)> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let quarter = sorted.len() / 4;
        Some((*sorted.get(quarter)?, *sorted.get(sorted.len() - 1 - quarter)?))
    }

    /// Each of them by the one of the other sample that was taken with it.
    pub(crate) fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect()
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_order() {
        let odd: Sample = [3.0, 1.0, 2.0].into_iter().collect();
        let even: Sample = [4.0, 1.0, 2.0, 3.0].into_iter().collect();
        assert_eq!((odd.median(), even.median()), (Some(2.0), Some(2.5)));
        assert_eq!((Sample::default().median(), odd.range()), (None, Some((1.0, 3.0))));
    }

    #[test]
    fn half_of_them_lie_in_the_middle() {
        let eight: Sample = [8.0, 1.0, 3.0, 2.0, 6.0, 4.0, 5.0, 7.0].into_iter().collect();
        assert_eq!((eight.middle_half(), Sample::default().middle_half()), (Some((3.0, 6.0)), None));
        let one: Sample = [2.0].into_iter().collect();
        assert_eq!((one.middle_half(), eight.over(&one).median()), (Some((2.0, 2.0)), Some(4.0)));
    }
}
