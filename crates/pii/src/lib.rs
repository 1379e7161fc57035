//! Personal data: found, replaced by placeholders before anything leaves, kept in a vault, and put back for its owner.
//!
//! In scope: detection, masking, redaction, unmasking of whole texts and streams, and the cryptography of the vault. Out of
//! scope: storage, the network, time and randomness (nonces and keys come in as values).
//!
//! [`detect`] finds, [`mask`] and [`placeholder`] replace, [`vault`] and [`seal`] keep, [`policy`] and [`unmask`] put back.

pub mod detect;
pub mod identity;
pub mod json;
mod link;
pub mod mask;
pub mod masked_text;
pub mod placeholder;
pub mod policy;
pub mod seal;
pub mod unmask;
pub mod url_guard;
pub mod vault;
