//! Order of memories for a question: words and vectors, fused by their scores.

use super::vector::Place;

/// Weight of a vector's score beside that of the words. Measured on conversations with known evidence: fused scores find more of it
/// than fused ranks, which forget by how much the first is better than the second.
const VECTOR_WEIGHT: f32 = 0.6;

/// Score that a memory gets in addition for being of a day that the question names. Half of it finds nearly as much.
const DATE_WEIGHT: f32 = 0.3;

/// Distance up to which a word counts for the memories around the one that has it: an answer seldom repeats the words of its question.
const NEAR: Place = 4;

/// BM25's `k1`: how soon a further occurrence of a word counts little. Memories are short, so their length does not count.
const SATURATION: f32 = 0.6;

/// Everything that tells which memories fit a question.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Number of memories in the index.
    pub memories: u64,
    /// For each word of the question, places of the memories that have it.
    pub hits: Vec<Vec<Place>>,
    /// Places of the memories of days that the question names.
    pub dated: Vec<Place>,
    /// Cosines of the memories that have a vector; empty where the question has none.
    pub cosines: Vec<(Place, f32)>,
}

/// A place and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Place of the memory. It may be that of none: neighbours of a hit need not exist.
    pub place: Place,
    /// The higher, the better.
    pub score: f32,
}

/// Scores by place, in the order of places and each place once: two of them are added in one pass, without a hash for each place.
type Scores = Vec<Ranked>;

/// Ranks memories, best first, at most `most`.
#[must_use]
pub fn rank(signals: &Signals, most: usize) -> Vec<Ranked> {
    let words_weight = if signals.cosines.is_empty() { 1.0 } else { 1.0 - VECTOR_WEIGHT };
    let scores = sum(&word_scores(signals, words_weight), &vector_scores(&signals.cosines));
    let mut ranked = sum(&scores, &date_scores(&signals.dated));
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

/// BM25 scores of the places that have a word of the question, or are near one that has; the best has `weight`.
#[expect(clippy::cast_precision_loss, reason = "numbers of memories")]
fn word_scores(signals: &Signals, weight: f32) -> Scores {
    let of_word = |hits: &Vec<Place>| {
        let having = hits.len() as f32;
        let rarity = (1.0 + ((signals.memories as f32 - having).max(0.0) + 0.5) / (having + 0.5)).ln();
        let mut scores = frequencies(hits);
        for Ranked { score, .. } in &mut scores {
            *score = rarity * (SATURATION + 1.0) * *score / (*score + SATURATION);
        }
        scores
    };
    let mut scores = signals.hits.iter().map(of_word).fold(Scores::new(), |scores, word| sum(&scores, &word));
    let most = scores.iter().fold(f32::EPSILON, |most, ranked| most.max(ranked.score));
    for ranked in &mut scores {
        ranked.score *= weight / most;
    }
    scores
}

/// Frequencies of a word by place: 1 for a memory that has it, and a part of that, by the distance, for the memories around it.
#[expect(clippy::cast_precision_loss, reason = "at most NEAR")]
fn frequencies(hits: &[Place]) -> Scores {
    let mut hits = hits.to_vec();
    hits.sort_unstable();
    let mut frequencies = Scores::with_capacity(hits.len() * 2);
    let (mut place, mut rest) = (0, hits.as_slice());
    while let Some((hit, after)) = rest.split_first() {
        if hit + NEAR < place {
            rest = after;
            continue;
        }
        place = place.max(hit.saturating_sub(NEAR));
        let near = rest.iter().take_while(|hit| **hit <= place + NEAR);
        let score = near.map(|hit| 1.0 / (1.0 + hit.abs_diff(place) as f32)).sum();
        frequencies.push(Ranked { place, score });
        place += 1;
    }
    frequencies
}

/// Cosines scaled from 0 to the weight of vectors.
fn vector_scores(cosines: &[(Place, f32)]) -> Scores {
    let all = || cosines.iter().map(|(_, cosine)| *cosine);
    let (least, largest) = (all().fold(f32::INFINITY, f32::min), all().fold(f32::NEG_INFINITY, f32::max));
    // Where all are alike, nothing is known.
    let span = (largest - least).max(f32::EPSILON);
    let score = |cosine: f32| VECTOR_WEIGHT * (cosine - least) / span;
    let mut scores: Scores =
        cosines.iter().map(|(place, cosine)| Ranked { place: *place, score: score(*cosine) }).collect();
    scores.sort_unstable_by_key(|ranked| ranked.place);
    scores
}

fn date_scores(dated: &[Place]) -> Scores {
    let mut places = dated.to_vec();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| Ranked { place, score: DATE_WEIGHT }).collect()
}

/// The sum of two scores of each place.
fn sum(one: &[Ranked], other: &[Ranked]) -> Scores {
    let mut sum = Scores::with_capacity(one.len() + other.len());
    let (mut ones, mut others) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (ones.peek(), others.peek()) {
            (Some(one), Some(other)) if one.place > other.place => others.next(),
            (None, _) => others.next(),
            _ => ones.next(),
        };
        let Some(ranked) = next else { return sum };
        let same = others.next_if(|other| other.place == ranked.place).map_or(0.0, |other| other.score);
        sum.push(Ranked { place: ranked.place, score: ranked.score + same });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(hits: &[&[Place]], dated: &[Place], cosines: &[(Place, f32)]) -> Vec<Place> {
        let hits = hits.iter().map(|places| places.to_vec()).collect();
        let signals = Signals { memories: 100, hits, dated: dated.to_vec(), cosines: cosines.to_vec() };
        rank(&signals, 10).into_iter().map(|ranked| ranked.place).collect()
    }

    #[test]
    fn a_rare_word_counts_more_than_a_frequent_one() {
        assert_eq!(places(&[&[10, 20, 30, 40, 50], &[70]], &[], &[])[0], 70);
    }

    #[test]
    fn neighbours_of_a_hit_follow_it() {
        assert_eq!(places(&[&[100]], &[], &[]), [100, 101, 99, 102, 98, 103, 97, 104, 96]);
        assert_eq!(places(&[&[1]], &[], &[]), [1, 2, 0, 3, 4, 5]);
    }

    #[test]
    fn a_memory_between_two_words_goes_before_one_that_has_one_of_them() {
        assert_eq!(places(&[&[100, 300], &[102]], &[], &[])[..4], [102, 100, 101, 103]);
    }

    #[test]
    fn words_and_vectors_together_win() {
        assert_eq!(places(&[&[10, 20]], &[], &[(20, 0.5), (30, 0.6), (40, 0.1)])[0], 20);
    }

    #[test]
    fn without_words_vectors_decide() {
        assert_eq!(places(&[], &[], &[(20, 0.5), (30, 0.6), (40, 0.1)]), [30, 20, 40]);
        assert!(places(&[], &[], &[]).is_empty());
    }

    #[test]
    fn the_day_that_is_named_decides_among_equals() {
        assert_eq!(places(&[&[10, 20, 30]], &[20, 20, 50], &[])[..2], [20, 30]);
        assert_eq!(places(&[], &[50, 40], &[]), [50, 40]);
    }
}
