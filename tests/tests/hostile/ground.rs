//! What these stories share: a box, one bad answer, and a look around after it.

use engine_client::wire::conversations::MessageStateView;
use engine_client::wire::turns::{TurnStateView, TurnView};
use tests::house::House;
use tests::model_server::script::Script;
use tests::model_server::server::ModelServer;
use tests::stores::Store;
use tests::talk::Talk;

pub struct Ground {
    pub house: House,
    pub model: ModelServer,
}

impl Ground {
    pub async fn new() -> anyhow::Result<Self> {
        Self::with_patience("20s").await
    }

    /// With a model that says nothing.
    pub async fn with_patience(patience: &str) -> anyhow::Result<Self> {
        let model = ModelServer::start().await?;
        let mut house = House::new(Store::Sqlite)?;
        for name in ["FIRST_TOKEN", "SILENCE", "CONNECT"] {
            house.home.set(&format!("WHISPERENGINE_MODEL_{name}_TIMEOUT"), patience);
        }
        house.up().await?;
        house.set_up().await?;
        house.connect(&model.base_url(), "scripted").await?;
        Ok(Self { house, model })
    }

    /// One turn against a server that always answers like this, and a good one after it.
    pub async fn suffer(&self, script: Script) -> anyhow::Result<TurnView> {
        self.model.by_default(script);
        let talk = Talk::open(self.house.client()).await?;
        let turn = talk.exchange("are you well?").await?;
        self.model.by_default(Script::tokens(8));
        let next = talk.exchange("and now?").await?;
        assert_eq!((next.state, next.text.as_str()), (TurnStateView::Done, &*Script::tokens_text(8)));
        Ok(turn)
    }

    /// It fails with `code`, having kept `kept` of the reply.
    pub async fn fails(&self, script: Script, code: &str, kept: &str) -> anyhow::Result<TurnView> {
        let name = format!("{script:?}").chars().take(200).collect::<String>();
        let turn = self.suffer(script).await?;
        let failure = turn.failure.as_ref().map(|failure| failure.code.as_str());
        assert_eq!(
            (turn.state, failure, turn.text.as_str()),
            (TurnStateView::Failed, Some(code), kept),
            "{name}"
        );
        assert!(turn.attempts.iter().all(|attempt| attempt.outcome == "failed"), "{turn:?}");
        let talk = self.talk_of(&turn);
        let messages = talk.messages().await?;
        // What was kept of a reply is marked as cut; nothing else is dressed up as one.
        let reply = messages.iter().find(|message| message.id == turn.reply);
        let reply = reply.map(|message| (message.text.as_str(), message.state));
        assert_eq!(reply, (!kept.is_empty()).then_some((kept, MessageStateView::Cut)), "{name}");
        Ok(turn)
    }

    fn talk_of(&self, turn: &TurnView) -> Talk {
        Talk::at(self.house.client(), turn.conversation)
    }
}
