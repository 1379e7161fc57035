//! Order of memories for a question: words and vectors, fused by their scores.

use std::collections::HashMap;

use super::vector::Place;

/// Weight of a vector's score beside that of the words. Measured on conversations with known evidence: fused scores find more of it
/// than fused ranks, which forget by how much the first is better than the second.
const VECTOR_WEIGHT: f32 = 0.6;

/// Part of a word's frequency that each neighbour of a memory lends it: an answer seldom repeats the words of its question.
const NEIGHBOURS: [(i64, f32); 5] = [(-2, 0.25), (-1, 0.5), (0, 1.0), (1, 0.5), (2, 0.25)];

/// BM25's `k1`: how soon a further occurrence of a word counts little. Memories are short, so their length does not count.
const SATURATION: f32 = 1.2;

/// Everything that tells which memories fit a question.
#[derive(Clone, Copy, Debug)]
pub struct Signals<'a> {
    /// Number of memories in the index.
    pub memories: u64,
    /// For each word of the question, places of the memories that have it.
    pub hits: &'a [Vec<Place>],
    /// Cosines of the nearest memories; empty without a vector.
    pub cosines: &'a [(Place, f32)],
}

/// A place and its score, at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Place of the memory. It may be that of none: neighbours of a hit need not exist.
    pub place: Place,
    /// The higher, the better.
    pub score: f32,
}

/// Ranks memories, best first, at most `most`.
#[must_use]
pub fn rank(signals: &Signals<'_>, most: usize) -> Vec<Ranked> {
    let words = word_scores(signals);
    let most_words = words.values().fold(0_f32, |most, score| most.max(*score));
    let words_weight = if signals.cosines.is_empty() { 1.0 } else { 1.0 - VECTOR_WEIGHT };
    let mut scores: HashMap<Place, f32> = HashMap::with_capacity(words.len() + signals.cosines.len());
    for (place, score) in words {
        *scores.entry(place).or_default() += words_weight * score / most_words;
    }
    let cosines = || signals.cosines.iter().map(|(_, cosine)| *cosine);
    let (least, largest) =
        (cosines().fold(f32::INFINITY, f32::min), cosines().fold(f32::NEG_INFINITY, f32::max));
    // Where all are alike, nothing is known.
    let span = (largest - least).max(f32::EPSILON);
    for (place, cosine) in signals.cosines {
        *scores.entry(*place).or_default() += VECTOR_WEIGHT * (cosine - least) / span;
    }
    let mut ranked: Vec<_> = scores.into_iter().map(|(place, score)| Ranked { place, score }).collect();
    let order = |one: &Ranked, other: &Ranked| {
        // Equals have a fixed order.
        other.score.total_cmp(&one.score).then(other.place.cmp(&one.place))
    };
    if ranked.len() > most {
        ranked.select_nth_unstable_by(most, order);
        ranked.truncate(most);
    }
    ranked.sort_unstable_by(order);
    ranked
}

/// BM25 scores of the places that have a word of the question, or are near one that has.
#[expect(clippy::cast_precision_loss, reason = "numbers of memories")]
fn word_scores(signals: &Signals<'_>) -> HashMap<Place, f32> {
    let mut scores = HashMap::new();
    for places in signals.hits {
        let having = places.len() as f32;
        let rarity = (1.0 + ((signals.memories as f32 - having).max(0.0) + 0.5) / (having + 0.5)).ln();
        let mut frequencies: HashMap<Place, f32> = HashMap::with_capacity(places.len() * NEIGHBOURS.len());
        for place in places {
            for (step, weight) in NEIGHBOURS {
                if let Some(near) = place.checked_add_signed(step) {
                    *frequencies.entry(near).or_default() += weight;
                }
            }
        }
        for (place, frequency) in frequencies {
            let score = rarity * (SATURATION + 1.0) * frequency / (frequency + SATURATION);
            *scores.entry(place).or_default() += score;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(signals: &Signals<'_>) -> Vec<Place> {
        rank(signals, 10).into_iter().map(|ranked| ranked.place).collect()
    }

    #[test]
    fn a_rare_word_counts_more_than_a_frequent_one() {
        let hits = [vec![10, 20, 30, 40, 50], vec![70]];
        assert_eq!(places(&Signals { memories: 100, hits: &hits, cosines: &[] })[0], 70);
    }

    #[test]
    fn neighbours_of_a_hit_follow_it() {
        let hits = [vec![100]];
        let found = places(&Signals { memories: 100, hits: &hits, cosines: &[] });
        assert_eq!(found, [100, 101, 99, 102, 98]);
    }

    #[test]
    fn words_and_vectors_together_win() {
        let (hits, cosines) = ([vec![10, 20]], [(20, 0.5), (30, 0.6), (40, 0.1)]);
        assert_eq!(places(&Signals { memories: 100, hits: &hits, cosines: &cosines })[0], 20);
    }

    #[test]
    fn without_words_vectors_decide() {
        let cosines = [(20, 0.5), (30, 0.6), (40, 0.1)];
        assert_eq!(places(&Signals { memories: 3, hits: &[], cosines: &cosines }), [30, 20, 40]);
        assert!(places(&Signals { memories: 0, hits: &[], cosines: &[] }).is_empty());
    }
}
