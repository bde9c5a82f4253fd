//! A box with three people in it: Ada, who owns it, Anna, whose things these are, and Ben.

use anyhow::{Context, ensure};
use bytes::Bytes;
use engine_client::client::EngineClient;
use engine_client::principal::Principal;
use engine_client::transport::socket::unix;
use engine_client::wire::attachments::AttachmentView;
use engine_client::wire::connections::ConnectionView;
use engine_client::wire::people::{Invite, Invited, KeyCreated, NewKey, Proof, SetPassword};
use engine_client::wire::sessions::{NewSession, SessionBegun};
use engine_client::wire::turns::TurnView;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use tests::house::{House, PASSWORD};
use tests::process::Process;
use tests::stores::Store;
use tests::talk::Talk;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(40);
/// A word that Anna says and nobody else.
pub const SECRET_WORD: &str = "marzipan";

pub struct World {
    pub house: House,
    /// Speaks as anybody: how people who have no browser here come to their keys.
    _engine: Process,
    pub ada: Person,
    pub anna: Person,
    pub ben: Person,
    pub hers: Hers,
    /// A conversation of Ben's own.
    pub bens: Uuid,
    /// Ada's own, which she sees and others do not.
    pub adas: Uuid,
    pub connection: Uuid,
}

pub struct Person {
    pub id: Uuid,
    pub name: String,
    pub client: EngineClient,
    pub key: String,
    pub session: String,
}

/// What is Anna's.
pub struct Hers {
    pub conversation: Uuid,
    pub message: Uuid,
    pub turn: Uuid,
    pub attachment: Uuid,
    pub key: Uuid,
    /// A conversation that she removed and can bring back.
    pub removed: Uuid,
}

/// How somebody says who they are.
#[derive(Clone, Copy, Debug)]
pub enum Carrier<'a> {
    Nobody,
    Bearer(&'a str),
    ApiKey(&'a str),
    Session(&'a str),
}

/// One question; a body where the route takes one.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub body: Option<(&'static str, String)>,
}

const FORM: &str = "application/x-www-form-urlencoded";
const COMPOSER: &str = "multipart/form-data; boundary=a-line-nobody-writes";
const END: &str = "--a-line-nobody-writes--\r\n";

fn part(name: &str, value: &str) -> String {
    format!("--a-line-nobody-writes\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

impl Ask {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), body: None }
    }

    pub fn json(self, body: &Value) -> Self {
        Self { body: Some(("application/json", body.to_string())), ..self }
    }

    pub fn form(self, body: String) -> Self {
        Self { body: Some((FORM, body)), ..self }
    }

    /// The form of the composer, which can carry files.
    pub fn composer(self, fields: &[(&str, &str)]) -> Self {
        let parts: String = fields.iter().map(|(name, value)| part(name, value)).collect();
        Self { body: Some((COMPOSER, parts + END)), ..self }
    }

    /// With the seal of a page of ours, where it is a form.
    pub fn sealed(&self, seal: &str) -> Self {
        let body = self.body.clone().map(|(kind, form)| match kind {
            COMPOSER => (kind, part("seal", seal) + &form),
            _ => (kind, format!("seal={seal}&{form}")),
        });
        Self { body, ..self.clone() }
    }

    /// As a page that is not ours would send it, which knows no seal.
    pub fn forged(&self, seal: &str) -> Vec<Self> {
        let mut all = vec![self.clone(), self.sealed("0"), self.sealed("")];
        if let Some((COMPOSER, form)) = &self.body {
            // Nothing is looked at that comes before a seal, so behind the rest it is none.
            let parts = form.strip_suffix(END).unwrap_or(form);
            let late = format!("{parts}{}{END}", part("seal", seal));
            all.push(Self { body: Some((COMPOSER, late)), ..self.clone() });
        }
        all
    }
}

impl World {
    pub async fn new() -> anyhow::Result<Self> {
        let mut house = House::new(Store::Postgres)?;
        // All of it is asked within seconds, from one address.
        for name in ["KEY_REQUESTS", "PERSON_REQUESTS", "ADDRESS_REQUESTS", "ADDRESS_ATTEMPTS"] {
            house.home.set(&format!("WHISPERENGINE_LIMIT_{name}"), "100000");
        }
        house.up().await?;
        house.set_up().await?;
        let secrets = house.home.data_dir().join("run/secrets/engine");
        let socket = house.home.path().join("engine.sock");
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (secret, key) = (text(secrets.join("transport-secret")), text(secrets.join("master-key")));
        let at = text(socket.clone());
        let arguments = ["engine", "--socket", &at, "--secret-file", &secret, "--master-key-file", &key];
        let mut engine = house.home.start(&arguments)?;
        engine.wait_for_line("engine ready at", SOON).await?;
        let secret = std::fs::read_to_string(secret)?;
        let acting_as =
            |principal| EngineClient::new(unix(socket.clone()), Some(secret.trim().to_owned()), principal);

        let connection: ConnectionView = house.connect("http://127.0.0.1:9/v1", "nobody-there").await?;
        let ada = Person::signed_in(&house, "Ada", &acting_as).await?;
        let anna = Person::invited(&house, "Anna", &acting_as).await?;
        let ben = Person::invited(&house, "Ben", &acting_as).await?;
        let hers = Hers::made(&anna).await?;
        let bens = Talk::open(ben.client.clone()).await?.conversation;
        let adas = Talk::open(ada.client.clone()).await?.conversation;
        Ok(Self { house, _engine: engine, ada, anna, ben, hers, bens, adas, connection: connection.id })
    }

