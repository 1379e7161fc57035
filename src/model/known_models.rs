//! State of the models as this isolate knows it.

use super::breaker::Breaker;
use super::dialect::Dialects;

/// Health and dialects of models: in memory only, shared by all objects of an isolate.
#[derive(Debug, Default)]
pub struct KnownModels {
    /// Health of the models.
    pub breaker: Breaker,
    /// Forms of requests that they take.
    pub dialects: Dialects,
}
