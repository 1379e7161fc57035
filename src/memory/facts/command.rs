//! Words by which a user asks to remember or to forget, and those that tell an assistant how to behave.
//!
//! The lists have a few words of widely spoken languages. They decide when messages are read, and keep instructions out that a
//! model took for facts; what a fact is, the quote decides.

/// Requests to remember, parted by `|`. Some deny forgetting, so they are looked for first.
const REMEMBER: &str = "remember|keep in mind|note that|make a note|store that|don't forget|do not forget|never forget\
    |merk dir|merke dir|merken sie sich|denk daran|vergiss nicht|vergiss bitte nicht|souviens|souvenez\
    |retiens|retenez|rappelle-toi|n'oublie pas|n'oubliez pas|recuerda|recuerde|acuérdate|ten en cuenta\
    |no olvides|no te olvides|lembre|lembra-te|não esqueça|não te esqueças|ricorda|ricòrdati\
    |tieni a mente|non dimenticare|zapamiętaj|pamiętaj|nie zapomnij|hatırla|aklında tut|unutma|onthoud\
    |vergeet niet|запомни|не забудь|记住|记得|別忘|别忘|不要忘|記住|記得|覚えて|覚えといて|忘れないで|تذكر|احفظ|لا تنس|لا تنسي";

/// Requests to forget, parted by `|`.
const FORGET: &str = "forget|delete what you know|delete everything you know|erase|vergiss|vergessen sie|lösch|oublie\
    |efface|olvida|olvide|borra|esquece|esqueça|apaga|apague|dimentica|cancella|zapomnij|usuń|unut\
    |vergeet|забудь|忘记|忘掉|忘記|删除|忘れて|消して|انسَ|امسح";

/// Orders to an assistant, parted by `|`, as injected instructions and rules for answers have them.
const ORDERS: &str = "ignore all|ignore any|ignore previous|ignore the above|ignore the previous|ignore your\
    |disregard all|disregard previous|disregard the|system prompt|always answer|always reply\
    |always respond|answer only|reply only|ignoriere alle|ignoriere deine|antworte immer|antworte nur\
    |antworte stets|ignore toutes|ignorez toutes|réponds toujours|réponds uniquement|répondez toujours\
    |ignora todas|ignore todas|responde siempre|responda siempre|responda sempre|responde sempre\
    |ignora tutte|rispondi sempre|rispondi solo|zignoruj|ignoruj|odpowiadaj zawsze|zawsze odpowiadaj\
    |tüm talimatları|önceki talimatları|her zaman cevap|指示を無視|必ず答え|忽略之前|忽略以上|忽略所有|请始终|تجاهل كل\
    |تجاهل جميع|أجب دائم";

/// Words with which an answer confirms what it was asked, parted by `|`.
const CONFIRMATIONS: &str = "yes|yeah|yep|right|correct|exactly|ja|genau|stimmt|richtig|oui|exact|si|sí|correcto|exacto|sim|isso|exato\
    |certo|esatto|tak|dokładnie|zgadza się|evet|doğru|aynen|klopt|да|верно|так|はい|ええ|うん|そう|是|对|對|没错|沒錯|嗯|نعم|أجل|صحيح";

/// Characters of a message that are searched.
const SEARCHED: usize = 500;

/// True if a message asks to remember something.
pub(super) fn asks_to_remember(message: &str) -> bool {
    contains_any(&beginning(message), REMEMBER)
}

/// True if a message asks to forget something.
pub(super) fn asks_to_forget(message: &str) -> bool {
    let text = REMEMBER.split('|').fold(beginning(message), |text, words| text.replace(words, " "));
    contains_any(&text, FORGET)
}

/// True if a message begins by confirming what it was asked.
pub(super) fn confirms(message: &str) -> bool {
    let text = beginning(message);
    let is_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() && c < '\u{3000}');
    CONFIRMATIONS.split('|').any(|word| text.trim_start().strip_prefix(word).is_some_and(is_word))
}

/// True if a text tells an assistant how to behave.
pub(super) fn is_order(text: &str) -> bool {
    contains_any(&beginning(text), ORDERS)
}

/// True if a message may ask to remember or to forget. It is then read at once instead of when the conversation is idle.
#[must_use]
pub fn may_be_command(message: &str) -> bool {
    asks_to_remember(message) || asks_to_forget(message)
}

fn contains_any(text: &str, list: &str) -> bool {
    list.split('|').any(|words| text.contains(words))
}

fn beginning(message: &str) -> String {
    message.chars().take(SEARCHED).collect::<String>().to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_remember_is_none_to_forget() {
        for message in
            ["Don’t forget that I am vegan", "Vergiss nicht: ich bin Ärztin", "Bunu unutma", "不要忘记，记住"]
        {
            assert!(asks_to_remember(message) && may_be_command(message), "{message}");
        }
        for message in ["Forget my address", "Bitte vergiss meine Adresse", "Adresimi unut", "忘记我的地址"]
        {
            assert!(asks_to_forget(message) && !asks_to_remember(message), "{message}");
        }
        assert!(!asks_to_forget("Don't forget that I am vegan"));
        assert!(!may_be_command("What a day"));
    }

    #[test]
    fn an_answer_that_confirms_is_known() {
        for message in ["Yes, since May", "Oui, c'est ça.", "はい、そうです", "نعم، هذا هو", "是的"]
        {
            assert!(confirms(message), "{message}");
        }
        for message in ["Thanks", "Single", "Jakob lives there", "ok"] {
            assert!(!confirms(message), "{message}");
        }
    }
}