    pub async fn ask(&self, ask: &Ask, carrier: Carrier<'_>) -> anyhow::Result<Response<Bytes>> {
        let address = self.house.address();
        let mut request = Request::builder()
            .method(ask.method.as_str())
            .uri(&ask.path)
            .header(header::ORIGIN, format!("http://{address}"));
        request = match carrier {
            Carrier::Nobody => request,
            Carrier::Bearer(key) => request.header(header::AUTHORIZATION, format!("Bearer {key}")),
            Carrier::ApiKey(key) => request.header("x-api-key", key),
            Carrier::Session(token) => request.header(header::COOKIE, format!("we_session={token}")),
        };
        let (kind, body) = ask.body.clone().unwrap_or(("application/json", "{}".to_owned()));
        let request = request.header(header::CONTENT_TYPE, kind).body(Full::new(Bytes::from(body)))?;
        tests::http::send(address, request).await.with_context(|| format!("{ask:?} as {carrier:?}"))
    }

    /// That this is what it comes to.
    pub async fn expect(&self, ask: &Ask, carrier: Carrier<'_>, status: StatusCode) -> anyhow::Result<Bytes> {
        let answer = self.ask(ask, carrier).await?;
        let said = || String::from_utf8_lossy(answer.body()).into_owned();
        ensure!(
            answer.status() == status,
            "{ask:?} as {carrier:?}: {} is not {status}: {}",
            answer.status(),
            said()
        );
        Ok(answer.into_body())
    }

    /// That nothing of Anna's is in there.
    pub fn tells_nothing_of_hers(&self, ask: &Ask, body: &Bytes) -> anyhow::Result<()> {
        let text = String::from_utf8_lossy(body);
        let hers = &self.hers;
        let ids = [hers.conversation, hers.message, hers.turn, hers.attachment, hers.key, hers.removed];
        let ids = ids.map(|id| id.to_string());
        for told in ids.iter().map(String::as_str).chain([SECRET_WORD]) {
            ensure!(!text.contains(told), "{ask:?} tells {told}: {text}");
        }
        Ok(())
    }
}

impl Person {
    async fn invited(
        house: &House,
        name: &str,
        acting_as: &impl Fn(Principal) -> EngineClient,
    ) -> anyhow::Result<Self> {
        let invited: Invited = house.client().post("/api/v1/people", &Invite { name: name.into() }).await?;
        let path = format!("/api/v1/people/{}/password", invited.person.id);
        house.client().post::<()>(&path, &SetPassword { password: PASSWORD.into() }).await?;
        Self::signed_in(house, name, acting_as).await
    }

    async fn signed_in(
        house: &House,
        name: &str,
        acting_as: &impl Fn(Principal) -> EngineClient,
    ) -> anyhow::Result<Self> {
        let asked = NewSession { name: name.into(), password: PASSWORD.into() };
        let begun: SessionBegun = house.client().post("/api/v1/sessions", &asked).await?;
        let proof = Proof::Session(begun.token.clone());
        let principal: Principal = house.client().post("/api/v1/proofs", &proof).await?;
        let client = acting_as(principal);
        let key: KeyCreated = client.post("/api/v1/keys", &NewKey { name: "a program".into() }).await?;
        Ok(Self { id: begun.person.id, name: name.to_owned(), client, key: key.key, session: begun.token })
    }

    /// Every way in which this person's programs say who they are.
    pub fn carriers(&self) -> [Carrier<'_>; 2] {
        [Carrier::Bearer(&self.key), Carrier::ApiKey(&self.key)]
    }
}

impl Hers {
    async fn made(anna: &Person) -> anyhow::Result<Self> {
        let talk = Talk::open(anna.client.clone()).await?;
        let turn: TurnView = talk.exchange(&format!("I hide the {SECRET_WORD}")).await?;
        let content = futures::stream::iter([Ok(Bytes::from(SECRET_WORD))]);
        let path = "/api/v1/attachments?name=a.txt";
        let attachment: AttachmentView = anna.client.upload(path, "text/plain", content).await?;
        let key: KeyCreated = anna.client.post("/api/v1/keys", &NewKey { name: "another".into() }).await?;
        let removed = Talk::open(anna.client.clone()).await?.conversation;
        anna.client.delete(&format!("/api/v1/conversations/{removed}")).await?;
        Ok(Self {
            conversation: talk.conversation,
            message: turn.message,
            turn: turn.id,
            attachment: attachment.id,
            key: key.id,
            removed,
        })
    }
}
