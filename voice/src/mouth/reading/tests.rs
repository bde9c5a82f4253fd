//! From what was written to what is read.

use super::clause::{Clause, Pause};
use super::reader::Reader;

fn clauses(language: &str, text: &str) -> Vec<Clause> {
    let mut reader = Reader::new(language);
    let mut all = reader.take(text);
    all.extend(reader.end());
    all
}

fn texts(language: &str, text: &str) -> Vec<String> {
    clauses(language, text).into_iter().map(|clause| clause.text).collect()
}

fn read(language: &str, text: &str) -> String {
    texts(language, text).join(" ")
}

fn is_read_as(pairs: &[(&str, &str)]) {
    for (written, wanted) in pairs {
        assert_eq!(read("en-us", written), *wanted, "{written}");
    }
}

#[test]
fn marks_are_not_read_and_their_words_are() {
    is_read_as(&[
        ("I **really** like _this_, and ~~that~~ too.", "I really like this, and that too."),
        ("# A title\nAnd text.", "A title And text."),
        ("Title\n=====\nText\n\n---\n\nMore", "Title Text More"),
        ("- one\n- **two**\n  - [ ] three\n  - [x] four", "one two three four"),
        ("1. first\n2) second", "1: first 2: second"),
        ("> quoted\n>> deeper\n> ## and a title", "quoted deeper and a title"),
        ("| Name | Age |\n|:-----|----:|\n| Ada | 36 |", "Name, Age, Ada, 36,"),
        ("Name | Age\n--- | ---\nAda | 36", "Name, Age Ada, 36"),
        ("Take `snake_case` and ``a ` b``.", "Take snake case and a b."),
        ("2 * 3, 2*3 and *this*", "2 × 3, 2×3 and this"),
        ("An \\*escaped\\* star and a\\_b", "An escaped star and a b"),
        ("AT&amp;T, &lt;3 &#233;t&#xe9;&nbsp;x", "AT&T, is less than 3 été x"),
        (
            "<p>Hello <b class=\"x y\">you</b>,<br/>dear</p> <!-- not this --> friend",
            "Hello you, dear friend",
        ),
        ("if a <b and c> d", "if a is less than b and c d"),
        ("A note[^1] and another[2].\n\n[^1]: The note.", "A note and another. The note."),
    ]);
}

#[test]
fn links_are_their_text_and_addresses_their_host() {
    is_read_as(&[
        ("See [the docs](https://docs.rs/x_y_z \"A title\").", "See the docs."),
        ("See [the **big** docs](<https://docs.rs>) or [those][1].", "See the big docs or those."),
        ("![a cat](cat.png) is here", "a cat is here"),
        ("Go to https://www.example.com/a_b/c?d=e#f.", "Go to example.com."),
        ("(see <https://docs.rs/x>, or www.rust-lang.org)", "(see docs.rs, or rust-lang.org)"),
        (
            "[https://a.org/x](https://a.org/x) and [Foo](https://en.wikipedia.org/wiki/Foo_(bar))!",
            "a.org and Foo!",
        ),
        ("an [unclosed bracket (here", "an unclosed bracket (here"),
        ("call f[0](a b c) or [that](x y z)", "call f0(a b c) or that(x y z)"),
    ]);
}

#[test]
fn code_is_said_to_be_there_and_not_spelt() {
    let text = "Look at this:\n\n```rust\nfn main() {}\n\n# not a title\n```\n\nThen go on.";
    assert_eq!(texts("en-us", text), ["Look at this:", "code", "Then go on."]);
    assert_eq!(texts("es", text), ["Look at this:", "código", "Then go on."]);
    assert_eq!(texts("eo", text), ["Look at this:", "Then go on."]);
    assert_eq!(read("en", "~~~\n```\nx\n~~~\nafter"), "code after");
    assert_eq!(read("en", "> ```\n> x y\n> ```\n> after"), "code after");
    assert_eq!(read("en", "before\n```\nit never ends"), "before code");
    assert_eq!(read("en", "```let x = 1;``` on one line\nafter"), "code after");
}

#[test]
fn pictures_and_faces_are_left_out() {
    is_read_as(&[
        ("Hi there 😀! 👨‍👩‍👧‍👦 Nice ❤️ :) to 🇩🇪 see you ;-) 1️⃣ <3", "Hi there! Nice to see you 1"),
        ("😀", ""),
        ("می‌خواهم", "می\u{200c}خواهم"),
        ("soft\u{ad}ly \u{200b}now\u{1}", "softly now"),
    ]);
}

