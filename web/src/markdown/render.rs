//! What comes in was written by a model or a stranger. It is rendered first and cleaned after, so that
//! nothing the renderer makes of it escapes the cleaning. Blocks are apart, so that a growing text needs
//! only its last one sent again.

use super::highlight::{CLASSES, Highlighter};
use ammonia::Builder;
use comrak::adapters::SyntaxHighlighterAdapter;
use comrak::arena_tree::Node;
use comrak::nodes::NodeValue;
use comrak::options::Plugins;
use comrak::{Arena, Options, format_html_with_plugins, parse_document};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// HTML that was cleaned: it may stand in a page as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanHtml(String);

impl CleanHtml {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn joined(blocks: Vec<Self>) -> Self {
        Self(blocks.into_iter().map(|block| block.0).collect())
    }
}

impl fmt::Display for CleanHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The only type that templates do not escape: nothing but the cleaner makes one.
impl askama::filters::HtmlSafe for CleanHtml {}

/// Made once; cleaning is the same for every text.
pub struct Markdown {
    cleaner: Builder<'static>,
    options: Options<'static>,
    highlighter: Highlighter,
}

impl Default for Markdown {
    fn default() -> Self {
        let mut cleaner = Builder::new();
        cleaner
            .tags(HashSet::from([
                "a",
                "blockquote",
                "br",
                "code",
                "del",
                "em",
                "h1",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "hr",
                "li",
                "ol",
                "p",
                "pre",
                "span",
                "strong",
                "table",
                "tbody",
                "td",
                "th",
                "thead",
                "tr",
                "ul",
            ]))
            .generic_attributes(HashSet::new())
            .tag_attributes([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))].into())
            // What is wider than the page scrolls by itself; this lets a keyboard get there.
            .set_tag_attribute_value("pre", "tabindex", "0")
            .allowed_classes([("span", HashSet::from(CLASSES))].into())
            .url_schemes(HashSet::from(["http", "https", "mailto"]))
            .url_relative(ammonia::UrlRelative::Deny)
            .link_rel(Some("noopener noreferrer nofollow"));
        let mut options = Options::default();
        options.extension.strikethrough = true;
        options.extension.table = true;
        options.extension.autolink = true;
        // What looks like HTML is shown as it was written.
        options.render.escape = true;
        options.render.hardbreaks = true;
        Self { cleaner, options, highlighter: Highlighter::default() }
    }
}

impl Markdown {
    /// The text's blocks in order. Joined, they are the whole text.
    pub fn blocks(&self, text: &str) -> Vec<CleanHtml> {
        self.blocks_and_last_two(text).0
    }

    /// The same, and the byte at which the last block but one begins.
    pub fn blocks_and_last_two(&self, text: &str) -> (Vec<CleanHtml>, usize) {
        let arena = Arena::new();
        let root = parse_document(&arena, text, &self.options);
        for node in root.descendants() {
            if let NodeValue::Heading(heading) = &mut node.data.borrow_mut().value {
                // The page has its own title; what stands in a message is below it.
                heading.level = (heading.level + 1).min(6);
            }
        }
        let mut plugins = Plugins::default();
        plugins.render.codefence_syntax_highlighter = Some(self);
        let blocks = root.children().map(|block| {
            let mut html = String::new();
            format_html_with_plugins(block, &self.options, &mut html, &plugins)
                .expect("writing to a string cannot fail");
            if matches!(block.data.borrow().value, NodeValue::HtmlBlock(_)) {
                // It is shown as it was written, which is a paragraph.
                html = format!("<p>{html}</p>");
            }
            CleanHtml(self.cleaner.clean(&html).to_string())
        });
        let blocks = blocks.collect();
        let last_but_one = root.last_child().and_then(Node::previous_sibling);
        let line = last_but_one.map_or(1, |block| block.data.borrow().sourcepos.start.line);
        (blocks, text.split_inclusive('\n').take(line - 1).map(str::len).sum())
    }
}

/// Text as HTML shows it.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

impl SyntaxHighlighterAdapter for Markdown {
    fn write_highlighted(
        &self,
        output: &mut dyn fmt::Write,
        language: Option<&str>,
        code: &str,
    ) -> fmt::Result {
        self.highlighter.write(output, language, code)
    }

    fn write_pre_tag(
        &self,
        output: &mut dyn fmt::Write,
        _: HashMap<&'static str, Cow<'_, str>>,
    ) -> fmt::Result {
        output.write_str("<pre>")
    }

    fn write_code_tag(
        &self,
        output: &mut dyn fmt::Write,
        _: HashMap<&'static str, Cow<'_, str>>,
    ) -> fmt::Result {
        output.write_str("<code>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        CleanHtml::joined(Markdown::default().blocks(text)).0
    }

    #[test]
    fn blocks_are_apart_and_what_is_done_stays_as_it_was() {
        let markdown = Markdown::default();
        let early = markdown.blocks("# One\n\ntwo **th");
        let late = markdown.blocks("# One\n\ntwo **three**\n\n```rust\nlet a");
        assert_eq!(early[0], late[0]);
        assert_eq!(late.len(), 3);
        assert!(late[1].as_str().contains("<strong>three</strong>"));
        assert!(
            late[2].as_str().contains("<pre tabindex=\"0\"><code><span class=\"k\">let</span> a"),
            "{}",
            late[2]
        );
    }

    #[test]
    fn nothing_that_acts_survives() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[a](javascript:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "![a](https://evil.example/?q=1)",
            "<div hx-get=/x hx-trigger=load>",
            "<svg><a xlink:href='javascript:alert(1)'>",
            "[a](/sign-out)",
            "<style>*{display:none}</style>",
            "`</code><script>alert(1)</script>`",
            "```html\n</code><script>alert(1)</script>\n```",
            "```\"><script>alert(1)</script>\na\n```",
        ] {
            let html = html(hostile);
            for live in ["<script", "<img", "<svg", "<div", "<style", "\"javascript:", "\"data:", "href=\"/"]
            {
                assert!(!html.contains(live), "{hostile} became {html}");
            }
        }
    }

    #[test]
    fn a_heading_stands_below_the_pages_own() {
        assert_eq!(html("# One"), "<h2>One</h2>\n");
        assert_eq!(html("###### Six"), "<h6>Six</h6>\n");
    }

    #[test]
    fn links_say_nothing_of_where_they_were_followed() {
        let html = html("see https://example.org/a");
        assert!(html.contains("href=\"https://example.org/a\"") && html.contains("noreferrer"), "{html}");
    }
}
