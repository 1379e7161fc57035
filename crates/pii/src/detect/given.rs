//! Given names that are frequent and are no words of their own, and words that are no names. They were written down for these
//! lists; none comes from a data set.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Given names in small letters without accents.
pub(super) const GIVEN: &str = "kwame, beatrice, oluwaseun, chidi, amara, ngozi, kofi, akua, tunde, femi, zainab, amina, aminata, mamadou, fatou, moussa, ousmane, \
     layla, noor, nour, rania, salma, yara, tariq, bilal, imran, ayesha, deepak, anil, sunil, vijay, ravi, suresh, ramesh, anjali, neha, pooja, kavita, lakshmi, \
     arjun, rohan, vikram, aditya, ananya, divya, haruto, hiroshi, kenji, takashi, yuko, akiko, naoki, thanh, huong, linh, tuan, siti, budi, dewi, agus, putri, \
     ayse, emre, elif, fatma, hatice, zeynep, ozge, murat, kemal, oleksandr, olena, bohdan, dmytro, yulia, kateryna, vasyl, jiri, vaclav, marketa, lenka, istvan, \
     laszlo, zoltan, katalin, ildiko, ferenc, gabor, attila, mihai, ioana, bogdan, radu, stoyan, dragan, milos, jelena, snezana, goran, branko, mirjana, aino, \
     eero, pekka, liisa, sanna, sigrun, leif, knut, ragnhild, solveig, signe, freja, jesper, rasmus, mette, lotte, joost, femke, sanne, maarten, jeroen, wouter, \
     anouk, thijs, thiago, joana, tiago, goncalo, nuno, ximena, guadalupe, mateo, lautaro, camila, valeria, brittany, tyler, trevor, connor, cody, kayla, haley, \
     brianna, latoya, tyrone, jamal, darnell, keisha, zinedine, gertrud, jurgen, holger, detlef, jutta, anke, antje, ute, gudrun, aaron, abigail, adam, adrian, agnieszka, ahmed, ahmad, aisha, alan, albert, alberto, alejandro, aleksandra, alessandro, \
     alessandra, alex, alexander, alexandra, alfred, alice, alicia, alina, alison, amanda, amelia, amit, amy, ana, anastasia, anders, andre, andrea, andreas, andreea, \
     andrew, andrzej, anders, angela, anita, anja, anna, anne, annika, ann, anthony, antoine, anton, antonio, antonia, anya, arthur, arturo, ashley, astrid, aurelie, \
     barbara, beatriz, ben, benjamin, bernard, bernd, bianca, bjorn, bob, brandon, brenda, brian, bridget, bruno, camille, carla, carlos, carmen, carol, caroline, \
     catherine, cecilia, celine, charles, charlotte, chiara, chloe, christian, christina, christine, christopher, chris, claire, clara, claudia, claudio, clement, \
     cristina, daniel, daniela, daniele, danielle, darren, dave, david, deborah, debra, dennis, derek, diana, diego, dieter, dimitri, dmitri, dominik, dominique, donald, \
     donna, dorothy, douglas, duncan, dylan, eduardo, edward, eileen, elena, eleanor, elias, elizabeth, elisabeth, ella, ellen, emily, emma, enrique, eric, erik, erika, \
     ernesto, esther, ethan, eugene, eva, evelyn, fabian, fabio, farah, fatima, federico, felipe, felix, fernando, fernanda, filip, fiona, francesca, francesco, \
     francisco, franz, francois, franziska, frederic, frederik, gabriel, gabriela, gareth, gary, genevieve, george, gerald, gerhard, giovanni, giulia, giuseppe, gloria, \
     gordon, grzegorz, greg, gregory, guido, guillaume, gunther, gustavo, hannah, hanna, hans, harald, harold, harry, hassan, heather, heidi, heike, helen, helena, helene, \
     henrik, henry, hector, hugo, hussein, ian, ibrahim, ignacio, igor, ines, ingrid, irene, irina, isaac, isabel, isabella, isabelle, ivan, ivana, jacek, jacob, jakob, \
     jacqueline, jaime, james, jamie, jan, jana, jane, janet, janice, jason, javier, jean, jeff, jeffrey, jennifer, jenny, jens, jeremy, jerome, jessica, jesse, jill, jim, jimmy, \
     joan, joanna, joao, joe, joel, johan, johanna, johannes, john, johnny, jonas, jonathan, jorge, jose, josef, joseph, joshua, juan, juana, judith, judy, juha, julia, julian, \
     julie, julien, juliette, jurgen, justin, kai, karen, karim, karin, karl, karolina, kate, katarina, katarzyna, katherine, kathleen, kathryn, katja, katrin, keith, kelly, kenneth, \
     kerstin, kevin, khalid, kim, kimberly, klaus, krzysztof, kristina, kristin, kyle, lars, larry, laura, lauren, laurent, lea, leah, lena, leon, leonardo, leonie, leila, liam, linda, \
     lisa, lorenzo, louis, louise, luca, lucas, lucia, lucy, luigi, luis, luisa, lukas, maciej, magdalena, magnus, malgorzata, manfred, manuel, marc, marcel, marco, marcos, marek, margaret, \
     maria, mariam, mariana, marie, marina, mario, marion, marta, martha, martin, martina, mary, mateusz, mathias, mathieu, matteo, matthew, matthias, maurice, max, maximilian, megan, \
     mehmet, melanie, melissa, mia, michael, michal, michele, michelle, miguel, mika, mikael, mike, mikhail, milan, mohamed, mohammed, muhammad, mohammad, monica, monika, monique, moritz, mustafa, nadia, \
     nadine, nancy, natalia, natalie, natasha, nathan, nathalie, neil, nicholas, nicola, nicolas, nicole, nikita, niklas, nikolai, nina, noah, nora, norbert, olga, oliver, olivia, olivier, \
     omar, oscar, oskar, otto, pablo, pamela, paola, paolo, patricia, patrick, patrik, paul, paula, paulo, pavel, pawel, pedro, peter, petra, philip, philipp, philippe, pierre, pieter, \
     piotr, priya, rachel, rafael, rahul, raj, rajesh, ralf, ralph, ramon, raul, raymond, rebecca, regina, renate, ricardo, richard, rita, robert, roberta, roberto, robin, rodrigo, roger, \
     roland, ronald, rosa, roxana, ruben, rudolf, ryan, sabine, sally, salvatore, sam, samantha, samir, samuel, sandra, sanjay, santiago, sara, sarah, scott, sean, sebastian, sergei, sergey, sergio, sharon, \
     shirley, silvia, simon, simona, simone, sofia, sofie, sonia, sophia, sophie, stefan, stefanie, stefano, stella, stephan, stephanie, stephen, steve, steven, stuart, susan, susana, susanne, svetlana, \
     sven, sylvia, sylvie, tamara, tanja, tania, tatiana, teresa, theodore, theresa, thierry, thomas, thorsten, tim, timothy, tina, tobias, todd, tom, tomas, tomasz, tony, torsten, tracy, ulrich, ulrike, \
     umberto, ursula, uwe, valentina, valerie, vanessa, vera, veronica, veronika, victor, viktor, vincent, vincenzo, vladimir, walter, wanda, wei, wendy, werner, wilhelm, william, wolfgang, xavier, yasmin, yusuf, \
     youssef, yuki, yvonne, zoe, zofia, zuzana, иван, анна, мария, елена, ольга, наталья, сергей, алексей, андрей, дмитрий, александр, екатерина, татьяна, михаил, николай, владимир, павел, петр, юлия, ирина, светлана, \
     максим, артем, оксана, тарас, ніна, олександр, наталія, γιωργος, μαρια, ελενη, νικος, κωστας, δημητρης";

