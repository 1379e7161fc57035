//! What a user's earlier conversations have for a turn, and how they come to be found.

pub mod embed;
pub mod facts;
pub mod import;
pub mod recall;
pub mod summary;
pub mod think;
