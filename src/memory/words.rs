//! Words of a text as the index has them: stems, and pairs of characters where a script has no spaces.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};

/// Longest word in the index, in characters: what is longer is no word that anybody searches for.
const MAX_WORD: usize = 40;

/// Words of a text that the index takes. A memory has at most 32,000 characters.
const MAX_WORDS: usize = 8000;

/// Words of a question that are searched for: the longest ones, since long words are rare and carry most meaning.
const MAX_TERMS: usize = 32;

/// Function words of a language: they tell which one it is, and nothing else.
struct Language {
    algorithm: Algorithm,
    function_words: &'static str,
}

/// Languages with their most frequent function words, from the stop words of the Snowball project
/// (<https://snowballstem.org>). English is first: it decides where no other has more words.
const LANGUAGES: &[Language] = &[
    Language {
        algorithm: Algorithm::English,
        function_words: "a about after again all am an and any are as at be because been before being but by can could did do \
            does doing don down for from had has have having he her here him his how i if in into is it its just me more most my \
            no nor not now of off on once only or other our out over own same she should so some such than that the their them \
            then there these they this those through to too under until up very was we were what when where which while who whom \
            why will with would you your",
    },
    Language {
        algorithm: Algorithm::German,
        function_words: "aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des die \
            dies dir doch dort du durch ein eine einem einen einer eines er es etwas euch für gegen habe haben hat hatte hier \
            ich ihm ihn ihr im in ist ja jede kann kein können man mein mich mir mit muss nach nicht noch nun nur ob oder ohne \
            sehr sein sich sie sind so über um und uns unser unter vom von vor war was weil welche wenn werde wer wie wieder will \
            wir wird wo zu zum zur zwischen",
    },
    Language {
        algorithm: Algorithm::French,
        function_words: "ai as au aux avec avez ce ces cette dans de des du elle elles en es est et eu eux il ils j je l la le \
            les leur lui ma mais me même mes moi mon ne nos notre nous on ont ou où par pas pour qu que quand quel quelle qui sa \
            sans se ses son sont suis sur ta te tes toi ton tu un une vos votre vous y étais était être",
    },
    Language {
        algorithm: Algorithm::Spanish,
        function_words: "al como con cual cuando de del desde donde dónde el él ella ellos en entre era eres es esa ese eso esta \
            está estas este esto estoy fue ha han hasta hay la las le les lo los más me mi mis mucho muy nada ni no nos o otro \
            para pero poco por porque que qué quién se sea ser si sí sin sobre son soy su sus también te tengo ti tiene todo tu \
            tus tú un una uno y ya yo",
    },
    Language {
        algorithm: Algorithm::Italian,
        function_words: "a ad ai al alla alle anche c che chi ci come con contro cui da dal dalla degli dei del della delle di \
            dove e è era gli ha hai hanno ho i il in io la le lei li lo loro lui ma mi mia mio ne nel nella noi non nostro o per \
            perché più quale quando quanto quello questa questo se sei si sia siamo sono su sua sul sulla suo ti tra tu tua tuo \
            un una uno vi voi",
    },
    Language {
        algorithm: Algorithm::Portuguese,
        function_words: "ao aos as até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse esta \
            está este estou eu foi há isso isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós o onde os ou \
            para pela pelo por quando que quem se sem ser seu só sou sua também te tem tenho um uma você vocês",
    },
    Language {
        algorithm: Algorithm::Dutch,
        function_words: "aan al als altijd ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen haar had \
            heb hebben heeft hem het hier hij hoe hun iets ik in is ja je kan kon maar me meer men met mij mijn moet na naar niet \
            nog nu of om omdat onder ons ook op over te tot u uit van veel voor want waren was wat werd wie wij worden zal ze zich \
            zij zijn zo zou",
    },
    Language {
        algorithm: Algorithm::Swedish,
        function_words: "alla att av blev bli den denna det detta dig din du där efter eller en er ett från för ha hade han hans \
            har henne hon hur här i icke inte jag ju kan kunde man med mellan men mig min mitt mycket ni nu när något och om oss \
            på sedan sig sin sitt skulle som så till under upp ut vad var vara vi vid är än över",
    },
    Language {
        algorithm: Algorithm::Russian,
        function_words: "а без был была были было быть в вам вас ведь во вот все всё вы где да даже для до его ее если есть еще \
            ж же за и из или им их к как когда кто ли мне мой моя мы на нас не него нет но ну о он она они от по при с себя со так \
            там то только ты у уже что чтобы это этот я",
    },
    Language {
        algorithm: Algorithm::Turkish,
        function_words: "acaba ama ben beni benim bir biz bu bunu çok da daha de defa diye en gibi hem hep hepsi her hiç için ile \
            ise kez ki kim mı mi mu mü nasıl ne neden nerede nereye niçin niye o sanki siz şey şu ve veya ya yani",
    },
    Language {
        algorithm: Algorithm::Arabic,
        function_words: "أن أنا أنت أو أي إلى إن الذي التي عن على في قد كان كانت كل كيف لا لم لن ليس ما ماذا متى مع من منذ نحن هذا هذه هل \
            هو هي و يا",
    },
];

