//! What a browser fetches to show a page for the first time: the page and every file that it names for itself.
//!
//! Not counted is what is fetched only to install the box on a device: the manifest and its pictures.

use crate::http;
use crate::visitor::Visitor;
use ::http::{Request, header};
use anyhow::ensure;
use bytes::Bytes;
use http_body_util::Full;
use std::collections::BTreeSet;
use std::fmt;

/// Bytes, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight {
    page: usize,
    styles: usize,
    scripts: usize,
    icons: usize,
    files: usize,
}

impl Weight {
    /// Of the page at `path`, for a browser that takes these encodings.
    pub async fn of(visitor: &Visitor, path: &str, encodings: &str) -> anyhow::Result<Self> {
        // The page names its files; that copy is read, the one that is asked for here may be packed.
        let html = fetch(visitor, path, "identity").await?;
        let named = named(&String::from_utf8(html.to_vec())?);
        let mut weight = Self { page: fetch(visitor, path, encodings).await?.len(), ..Self::default() };
        for file in &named {
            let bytes = fetch(visitor, file, encodings).await?.len();
            match file.rsplit('.').next() {
                Some("css") => weight.styles += bytes,
                Some("js") => weight.scripts += bytes,
                _ => weight.icons += bytes,
            }
        }
        weight.files = named.len();
        ensure!(weight.styles > 0 && weight.scripts > 0 && weight.icons > 0, "{path} names only {named:?}");
        Ok(weight)
    }

    /// Of a thousand bytes each.
    pub fn kilobytes(&self) -> f64 {
        (self.page + self.styles + self.scripts + self.icons) as f64 / 1000.0
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [page, styles, scripts, icons] =
            [self.page, self.styles, self.scripts, self.icons].map(|bytes| bytes as f64 / 1000.0);
        write!(f, "page {page:.1}, styles {styles:.1}, scripts {scripts:.1}, icons {icons:.1} kB in ")?;
        write!(f, "{} files", self.files + 1)
    }
}

async fn fetch(visitor: &Visitor, path: &str, encodings: &str) -> anyhow::Result<Bytes> {
    let request = Request::get(path)
        .header(header::COOKIE, visitor.cookie())
        .header(header::ACCEPT_ENCODING, encodings)
        .body(Full::default())?;
    let answer = http::send(visitor.address(), request).await?;
    ensure!(answer.status().is_success(), "{path} answers {}", answer.status());
    Ok(answer.into_body())
}

/// The files of ours that this page has a browser fetch, each once.
fn named(html: &str) -> BTreeSet<String> {
    let tags = html.split('<').filter_map(|rest| rest.split('>').next());
    let fetched = tags.filter(|tag| {
        let link = tag.starts_with("link ") && !["apple-touch", "manifest"].iter().any(|no| tag.contains(no));
        link || tag.starts_with("script ")
    });
    let address = |tag: &str| {
        let after = tag.split_once(" href=\"").or_else(|| tag.split_once(" src=\""))?.1;
        Some(after.split('"').next()?.to_owned())
    };
    fetched.filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_once_and_those_to_install_it_not_at_all() {
        let html = "<link rel=\"stylesheet\" href=\"/a.css\"><link rel=\"manifest\" href=\"/m\"><a href=\"/b\">\
            <script type=\"module\" src=\"/c.js\"></script><svg><use href=\"#x\"/></svg>\
            <link rel=\"stylesheet\" href=\"/a.css\"><link rel=\"apple-touch-icon\" href=\"/t.png\">";
        assert_eq!(Vec::from_iter(named(html)), ["/a.css", "/c.js"]);
    }
}
