//! Ids that a second run over the same input gives again.

use sha2::{Digest, Sha256};

/// Hex digits of a derived id.
pub const DERIVED_ID_DIGITS: usize = 20;

/// An id made of what it names; `number` tells apart what has the same parts.
pub fn derived(parts: &[&str], number: u32) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The lengths keep parts from running into each other.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.update(number.to_le_bytes());
    let mut id: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    id.truncate(DERIVED_ID_DIGITS);
    id
}