/// For each function word, a bit for each language of [`LANGUAGES`] that has it.
static FUNCTION_WORDS: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| {
    let mut languages = HashMap::new();
    for (bit, language) in LANGUAGES.iter().enumerate() {
        for word in language.function_words.split_ascii_whitespace() {
            *languages.entry(word).or_default() |= 1 << bit;
        }
    }
    languages
});

/// Words of a text in its language, for the index: stems, separated by spaces.
#[must_use]
pub fn index_words(text: &str) -> String {
    let words = split(text);
    let stemmer = Stemmer::create(languages(&words).first().copied().unwrap_or(Algorithm::English));
    let mut out = String::with_capacity(text.len());
    for word in words.iter().take(MAX_WORDS) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&stemmer.stem(word));
    }
    out
}

/// A word of a question, with each form in which the index may have it.
pub type Term = BTreeSet<String>;

/// Words of a question without function words, the longest first.
///
/// The forms of a word are itself and its stems in English and in each language that the question may be in: a memory may be in
/// another language than the question, and a short question is in many.
#[must_use]
pub fn question_terms(text: &str) -> Vec<Term> {
    let words = split(text);
    let stemmers = stemmers(&words);
    let mut longest: Vec<_> =
        words.iter().filter(|word| !FUNCTION_WORDS.contains_key(word.as_str())).collect();
    if longest.is_empty() {
        longest = words.iter().collect();
    }
    longest.sort_by_key(|word| (std::cmp::Reverse(word.chars().count()), word.as_str()));
    let mut terms: Vec<Term> = Vec::new();
    for word in longest {
        let stems = stemmers.iter().map(|stemmer| stemmer.stem(word).into_owned());
        let forms: Term = stems.chain([word.clone()]).collect();
        if !terms.iter().any(|known| !known.is_disjoint(&forms)) {
            terms.push(forms);
        }
        if terms.len() == MAX_TERMS {
            break;
        }
    }
    terms
}

/// Every form of every word of a text, in each language that it may be in, to look words of another text up in.
#[must_use]
pub fn all_terms(text: &str) -> BTreeSet<String> {
    let words = split(text);
    let stemmers = stemmers(&words);
    let words: BTreeSet<_> = words.into_iter().take(MAX_WORDS).collect();
    let stems = words.iter().flat_map(|word| stemmers.iter().map(|stemmer| stemmer.stem(word).into_owned()));
    let mut terms: BTreeSet<_> = stems.collect();
    terms.extend(words);
    terms
}

/// The last word of a text that ends with it, as the index spells it unless it has a stem.
#[must_use]
pub fn last_word(text: &str) -> Option<String> {
    let is_open = text.chars().next_back().is_some_and(|last| Kind::of(last) == Kind::Word);
    if is_open { split(text).pop() } else { None }
}

/// Stemmers of English and of each language that a text may be in.
fn stemmers(words: &[String]) -> Vec<Stemmer> {
    let mut languages = languages(words);
    if !languages.contains(&Algorithm::English) {
        languages.push(Algorithm::English);
    }
    languages.into_iter().map(Stemmer::create).collect()
}