#[test]
fn numbers_and_signs_become_words_in_english() {
    is_read_as(&[
        (
            "$5.99, $1, $0.05, €20 and 100€",
            "5 dollars and 99 cents, 1 dollar, 5 cents, 20 euros and 100 euros",
        ),
        ("$1,234.50, £3m, $5 million.", "1,234 dollars and 50 cents, 3 million pounds, 5 million dollars."),
        ("at 10:05, 14:00, 9:30pm or 9:00 p.m. today", "at 10 oh 5, 14 o'clock, 9 30 pm or 9 p m today"),
        ("on 2026-11-22 or 22/11/2026", "on November 22, 20 26 or November 22, 20 26"),
        (
            "In 1984, the 1990s and the '80s, 2000 people",
            "In 19 84, the 19 nineties and the eighties, 2000 people",
        ),
        (
            "10 km, 1 km, 5kg, 100 km/h, 25 °C, 16GB",
            "10 kilometers, 1 kilometer, 5 kilograms, 100 kilometers per hour, 25 degrees Celsius, 16 gigabytes",
        ),
        ("3-5 eggs, 10–12%, 555-1234", "3 to 5 eggs, 10 to 12%, 5 5 5 1 2 3 4"),
        ("½ or 1/2 of 3/8, 24/7", "½ or one half of 3 over 8, 24 7"),
        ("i.e. e.g. Dr. Smith vs. No. 5", "that is for example Dr Smith versus number 5"),
        ("~5 of #1 is 10k, x^2 and y²", "about 5 of number 1 is 10 thousand, x squared and y squared"),
        ("a -> b, a < b, 5>3 and/or C++ C#", "a to b, a is less than b, 5 is greater than 3 and or C++ C#"),
        ("CO₂ is 3.14 and -5 at v1.2.3", "CO2 is 3.14 and -5 at v1.2.3"),
        ("Wait...... what?!?! No!!!", "Wait… what? No!"),
        ("yes -- or wait—what", "yes — or wait — what"),
        ("[[h@l'oU]]", "h@l'oU"),
        (
            "$5–10, $10-$20 or $3.50/month (2024), 9am–5pm",
            "5 to 10 dollars, 10 to 20 dollars or 3 dollars and 50 cents per month (2024), 9 am to 5 pm",
        ),
        (
            "the U.S. army, Ph.D., said \"No.\" in the 1900s",
            "the U S army, PhD, said \"No.\" in the 19 hundreds",
        ),
        (
            "Ch. 4, pp. 60-80: $x$ is 5'10\" at N/A / 10^-3",
            "chapter 4, pages 60 to 80: x is 5 foot 10\" at N A, 10 to the minus 3",
        ),
        ("`curl https://docs.rs/a_b` and E = mc².", "curl docs.rs and E = mc squared."),
    ]);
    assert_eq!(
        read(
            "de",
            "3,14 und 1.234,50 € um 10:30 und/oder z. B. ca. 5 km/h am 3. Mai, d.h. bald. „Ja.“ »So!« usw."
        ),
        "3,14 und 1.234,50 € um 10:30 und oder zum Beispiel circa 5 km/h am 3. Mai, das heißt bald. „Ja.“ »So!« \
         und so weiter."
    );
}

#[test]
fn the_first_clause_comes_early_and_later_ones_are_sentences() {
    let text = "Well, that is a good question, and I have thought about it, for a while. Dr. Smith says 3.14 is enough. Is it? \
                I think so.\n\nAnd now, e.g. this.";
    let wanted = [
        ("Well, that is a good question,", Pause::None),
        ("and I have thought about it, for a while.", Pause::Comma),
        ("Dr Smith says 3.14 is enough.", Pause::Sentence),
        ("Is it?", Pause::Sentence),
        ("I think so.", Pause::Sentence),
        ("And now, for example this.", Pause::Paragraph),
    ];
    let found = clauses("en", text);
    let found: Vec<_> = found.iter().map(|clause| (clause.text.as_str(), clause.after)).collect();
    assert_eq!(found, wanted);

    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    assert_eq!(texts("en", long)[0], "one two three four five six seven eight nine ten eleven twelve");
    let number = "one two three four five six seven eight nine ten eleven 12 000 km away and more";
    assert_eq!(
        texts("en", number)[0],
        "one two three four five six seven eight nine ten eleven 12 000 kilometers"
    );
    let code = "one two three four five six seven eight nine `a b c. D e f` and more";
    assert_eq!(texts("en", code)[0], "one two three four five six seven eight nine a b c. D e f");
    let poem = "Roses are red\nViolets are blue\nand so on";
    assert_eq!(texts("en", poem), ["Roses are red", "Violets are blue and so on"]);
    assert_eq!(texts("en", "Hi! I am glad. You came."), ["Hi! I am glad.", "You came."]);
}

#[test]
fn the_first_clause_is_there_as_soon_as_the_word_behind_it_is_known() {
    let mut reader = Reader::new("en");
    assert_eq!(reader.take("Yes, I do remember,"), []);
    assert_eq!(reader.take(" of"), []);
    let [clause] = &reader.take(" course")[..] else { panic!("one clause") };
    assert_eq!(clause.text, "Yes, I do remember,");
}

#[test]
fn scripts_without_spaces_are_cut_at_their_own_stops() {
    let chinese = "你好，很高兴见到你。今天天气很好，我们去“公园”吧！好吗？";
    assert_eq!(texts("cmn", chinese), ["你好，很高兴见到你。", "今天天气很好，我们去“公园”吧！", "好吗？"]);
    let japanese = "「行こう。」と言った。それから帰った。";
    assert_eq!(texts("ja", japanese).concat(), japanese);
    assert!(texts("cmn", &"字".repeat(5000)).iter().all(|text| text.chars().count() <= 300));
}

#[test]
fn pieces_make_no_difference() {
    let texts = [
        "Well, **that is** a good [question](https://example.com/a \"b c\"), and `I have` thought.\n\n- one\n- two\n\n```\nx\n```\nEnd 👨‍👩‍👧.",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n# T\n<b class=\"x\">y</b> Dr. No. 5 costs $5.\n你好，很高兴见到你。",
    ];
    for text in texts {
        let whole = clauses("en", text);
        assert!(whole.len() > 4);
        for size in [1, 2, 3, 7] {
            let mut reader = Reader::new("en");
            let characters: Vec<char> = text.chars().collect();
            let mut found = Vec::new();
            for piece in characters.chunks(size) {
                found.extend(reader.take(&piece.iter().collect::<String>()));
            }
            found.extend(reader.end());
            assert_eq!(found, whole, "in pieces of {size}");
        }
    }
}
