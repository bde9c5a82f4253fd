//! Colours for code: comments, strings, numbers and the words of a language, told apart by their look.
//!
//! One pass over the characters with a table of languages, no grammar and no regular expression: what a
//! model writes may be anything, and its length is all that it can cost. Marks are classes, never styles.
//! A language that is not in the table is shown plain.

use super::render::escaped;
use std::collections::HashMap;
use std::fmt::{self, Write};

/// What the cleaner lets through on a `span`.
pub const CLASSES: [&str; 4] = ["c", "s", "n", "k"];

/// Longer code is shown plain: nobody reads colours there.
const LONGEST: usize = 64 * 1024;

struct Language {
    names: &'static [&'static str],
    line_comments: &'static [&'static str],
    block_comment: Option<(&'static str, &'static str)>,
    quotes: &'static str,
    keywords: &'static str,
}

const C_LIKE: Option<(&str, &str)> = Some(("/*", "*/"));

const LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        line_comments: &["//"],
        block_comment: C_LIKE,
        quotes: "\"",
        keywords: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match \
            mod move mut pub ref return self Self static struct super trait true type unsafe use where while",
    },
    Language {
        names: &["javascript", "js", "jsx", "typescript", "ts", "tsx", "mjs"],
        line_comments: &["//"],
        block_comment: C_LIKE,
        quotes: "\"'`",
        keywords: "abstract as async await break case catch class const continue default delete do else enum export \
            extends false finally for from function if implements import in instanceof interface let new null of \
            private protected public readonly return static super switch this throw true try type typeof undefined \
            var void while yield",
    },
    Language {
        names: &["python", "py"],
        line_comments: &["#"],
        block_comment: None,
        quotes: "\"'",
        keywords: "and as assert async await break class continue def del elif else except False finally for from \
            global if import in is lambda match None nonlocal not or pass raise return self True try while with yield",
    },
    Language {
        names: &["go", "golang"],
        line_comments: &["//"],
        block_comment: C_LIKE,
        quotes: "\"'`",
        keywords: "break case chan const continue default defer else fallthrough false for func go goto if import \
            interface map nil package range return select struct switch true type var",
    },
    Language {
        names: &[
            "c", "h", "cpp", "c++", "cc", "hpp", "csharp", "cs", "java", "kotlin", "kt", "swift", "scala",
            "dart", "php",
        ],
        line_comments: &["//"],
        block_comment: C_LIKE,
        quotes: "\"'",
        keywords: "abstract auto bool boolean break byte case catch char class const continue default defer delete do \
            double else enum extends extern false final finally float for fun func function guard if implements import \
            in inline int interface internal is let long namespace new nil null nullptr object override package private \
            protected public return short signed sizeof static string struct super switch template this throw throws \
            true try typedef typename union unsigned using val var virtual void volatile when where while",
    },
    Language {
        names: &["bash", "sh", "shell", "zsh", "fish", "dockerfile", "makefile", "make"],
        line_comments: &["#"],
        block_comment: None,
        quotes: "\"'",
        keywords: "case do done elif else esac export fi for function if in local read return set then trap unset until \
            while FROM RUN COPY ADD CMD ENTRYPOINT ENV EXPOSE WORKDIR",
    },
    Language {
        names: &["ruby", "rb", "elixir", "ex", "perl", "pl", "r"],
        line_comments: &["#"],
        block_comment: None,
        quotes: "\"'",
        keywords: "alias and begin break case class def defmodule do else elsif end ensure false fn for foreach function if \
            in module my next nil not or our redo require rescue return self sub super then true undef unless until use \
            when while yield TRUE FALSE NULL",
    },
    Language {
        names: &["sql", "postgres", "postgresql", "sqlite", "mysql"],
        line_comments: &["--"],
        block_comment: C_LIKE,
        quotes: "'\"",
        keywords: "add alter and as asc begin between by case check column commit constraint create default delete desc \
            distinct drop else end exists false from full group having if in index inner insert into is join key left \
            like limit not null on or order outer primary references returning right rollback select set table then \
            true union unique update using values view when where with",
    },
    Language {
        names: &["json", "jsonc", "yaml", "yml", "toml", "ini", "conf", "properties"],
        line_comments: &["#"],
        block_comment: None,
        quotes: "\"'",
        keywords: "true false null yes no on off",
    },
    Language {
        names: &["css", "scss", "less"],
        line_comments: &[],
        block_comment: C_LIKE,
        quotes: "\"'",
        keywords: "auto block flex grid important inherit initial none unset var calc media supports import",
    },
    Language {
        names: &["html", "xml", "svg", "vue", "svelte"],
        line_comments: &[],
        block_comment: Some(("<!--", "-->")),
        quotes: "\"",
        keywords: "",
    },
    Language {
        names: &["lua", "haskell", "hs", "elm", "ada"],
        line_comments: &["--"],
        block_comment: None,
        quotes: "\"'",
        keywords: "and break case class data deriving do else elseif end false for function goto if import in instance \
            let local module newtype nil not of or repeat return then true type until where while",
    },
];

