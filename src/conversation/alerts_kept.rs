//! The newest frame of each of a conversation's last alerts, for people to read.
//!
//! Holds always: at most [`ALERTS_KEPT_MAX`], the oldest that is resolved leaves first; in the order in which they
//! opened; decides nothing: whether an alert is open is for `alerts` to say. Told by `pipeline`.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::{AlertFrame, ServerFrame};

/// Alerts kept of one conversation.
pub const ALERTS_KEPT_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub struct AlertsKept {
    held: VecDeque<Arc<AlertFrame>>,
}

impl AlertsKept {
    /// Takes note of an `alert.*`; of any other frame nothing.
    pub fn note(&mut self, frame: &ServerFrame) {
        let Some(alert) = frame.alert() else { return };
        let newest = Arc::new(alert.clone());
        if let Some(known) = self.held.iter_mut().find(|known| known.alert_id == alert.alert_id) {
            *known = newest;
            return;
        }
        if self.held.len() == ALERTS_KEPT_MAX {
            let settled = self.held.iter().position(|known| known.resolution.is_some());
            self.held.remove(settled.unwrap_or(0));
        }
        self.held.push_back(newest);
    }

    /// All that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &AlertFrame> {
        self.held.iter().map(Arc::as_ref)
    }
}
