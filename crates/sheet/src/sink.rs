//! A buffer whose content can be taken while a writer owns it.

use std::cell::Cell;
use std::io::{Result, Write};

/// Bytes that were written and not taken yet.
#[derive(Default)]
pub(crate) struct Sink(Cell<Vec<u8>>);

impl Sink {
    /// Takes the bytes written since the last call.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.get_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
