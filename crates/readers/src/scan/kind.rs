//! Kinds of files that can be a scan.

/// The header of a PDF lies within this many bytes from the start.
const PDF_HEADER_WITHIN: usize = 1024;

/// A kind of file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// Joint Photographic Experts Group.
    Jpeg,
    /// WebP, lossy or lossless.
    WebP,
    /// Tagged Image File Format.
    Tiff,
    /// Portable Document Format.
    Pdf,
}

impl Kind {
    /// Detects the kind by the content. The name and the media type are ignored, because the sender chooses them.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            _ => {
                let start = bytes.get(..PDF_HEADER_WITHIN.min(bytes.len())).unwrap_or_default();
                start.windows(5).any(|window| window == b"%PDF-").then_some(Self::Pdf)
            }
        }
    }

    /// The media type, such as `image/png`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Tiff => "image/tiff",
            Self::Pdf => "application/pdf",
        }
    }
}
