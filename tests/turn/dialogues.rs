//! A hundred dialogues in ten languages: facts that a model extracts from them, true and false, and those that are kept.
//!
//! In the files of `dialogues/` a line begins with its kind: `<` an answer of the assistant, `@` a name that is masked, `>` the user's
//! message, `=` a fact that
//! rests on it (fact, quote, category), `-` one that does not (reason, fact, quote, category).

use serde_json::{Value, json};

use super::background::{facts, run, unread, with_unread};

/// The files, by the language of their dialogues.
const LANGUAGES: [(&str, &str); 10] = [
    ("ar", include_str!("dialogues/ar.txt")),
    ("de", include_str!("dialogues/de.txt")),
    ("es", include_str!("dialogues/es.txt")),
    ("fr", include_str!("dialogues/fr.txt")),
    ("it", include_str!("dialogues/it.txt")),
    ("ja", include_str!("dialogues/ja.txt")),
    ("pl", include_str!("dialogues/pl.txt")),
    ("pt", include_str!("dialogues/pt.txt")),
    ("tr", include_str!("dialogues/tr.txt")),
    ("zh", include_str!("dialogues/zh.txt")),
];

/// Dialogues of each language.
const DIALOGUES: usize = 10;

#[derive(Default)]
struct Dialogue {
    reply_to: Option<String>,
    /// The name that a placeholder stands for in the saved facts.
    person: Option<String>,
    message: String,
    /// The model's facts, true and false.
    extraction: Vec<Value>,
    /// Sentences of those that rest on the message.
    kept: Vec<String>,
}

fn dialogue(block: &str) -> Dialogue {
    let mut dialogue = Dialogue::default();
    for line in block.lines() {
        let (kind, text) = line.split_once(' ').unwrap();
        match kind {
            "<" => dialogue.reply_to = Some(text.to_owned()),
            "@" => dialogue.person = Some(text.to_owned()),
            ">" => {
                dialogue.message = text.replace("<attachment>", "\n\n<attachment name=\"letter.txt\">\n");
                if dialogue.message != text {
                    dialogue.message.push_str("\n</attachment>");
                }
            }
            "=" => dialogue.add(text, true),
            "-" => dialogue.add(text.split_once(" | ").unwrap().1, false),
            other => panic!("{other} begins no line"),
        }
    }
    dialogue
}

impl Dialogue {
    fn add(&mut self, line: &str, is_kept: bool) {
        let [fact, quote, category]: [&str; 3] =
            line.split('|').map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        self.extraction.push(json!({
            "message": 1, "quote": quote, "category": category, "key": format!("subject {}", self.extraction.len()),
            "fact": fact, "confidence": 0.9, "expires": null,
        }));
        if is_kept {
            self.kept.push(fact.to_owned());
        }
    }

    /// Sentences of the facts that are saved.
    fn saved(&self) -> Vec<String> {
        let mut said = unread(&[&self.message], &[]);
        said["messages"][0]["reply_to"] = json!(self.reply_to);
        let output = json!({ "facts": self.extraction, "ended": [], "forget": [] });
        let conversation = with_unread(said, &[&output.to_string()]);
        assert_eq!(run(&conversation), [""; 0]);
        let saved = conversation.platform.postgrest.saved();
        // Facts are saved masked; the name behind the placeholder is compared.
        let person = self.person.as_deref().unwrap_or("[PERSON_1]");
        facts(&saved[0]).into_iter().map(|fact| fact.replace("[PERSON_1]", person)).collect()
    }
}

#[test]
fn of_a_hundred_dialogues_the_facts_that_the_user_said_are_kept_and_no_others() {
    let (mut kept, mut dropped, mut wrong) = (0, 0, Vec::new());
    for (language, text) in LANGUAGES {
        let dialogues: Vec<_> = text.trim().split("\n\n").map(dialogue).collect();
        assert_eq!(dialogues.len(), DIALOGUES, "{language}");
        for dialogue in dialogues {
            let saved = dialogue.saved();
            kept += dialogue.kept.len();
            dropped += dialogue.extraction.len() - dialogue.kept.len();
            if saved != dialogue.kept {
                wrong.push(format!(
                    "{language}: {:?}: {saved:?} and not {:?}",
                    dialogue.message, dialogue.kept
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A file that is read in part must not pass.
    assert_eq!((kept, dropped), (90, 132));
}
