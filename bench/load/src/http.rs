//! HTTP/1.1 as far as a benchmark needs it: heads, and bodies with a length or in chunks.

use std::error::Error;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes that one read may bring.
const READ_BYTES: usize = 64 * 1024;

/// Start line and headers of a message, and the bytes that were read after them.
pub struct Head {
    text: String,
    pub rest: Vec<u8>,
}

impl Head {
    /// Reads up to the empty line. Returns `None` if the peer closed the connection before a first byte.
    pub async fn read(
        socket: &mut (impl AsyncRead + Unpin),
        mut bytes: Vec<u8>,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = bytes.split_off(end + 4);
                return Ok(Some(Self { text: String::from_utf8(bytes)?, rest }));
            }
            if !read_more(socket, &mut bytes).await? {
                return if bytes.is_empty() {
                    Ok(None)
                } else {
                    Err("the connection broke off in a head".into())
                };
            }
        }
    }

    /// Word of the start line: of a request 0 is the method and 1 the path, of a response 1 is the status.
    pub fn word(&self, index: usize) -> &str {
        self.text.lines().next().and_then(|line| line.split(' ').nth(index)).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn body(&self) -> BodyLength {
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return BodyLength::Chunked(Chunks::default());
        }
        BodyLength::Known(self.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0))
    }
}

/// Appends one read. Returns `false` at the end of the connection.
pub async fn read_more(socket: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.reserve(READ_BYTES);
    Ok(socket.read_buf(bytes).await? > 0)
}

/// State of a body that is being read.
pub enum BodyLength {
    /// Bytes that are still to come.
    Known(usize),
    Chunked(Chunks),
}

impl BodyLength {
    /// Moves the body's bytes from `input` to `output`. Returns whether the body is complete.
    pub fn take(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> Result<bool, Box<dyn Error>> {
        match self {
            Self::Known(left) => {
                let count = input.len().min(*left);
                output.extend(input.drain(..count));
                *left -= count;
                Ok(*left == 0)
            }
            Self::Chunked(chunks) => chunks.take(input, output),
        }
    }
}

/// Decoder of the chunked transfer encoding.
#[derive(Default)]
pub struct Chunks {
    /// Bytes of the current chunk that are still to come.
    left: usize,
}

impl Chunks {
    fn take(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> Result<bool, Box<dyn Error>> {
        let mut at = 0;
        let is_complete = loop {
            let count = self.left.min(input.len() - at);
            output.extend_from_slice(&input[at..at + count]);
            at += count;
            self.left -= count;
            if self.left > 0 {
                break false;
            }
            // The line break after a chunk's data is skipped together with the size of the next one.
            let line_start = if input[at..].starts_with(b"\r\n") { at + 2 } else { at };
            let Some(length) = input[line_start..].windows(2).position(|window| window == b"\r\n") else {
                break false;
            };
            let size = std::str::from_utf8(&input[line_start..line_start + length])?;
            self.left = usize::from_str_radix(size, 16)?;
            at = line_start + length + 2;
            if self.left == 0 {
                // The empty line after the last chunk may still be on its way.
                if input.len() < at + 2 {
                    at = line_start;
                    break false;
                }
                at += 2;
                break true;
            }
        };
        input.drain(..at);
        Ok(is_complete)
    }
}
