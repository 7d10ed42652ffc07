//! Label values that come from outside: the first N get series of their own, all later ones share `other`, and a
//! missing value is `none`.
//!
//! Holds always: at most N + 2 sets of series, whatever clients send. Called by `Metrics` alone.

use std::collections::HashMap;

use parking_lot::RwLock;

/// What later values are shown as.
const OTHER: &str = "other";
/// What a missing value is shown as.
const NONE: &str = "none";

/// Series by label value, made when the value is first seen.
pub(super) struct Folded<S> {
    values_max: usize,
    series: RwLock<HashMap<String, S>>,
}

impl<S> Folded<S> {
    pub(super) fn new(values_max: usize) -> Self {
        Folded { values_max, series: RwLock::new(HashMap::new()) }
    }

    /// Uses the series of `value`, which `make` makes where they are missing.
    pub(super) fn with<R>(
        &self,
        value: Option<&str>,
        make: impl FnOnce(&str) -> S,
        with: impl FnOnce(&S) -> R,
    ) -> R {
        let value = value.unwrap_or(NONE);
        if let Some(series) = self.series.read().get(value) {
            return with(series);
        }
        let mut all = self.series.write();
        let own = all.keys().filter(|label| *label != OTHER && *label != NONE).count();
        let label =
            if value == NONE || all.contains_key(value) || own < self.values_max { value } else { OTHER };
        with(all.entry(label.to_owned()).or_insert_with(|| make(label)))
    }

    pub(super) fn each(&self, with: impl FnMut(&S)) {
        self.series.read().values().for_each(with);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(folded: &Folded<String>, value: Option<&str>) -> String {
        folded.with(value, str::to_owned, String::clone)
    }

    #[test]
    fn the_first_values_have_their_own_series_and_later_ones_share_other() {
        let folded = Folded::new(2);
        assert_eq!(label(&folded, Some("billing")), "billing");
        assert_eq!(label(&folded, None), "none");
        assert_eq!(label(&folded, Some("sales")), "sales");
        assert_eq!(label(&folded, Some("returns")), "other");
        assert_eq!(label(&folded, Some("billing")), "billing");
    }
}
