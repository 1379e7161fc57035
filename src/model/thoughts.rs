//! Thoughts that a model writes into its text, told apart from the answer.

/// Tags around thoughts at the beginning of a text: of DeepSeek and Qwen, of Gemini's compatible endpoint, and of Magistral.
const TAGS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
];

/// Splits a text that comes in pieces into thoughts and answer.
#[derive(Debug)]
pub(super) struct ThoughtSplitter {
    state: State,
    /// Text that may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first sign of the answer, perhaps behind thoughts.
    Start { is_behind_thoughts: bool },
    /// Between two tags; the second is known.
    Thoughts { end: &'static str },
    /// In the answer: no more thoughts come.
    Answer,
}

impl Default for ThoughtSplitter {
    fn default() -> Self {
        Self { state: State::Start { is_behind_thoughts: false }, held: String::new() }
    }
}

impl ThoughtSplitter {
    /// Adds the next piece to `thoughts` and `answer`.
    pub(super) fn push(&mut self, piece: &str, thoughts: &mut String, answer: &mut String) {
        if matches!(self.state, State::Answer) {
            answer.push_str(piece);
            return;
        }
        self.held.push_str(piece);
        while self.step(thoughts, answer) {}
    }

    /// Ends the text: what was held belongs where it stood.
    pub(super) fn end(&mut self, thoughts: &mut String, answer: &mut String) {
        let into = if matches!(self.state, State::Thoughts { .. }) { thoughts } else { answer };
        into.push_str(&std::mem::take(&mut self.held));
    }

    /// Goes on until more text is needed, which it tells by `false`.
    fn step(&mut self, thoughts: &mut String, answer: &mut String) -> bool {
        match self.state {
            State::Start { is_behind_thoughts } => self.start(is_behind_thoughts, answer),
            State::Thoughts { end } => self.think(end, thoughts),
            State::Answer => false,
        }
    }

    fn start(&mut self, is_behind_thoughts: bool, answer: &mut String) -> bool {
        let text = self.held.trim_start();
        if let Some((tag, end)) = TAGS.iter().find(|(tag, _)| text.starts_with(tag)) {
            self.held = text.get(tag.len()..).unwrap_or_default().to_owned();
            self.state = State::Thoughts { end };
            return true;
        }
        if TAGS.iter().any(|(tag, _)| tag.starts_with(text)) {
            return false;
        }
        answer.push_str(if is_behind_thoughts { text } else { &self.held });
        self.held.clear();
        self.state = State::Answer;
        false
    }

    fn think(&mut self, end: &'static str, thoughts: &mut String) -> bool {
        if let Some((inside, rest)) = self.held.split_once(end) {
            thoughts.push_str(inside);
            self.held = rest.to_owned();
            self.state = State::Start { is_behind_thoughts: true };
            return true;
        }
        let is_begun = |at: &usize| self.held.get(*at..).is_some_and(|rest| end.starts_with(rest));
        let first = self.held.len().saturating_sub(end.len() - 1);
        let keep = (first..self.held.len()).find(is_begun).unwrap_or(self.held.len());
        thoughts.extend(self.held.drain(..keep));
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut thoughts, mut answer) = (String::new(), String::new());
        let mut splitter = ThoughtSplitter::default();
        for piece in pieces {
            splitter.push(piece, &mut thoughts, &mut answer);
        }
        splitter.end(&mut thoughts, &mut answer);
        (thoughts, answer)
    }

    fn pair(thoughts: &str, answer: &str) -> (String, String) {
        (thoughts.into(), answer.into())
    }

    #[test]
    fn thoughts_at_the_beginning_are_no_answer() {
        assert_eq!(split(&["<thi", "nk>plan</th", "ink>7"]), pair("plan", "7"));
        assert_eq!(split(&["\n<think>\na < b</think>\n\n7 </think>"]), pair("\na < b", "7 </think>"));
        assert_eq!(split(&["<thinking>a</thinking> <think>b</think> 7"]), pair("ab", "7"));
        assert_eq!(split(&["[THINK]a[/THINK]7"]), pair("a", "7"));
        assert_eq!(split(&["<think>never closed</thin"]), pair("never closed</thin", ""));
    }

    #[test]
    fn other_text_is_the_answer() {
        for text in ["", " ", "  7", "<", "<th", "<thunder>", "7 <think>x</think>", "[1] a"] {
            assert_eq!(split(&[text]), pair("", text));
        }
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(text in "( |<think>|</think>|<thi|a|é|\n){0,12}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap()).collect();
            prop_assert_eq!(split(&pieces), split(&[&text]));
        }
    }
}
