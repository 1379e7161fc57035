//! The trained model of names, which is a part of the program.

use std::sync::LazyLock;

use super::tagger::Model;

/// Made by `train/names`, which says of what.
pub(super) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| Model::new(include_bytes!("names.bin")));

/// Tells if a word of small letters is frequent and no name.
pub(super) fn is_frequent(word: &str) -> bool {
    MODEL.is_frequent(word)
}
