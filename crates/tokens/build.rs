//! Generates the tables of the vocabulary and of the character classes at compile time, so that a starting Worker has nothing
//! to build, unpack or allocate.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "an error here fails the build"
)]

use std::env;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use base64ct::{Base64, Encoding};
use regex_syntax::hir::{Class, HirKind};
use sha2::{Digest, Sha256};

/// Number of o200k_base's tokens without the special ones. Their ranks start at 0.
const TOKENS: u32 = 199_998;

/// Checksum of `o200k_base.tiktoken` as OpenAI publishes it and tiktoken expects it.
const SHA256: &str = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d";

/// A bit for each class of characters that o200k_base's pattern distinguishes. No character has two classes.
const CLASSES: [(&str, u8); 8] = [
    (r"[\p{Lu}\p{Lt}]", 1),
    (r"\p{Ll}", 1 << 1),
    (r"[\p{Lm}\p{Lo}]", 1 << 2),
    (r"\p{M}", 1 << 3),
    (r"\p{N}", 1 << 4),
    (r"[\s--\r\n]", 1 << 5),
    (r"[\r\n]", 1 << 6),
    (r"[^\p{L}\p{M}\p{N}\s]", 1 << 7),
];

/// Number of characters per block of the class table.
const BLOCK: usize = 256;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo names a folder");
    write_vocabulary(Path::new(&out));
    write_classes(Path::new(&out));
}

/// Writes the tokens by length, then by value: bisection finds a token without stored offsets, and the table compresses well
/// because similar tokens are adjacent.
fn write_vocabulary(out: &Path) {
    let mut tokens: Vec<(Vec<u8>, u32)> = vocabulary().into_iter().zip(0..).collect();
    tokens.sort_by(|(one, _), (other, _)| order(one).cmp(&order(other)));
    let longest = tokens.last().map_or(0, |(token, _)| token.len());

    let before = |bound: (usize, u128, &[u8])| tokens.partition_point(|(token, _)| order(token) < bound);
    let first: Vec<usize> = (0..=longest + 1).map(|length| before((length, 0, &[]))).collect();
    let bytes_before = |length: usize| -> usize { (0..length).map(|n| n * (first[n + 1] - first[n])).sum() };
    let lengths: Vec<_> = (0..=longest + 1).map(|length| (first[length], bytes_before(length))).collect();
    let section = |length: usize, top: u128| {
        let place = before((length, top << (8 * (length.min(8) - 1)), &[])) - first[length];
        u16::try_from(place).expect("fewer of one length").to_le_bytes()
    };
    let sections = (1..=longest).flat_map(|length| (0..=256).flat_map(move |top| section(length, top)));
    let bytes: Vec<u8> = tokens.iter().flat_map(|(token, _)| token).copied().chain([0; 8]).collect();
    let ranks = tokens.iter().map(|(_, rank)| rank.to_le_bytes());
    let low: Vec<u8> = ranks.clone().flat_map(|[a, b, ..]| [a, b]).collect();
    let high: Vec<u8> = ranks.map(|[_, _, c, _]| c).collect();
    write(out, "lengths.rs", format!("{lengths:?}").as_bytes());
    write(out, "sections", &sections.collect::<Vec<u8>>());
    write(out, "tokens", &bytes);
    write(out, "ranks_low", &low);
    write(out, "ranks_high", &high);
}

/// The sort key of a token: its length, its first eight bytes as a number (one load and one comparison), and its other bytes.
fn order(token: &[u8]) -> (usize, u128, &[u8]) {
    let (head, rest) = token.split_at(token.len().min(8));
    (token.len(), head.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte)), rest)
}

/// Reads the tokens in the order of their ranks and checks that they are OpenAI's.
fn vocabulary() -> Vec<Vec<u8>> {
    let encoding = tiktoken::get_encoding("o200k_base").expect("the crate has this vocabulary");
    let tokens: Vec<Vec<u8>> = (0..TOKENS).map(|rank| encoding.decode(&[rank])).collect();
    let mut published = Sha256::new();
    for (token, rank) in tokens.iter().zip(0..) {
        published.update(format!("{} {rank}\n", Base64::encode_string(token)));
    }
    assert_eq!(format!("{:x}", published.finalize()), SHA256, "the crate's vocabulary is not OpenAI's");
    tokens
}

/// Writes the index of each block of characters, then the distinct blocks: many blocks are equal.
fn write_classes(out: &Path) {
    let mut classes = vec![0; 0x11_0000];
    for (pattern, class) in CLASSES {
        for range in ranges(pattern) {
            classes[range].fill(class);
        }
    }
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut table: Vec<u8> = Vec::new();
    for block in classes.chunks(BLOCK) {
        let known = distinct.iter().position(|known| *known == block).unwrap_or_else(|| {
            distinct.push(block);
            distinct.len() - 1
        });
        table.push(known.try_into().expect("fewer than 256 blocks"));
    }
    table.extend(distinct.concat());
    write(out, "classes", &table);
}

/// The characters of a class, by the tables of the engine that tiktoken uses.
fn ranges(pattern: &str) -> Vec<RangeInclusive<usize>> {
    let hir = regex_syntax::parse(pattern).expect("a pattern");
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("{pattern} is no class") };
    class.ranges().iter().map(|range| range.start() as usize..=range.end() as usize).collect()
}

fn write(out: &Path, name: &str, bytes: &[u8]) {
    fs::write(out.join(name), bytes).expect("a folder to write to");
}
