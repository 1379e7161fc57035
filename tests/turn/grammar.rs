//! Grammar of answers: endings and particles that languages put behind a name stay where they are, in streams and in what is stored.

use super::harness::*;

/// A message, its masked form, the model's answer and the user's view of it.
const ANSWERS: [[&str; 4]; 12] = [
    [
        "Whose is it? Tell Gregory Hill about Gregory Hill's car.",
        "Whose is it? Tell [PERSON_1] about [PERSON_1]'s car.",
        "It is [PERSON_1]'s, not [PERSON_1]s' or [Person_1]’s.",
        "It is Gregory Hill's, not Gregory Hills' or Gregory Hill’s.",
    ],
    [
        "Ich habe mit Gregor Schuster telefoniert.",
        "Ich habe mit [PERSON_1] telefoniert.",
        "[PERSON_1]s Auto, das Auto von [PERSON_1], [PERSON_1]-Akte",
        "Gregor Schusters Auto, das Auto von Gregor Schuster, Gregor Schuster-Akte",
    ],
    [
        "Dün Ayşe Yılmaz'ın arabasını gördüm, Ayşe Yılmaz'a söyle.",
        "Dün [PERSON_1]'ın arabasını gördüm, [PERSON_1]'a söyle.",
        "[PERSON_1]'ın arabası, [PERSON_1]'dan, [PERSON_1]’la",
        "Ayşe Yılmaz'ın arabası, Ayşe Yılmaz'dan, Ayşe Yılmaz’la",
    ],
    [
        "Nimeni on Matti Virtanen.",
        "Nimeni on [PERSON_1].",
        "[PERSON_1]:n auto, [PERSON_1]in, [PERSON_1]lle",
        "Matti Virtanen:n auto, Matti Virtanenin, Matti Virtanenlle",
    ],
    [
        "A nevem Kovács Péter.",
        "A nevem [PERSON_1].",
        "[PERSON_1]nek, [PERSON_1]-rel, [PERSON_1]é",
        "Kovács Péternek, Kovács Péter-rel, Kovács Péteré",
    ],
    [
        "Меня зовут Анна Петрова.",
        "Меня зовут [PERSON_1].",
        "[PERSON_1]: для [PERSON_1], «[PERSON_1]»",
        "Анна Петрова: для Анна Петрова, «Анна Петрова»",
    ],
    [
        "Nazywam się Jan Kowalski.",
        "Nazywam się [PERSON_1].",
        "Dla [PERSON_1], z [PERSON_1]em, o [PERSON_1]'u",
        "Dla Jan Kowalski, z Jan Kowalskiem, o Jan Kowalski'u",
    ],
    [
        "Je m'appelle Anaïs Lefèvre.",
        "Je m'appelle [PERSON_1].",
        "l'amie d'[PERSON_1], qu'[PERSON_1] a écrite",
        "l'amie d'Anaïs Lefèvre, qu'Anaïs Lefèvre a écrite",
    ],
    [
        "Mi chiamo Ludovica Rossi.",
        "Mi chiamo [PERSON_1].",
        "dell'[PERSON_1], l'[PERSON_1] (**[PERSON_1]**)",
        "dell'Ludovica Rossi, l'Ludovica Rossi (**Ludovica Rossi**)",
    ],
    [
        "私の名前は田中美咲です。",
        "私の名前は[PERSON_1]です。",
        "[PERSON_1]さんは、[PERSON_1]さんの車を[PERSON_1]と見た。",
        "田中美咲さんは、田中美咲さんの車を田中美咲と見た。",
    ],
    [
        "제 이름은 김철수입니다.",
        "제 이름은 [PERSON_1]입니다.",
        "[PERSON_1]님은 [PERSON_1]의 차를, [PERSON_1]에게",
        "김철수님은 김철수의 차를, 김철수에게",
    ],
    ["我叫王小明。", "我叫[PERSON_1]。", "[PERSON_1]的车，[PERSON_1]们", "王小明的车，王小明们"],
];

#[test]
fn endings_and_particles_stay_behind_the_name() {
    for [message, masked, answer, shown] in ANSWERS {
        let conversation = TestConversation::default();
        conversation.model_says(whole(answer)).model_says(whole("Noted."));
        let (seen, finished) = conversation.turn(message).unwrap();
        assert_eq!(conversation.last_prompt(), [masked], "{message}");
        assert_eq!(seen.text, shown);
        let stored = finished.record.messages[1].content.as_str().to_owned();
        assert_eq!(stored.replace("[Person_1]", "[PERSON_1]"), answer.replace("[Person_1]", "[PERSON_1]"));
        conversation.turn("And?").unwrap();
        let prompt = conversation.last_prompt();
        assert!(prompt.contains(&stored), "the history goes on with it: {prompt:?}");
    }
}

#[test]
fn endings_stay_wherever_the_stream_is_cut() {
    for [message, _, answer, shown] in ANSWERS {
        let conversation = TestConversation::default();
        let pieces = answer.chars().map(|c| Step::Bytes(200, chunk(&c.to_string())));
        conversation.model_says(Ok(pieces.chain([Step::Bytes(10, end())]).collect()));
        assert_eq!(conversation.turn(message).unwrap().0.text, shown);
    }
}