/// The languages by every name they go by.
pub struct Highlighter {
    languages: HashMap<&'static str, (&'static Language, Vec<&'static str>)>,
}

impl Default for Highlighter {
    fn default() -> Self {
        let languages = LANGUAGES.iter().flat_map(|language| {
            let keywords: Vec<_> = language.keywords.split_whitespace().collect();
            language.names.iter().map(move |&name| (name, (language, keywords.clone())))
        });
        Self { languages: languages.collect() }
    }
}

impl Highlighter {
    /// The code as HTML: escaped, and marked where its language is known.
    pub fn write(&self, output: &mut dyn Write, language: Option<&str>, code: &str) -> fmt::Result {
        let name = language.unwrap_or_default().to_ascii_lowercase();
        let known = self.languages.get(name.as_str()).filter(|_| code.len() <= LONGEST);
        let Some((language, keywords)) = known else { return output.write_str(&escaped(code)) };
        let mut rest = code;
        let mut before = None;
        while let Some(first) = rest.chars().next() {
            let (length, class) = piece(language, keywords, rest, first, before);
            let (text, after) = rest.split_at(length);
            match class {
                Some(class) => write!(output, "<span class=\"{class}\">{}</span>", escaped(text))?,
                None => output.write_str(&escaped(text))?,
            }
            before = text.chars().next_back();
            rest = after;
        }
        Ok(())
    }
}

/// How long the next piece is, and what it is.
fn piece(
    language: &Language,
    keywords: &[&str],
    rest: &str,
    first: char,
    before: Option<char>,
) -> (usize, Option<&'static str>) {
    if let Some((open, close)) = language.block_comment
        && let Some(inside) = rest.strip_prefix(open)
    {
        let length = inside.find(close).map_or(rest.len(), |at| open.len() + at + close.len());
        return (length, Some("c"));
    }
    // A mark in the middle of a word begins no comment: `$#`, `a#b`, and addresses with `//`.
    let starts = before.is_none_or(|c| c.is_whitespace() || ";{}()".contains(c));
    if starts && language.line_comments.iter().any(|mark| rest.starts_with(mark)) {
        return (rest.find('\n').unwrap_or(rest.len()), Some("c"));
    }
    if language.quotes.contains(first) {
        return (quoted(rest, first), Some("s"));
    }
    if first.is_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..length];
        let any_case = language.names[0] == "sql";
        let whole = |keyword: &&str| *keyword == word || any_case && keyword.eq_ignore_ascii_case(word);
        return (length, keywords.iter().any(whole).then_some("k"));
    }
    if first.is_ascii_digit() {
        let number = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        return (rest.find(|c| !number(c)).unwrap_or(rest.len()), Some("n"));
    }
    (first.len_utf8(), None)
}

/// Up to the same quote again. An open one ends with its line, except where such strings may be long.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escape = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escape => escape = false,
            '\\' => escape = true,
            '\n' if quote != '`' => return at,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(language: &str, code: &str) -> String {
        let mut html = String::new();
        Highlighter::default().write(&mut html, Some(language), code).expect("a string takes it");
        html
    }

    #[test]
    fn comments_strings_numbers_and_keywords_are_told_apart() {
        assert_eq!(
            marked("rust", "let a = \"b\\\"//\"; // 1 < 2"),
            "<span class=\"k\">let</span> a = <span class=\"s\">&quot;b\\&quot;//&quot;</span>; \
             <span class=\"c\">// 1 &lt; 2</span>"
        );
        assert_eq!(marked("Python", "x = 0x1f"), "x = <span class=\"n\">0x1f</span>");
        assert_eq!(marked("sql", "a SELECT"), "a <span class=\"k\">SELECT</span>");
        assert_eq!(marked("c", "a /* b\nc */ d"), "a <span class=\"c\">/* b\nc */</span> d");
        assert_eq!(marked("sh", "echo $# a#b"), "echo $# a#b");
        assert_eq!(marked("js", "`a\nb`"), "<span class=\"s\">`a\nb`</span>");
        assert_eq!(marked("js", "'a\nb"), "<span class=\"s\">'a</span>\nb");
    }

    #[test]
    fn nothing_is_lost_or_let_through_whatever_it_is() {
        for code in ["<b>\"", "é'ü\\", "/*", "\\", "1.2.3é", "'\\\n'", ""] {
            for language in ["rust", "html", "unknown", "python", ""] {
                let html = marked(language, code);
                let plain = CLASSES.iter().fold(html.replace("</span>", ""), |text, class| {
                    text.replace(&format!("<span class=\"{class}\">"), "")
                });
                assert_eq!(plain, escaped(code), "{language}: {code}");
            }
        }
        assert!(!marked("rust", &"let ".repeat(LONGEST)).contains("span"));
    }
}