/// The languages that a text may be in: those whose function words are most frequent in its beginning. All, where it has none.
fn languages(words: &[String]) -> Vec<Algorithm> {
    /// Words that decide: more make no difference.
    const DECIDING: usize = 60;
    let mut hits = [0_u32; LANGUAGES.len()];
    for word in words.iter().take(DECIDING) {
        let languages = FUNCTION_WORDS.get(word.as_str()).copied().unwrap_or(0);
        for (bit, hits) in hits.iter_mut().enumerate() {
            *hits += u32::from(languages >> bit & 1);
        }
    }
    let most = hits.iter().copied().max();
    let likely = LANGUAGES.iter().zip(hits).filter(|(_, hits)| Some(*hits) == most);
    likely.map(|(language, _)| language.algorithm).collect()
}

/// Words in lower case, in their order; pairs of characters in scripts without spaces. A placeholder such as `[EMAIL_1]` is one word.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = Kind::of(first);
        let end = rest.find(|char| Kind::of(char) != kind).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match kind {
            Kind::Gap => {}
            Kind::Word => {
                let word: String = run
                    .chars()
                    .filter(|char| *char != '_')
                    .flat_map(char::to_lowercase)
                    .take(MAX_WORD + 1)
                    .collect();
                let length = word.chars().count();
                // A single letter is what an apostrophe leaves.
                let is_letter = length == 1 && word.chars().all(char::is_alphabetic);
                if !is_letter && (1..=MAX_WORD).contains(&length) {
                    words.push(word);
                }
            }
            Kind::Unspaced => {
                let chars: Vec<char> = run.chars().collect();
                let pairs = chars.windows(2).map(|pair| pair.iter().collect());
                words.extend(pairs);
                if chars.len() == 1 {
                    words.push(run.to_owned());
                }
            }
        }
        rest = after;
    }
    words
}

/// Kinds of characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters and digits of words with spaces between them.
    Word,
    /// Letters of scripts without spaces.
    Unspaced,
    /// Characters between words.
    Gap,
}

impl Kind {
    fn of(char: char) -> Self {
        if is_unspaced(char) {
            Self::Unspaced
        } else if char.is_alphanumeric() || char == '_' {
            Self::Word
        } else {
            Self::Gap
        }
    }
}

/// True for characters of scripts that are written without spaces: Han, Kana, Thai, Lao, Khmer, Myanmar.
const fn is_unspaced(char: char) -> bool {
    matches!(char,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(question: &str, memory: &str) -> bool {
        let words = index_words(memory);
        let words: BTreeSet<_> = words.split(' ').collect();
        question_terms(question).iter().any(|term| term.iter().any(|form| words.contains(form.as_str())))
    }

    #[test]
    fn a_question_finds_other_forms_of_its_words() {
        for (question, memory) in [
            ("Which exercises do I do?", "I exercise in the mornings"),
            ("Wo habe ich Häuser gekauft?", "Ich habe ein Haus in Bern gekauft"),
            ("Quelles chansons est-ce que je chante ?", "Nous avons chanté une chanson"),
            ("¿Qué libros he leído?", "El libro que me gusta es de la biblioteca"),
            ("я люблю какие книги?", "Это книга, которую я читал"),
            ("東京の天気は？", "来週は東京に行きます"),
            ("[EMAIL_1]", "Write to [EMAIL_1], please"),
            ("the", "the"),
        ] {
            assert!(finds(question, memory), "{question} / {memory}");
        }
    }

    #[test]
    fn function_words_find_nothing_where_there_are_others() {
        assert!(!finds("What is the harbour like?", "This is what they are"));
        assert!(!finds("Wie ist der Hafen?", "Das ist der Hund und die Katze"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_words(text in "\\PC{0,300}") {
            let words = index_words(&text);
            prop_assert!(words.split(' ').count() <= text.chars().count() + 1);
            prop_assert!(question_terms(&text).len() <= MAX_TERMS);
        }
    }
}
