//! Where on a page something is, said as a person would: by the words on it.

/// One kind of thing with these words, as an `XPath`.
#[derive(Clone, Debug)]
pub struct Place {
    pub what: String,
    pub path: String,
}

/// Something to press.
pub fn button(words: &str) -> Place {
    let named = named(words);
    let path = format!("//button[{named}] | //*[@role='button'][{named}] | //summary[{named}]");
    Place { what: format!("the button {words:?}"), path }
}

/// Something that leads elsewhere.
pub fn link(words: &str) -> Place {
    Place { what: format!("the link {words:?}"), path: format!("//a[@href][{}]", named(words)) }
}

/// Something to write in, by its label.
pub fn field(label: &str) -> Place {
    let words = quoted(label);
    let path = format!(
        "//*[self::input or self::textarea or self::select]\
         [@id=//label[normalize-space()={words}]/@for or @aria-label={words} or @title={words} \
         or ancestor::label[normalize-space(text()[1])={words}]]"
    );
    Place { what: format!("the field {label:?}"), path }
}

/// Anything, for what has no words of its own.
pub fn at(path: &str) -> Place {
    Place { what: path.to_owned(), path: path.to_owned() }
}

fn named(words: &str) -> String {
    let words = quoted(words);
    format!("normalize-space()={words} or @aria-label={words} or @title={words}")
}

fn quoted(words: &str) -> String {
    assert!(!words.contains('"'), "words on a page are looked for without quotes: {words}");
    format!("\"{words}\"")
}
