//! The newest frame of each of a conversation's last alerts, for people to read.
//!
//! Holds always: at most [`ALERTS_KEPT_MAX`], the oldest that is resolved leaves first; in the order in which they
//! opened; decides nothing: whether an alert is open is for `alerts` to say. Told by `pipeline`.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::{AlertFrame, AlertState, ServerFrame};

/// Alerts kept of one conversation.
pub const ALERTS_KEPT_MAX: usize = 8;

/// One alert.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptAlert {
    pub state: AlertState,
    pub newest: Arc<AlertFrame>,
}

#[derive(Clone, Debug, Default)]
pub struct AlertsKept {
    held: VecDeque<KeptAlert>,
}

impl AlertsKept {
    /// Takes note of an `alert.*`; of any other frame nothing.
    pub fn note(&mut self, frame: &ServerFrame) {
        let (state, alert) = match frame {
            ServerFrame::AlertOpened(alert) | ServerFrame::AlertUpdated(alert) => (AlertState::Open, alert),
            ServerFrame::AlertResolved(alert) => (AlertState::Resolved, alert),
            _ => return,
        };
        let newest = Arc::new(AlertFrame::clone(alert));
        if let Some(known) = self.held.iter_mut().find(|known| known.newest.alert_id == alert.alert_id) {
            (known.state, known.newest) = (state, newest);
            return;
        }
        if self.held.len() == ALERTS_KEPT_MAX {
            let settled = self.held.iter().position(|known| known.state == AlertState::Resolved);
            self.held.remove(settled.unwrap_or(0));
        }
        self.held.push_back(KeptAlert { state, newest });
    }

    /// All that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &KeptAlert> {
        self.held.iter()
    }

    /// Those that are open.
    pub fn open(&self) -> impl Iterator<Item = &KeptAlert> {
        self.held.iter().filter(|kept| kept.state == AlertState::Open)
    }
}