/// Given names that alone mean something else as well: places, languages, people of examples.
const SHARED: &str = "alice bob carol dave max sam kim ben jan jean julia milan santiago diego robin leon mia rosa will otto jordan scott kelly ashley \
     jamie alex jesse roland regina raj wei gloria vera nikita andrea florence eve mary martin john victor clement magnus kai omar";

static SHARED_NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| SHARED.split(' ').collect());

/// Given names that written in small letters are words of some language.
const SMALL_WORDS: &str = "anders chiara sara siti mette bianca otto donna gloria serena rosa stella linda clara blanca felix marina pilar \
     angela helena ursula barbara beata petra justin lars sven klara elena nora lena luna alma vida mina mira dora pia bea gala dina \
     amina noor nour tuan linh budi dewi putri agus signe leif goran emre murat elif basil forest frank grant dean dale gene glen grace \
     andre hans ella pierre marco lotte jan mark max tim ben kim ana eva tina jean rob bill art sue carol frank gene ray christian \
     dolores mercedes consuelo rita faith hope joy june april summer iris ivy lily jade pearl ruby sandy terry penny rich miles mason hunter chase drew skip stone wade";

static SMALL_WORD_NAMES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| SMALL_WORDS.split_whitespace().collect());

/// Tells if a given name is a word when it is written in small letters.
pub(super) fn is_word(name: &str) -> bool {
    SMALL_WORD_NAMES.contains(name)
}

/// Tells if a given name of small letters needs more than itself to be one.
pub(super) fn is_shared(word: &str) -> bool {
    SHARED_NAMES.contains(word)
}

/// Things that are named after people, whose names before these words tell of nobody.
const EPONYMS: &str = "algorithm theorem disease syndrome law effect equation method model transform distribution inequality conjecture \
     constant number numbers sequence scale principle paradox test prize award medal theory function series street st avenue road \
     university college school hospital airport foundation institute museum bridge stadium station county hotel algorithmus satz";

static EPONYM_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| EPONYMS.split_whitespace().collect());

/// Tells if a word of small letters is a thing that people give their names to.
pub(super) fn is_eponym(word: &str) -> bool {
    EPONYM_WORDS.contains(word)
}

/// Words with a capital that are no part of a name.
static OTHERS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| OTHER_WORDS.split(' ').collect());

/// Tells if a word of small letters is no part of a name.
pub(super) fn is_other(word: &str) -> bool {
    OTHERS.contains(word)
}

const OTHER_WORDS: &str = "president universe chairman speaker minister dr prof mr mrs ms herr frau mme monsieur madame all team everyone everybody world there sir madam support customer hiring guys folks assistant claude gpt \
     chatgpt siri alexa bot the this that and but not from with for monday tuesday wednesday thursday friday \
     saturday sunday january february march april june july august september october november december street road \
     avenue drive lane square university college school hospital airport park inc llc ltd gmbh corp company group \
     foundation institute museum bridge lake river island county city beach award prize cup day station church \
     library center centre software engineer developer manager director java script windows linux google amazon \
     microsoft apple please thanks thank hello dear regards best kind ich wir sie er es und der die das ein eine \
     bitte danke damen herren alle zusammen je vous merci gracias your you we our my it is are was will can could \
     would should what who when where why how if in on at as to no yes so null none true false undefined string \
     kunde nutzer user admin here her his he she they also apt suite club country box office since after before \
     while because although let see note error test sample example i'm i've i'll i'd union nations states kingdom \
     republic bank hotel theorem disease syndrome law act effect equation method model algorithm license public \
     general foundation's";
