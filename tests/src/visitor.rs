//! Somebody with a browser that runs no script: keeps cookies, follows redirects, fills in forms.
//!
//! A form is sent with the hidden fields that the page gave it, so a page that forgets one is noticed.

use crate::http;
use ::http::{Method, Request, StatusCode, header};
use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::Full;
use std::collections::BTreeMap;
use std::net::SocketAddr;

const MOST_REDIRECTS: usize = 5;

pub struct Visitor {
    address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
    pub page: Page,
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub path: String,
    pub status: StatusCode,
    pub html: String,
}

impl Visitor {
    pub fn at(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), page: Page::default() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is sent along with each request.
    pub fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub async fn open(&mut self, path: &str) -> anyhow::Result<&Page> {
        self.go(Method::GET, path, String::new()).await
    }

    /// What is no page, as it comes.
    pub async fn download(&self, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::get(path).header(header::COOKIE, self.cookie()).body(Full::default())?;
        let answer = http::send(self.address, request).await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer.into_body())
    }

    /// Sends the form of this page that goes to `action`, with its hidden fields and these. A field that is
    /// called `picture;cat.gif` is a file of that name.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> anyhow::Result<&Page> {
        let hidden = self.page.hidden_of(action)?;
        let all =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(fields.iter().copied());
        let body = if self.page.takes_files(action) {
            let part = |(name, value): (&str, &str)| {
                let (name, file) = name.split_once(';').map_or((name, String::new()), |(name, file)| {
                    (name, format!("; filename=\"{file}\"\r\nContent-Type: application/octet-stream"))
                });
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
                )
            };
            all.map(part).chain([format!("--{BOUNDARY}--\r\n")]).collect()
        } else {
            all.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
        };
        self.go(Method::POST, action, body).await
    }

    async fn go(&mut self, mut method: Method, path: &str, mut body: String) -> anyhow::Result<&Page> {
        let mut path = path.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let request = Request::builder()
                .method(method)
                .uri(&path)
                .header(header::COOKIE, self.cookie())
                .header(header::ORIGIN, format!("http://{}", self.address))
                .header(header::ACCEPT, "text/html")
                .header(header::CONTENT_TYPE, media_type(&body))
                .body(Full::new(Bytes::from(std::mem::take(&mut body))))?;
            let answer = http::send(self.address, request).await?;
            for cookie in answer.headers().get_all(header::SET_COOKIE) {
                let pair = cookie.to_str()?.split(';').next().context("a cookie without a name")?;
                let (name, value) = pair.split_once('=').context("a cookie without a value")?;
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if let Some(to) = answer.headers().get(header::LOCATION) {
                (method, path) = (Method::GET, to.to_str()?.to_owned());
                continue;
            }
            let (status, html) = (answer.status(), String::from_utf8(answer.into_body().to_vec())?);
            self.page = Page { path, status, html };
            return Ok(&self.page);
        }
        anyhow::bail!("{path} leads on and on")
    }
}

/// Parts of a form with files are apart by this.
const BOUNDARY: &str = "a-line-nobody-writes";

fn media_type(body: &str) -> String {
    if body.starts_with("--") {
        format!("multipart/form-data; boundary={BOUNDARY}")
    } else {
        "application/x-www-form-urlencoded".to_owned()
    }
}

impl Page {
    fn takes_files(&self, action: &str) -> bool {
        self.html.contains(&format!("action=\"{action}\" enctype=\"multipart/form-data\""))
    }

    fn hidden_of(&self, action: &str) -> anyhow::Result<Vec<(String, String)>> {
        let begin = self
            .html
            .find(&format!("action=\"{action}\""))
            .with_context(|| format!("{} has no form that goes to {action}: {}", self.path, self.html))?;
        let begin = self.form_of(begin)?;
        let form = self.html[begin..].split("</form>").next().unwrap_or_default();
        let hidden = form.split("<input type=\"hidden\" ").skip(1).map(|input| {
            let field = |name| input.split(&format!("{name}=\"")).nth(1)?.split('"').next();
            let (name, value) =
                field("name").zip(field("value")).context("a hidden field without a value")?;
            anyhow::Ok((name.to_owned(), value.to_owned()))
        });
        hidden.collect()
    }

    /// Where the form begins that is named here: by itself, or by a button that stands elsewhere.
    fn form_of(&self, named: usize) -> anyhow::Result<usize> {
        let tag = self.html[..named].rfind('<').context("an attribute outside of a tag")?;
        if !self.html[tag..].starts_with("<button") {
            return Ok(named);
        }
        let button = self.html[tag..].split('>').next().unwrap_or_default();
        ensure!(!button.contains(" disabled"), "the button cannot be pressed: {button}");
        let id = button.split(" form=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("<form id=\"{}\"", id.with_context(|| format!("{button} belongs to no form"))?);
        self.html.find(&form).with_context(|| format!("{} has no {form}", self.path))
    }

    /// That it was found, and says this.
    pub fn says(&self, words: &str) -> anyhow::Result<()> {
        ensure!(
            self.html.contains(words),
            "{} ({}) does not say {words:?}: {}",
            self.path,
            self.status,
            self.html
        );
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
