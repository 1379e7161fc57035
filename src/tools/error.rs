//! Errors of tools.

/// Failure of a tool: a sentence for the model with the way to proceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError(pub String);

impl<T: Into<String>> From<T> for ToolError {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Error of a tool run.
#[derive(Debug)]
pub enum ToolRunError {
    /// The tool does not take the arguments; the reason.
    Arguments(String),
    /// The tool failed.
    Tool(ToolError),
}
