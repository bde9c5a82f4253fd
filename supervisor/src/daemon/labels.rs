//! What tells the box's own things from everybody else's. Found by label, never by name alone; nothing without these
//! is ever stopped, removed or changed.

use crate::services::name::ServiceName;
use std::collections::HashMap;

/// As engines keep them.
pub type Labelled = HashMap<String, String>;

/// Which box, by its id.
pub const BOX: &str = "whisperengine.box";
/// Which service.
pub const SERVICE: &str = "whisperengine.service";
/// Fingerprint of the plan it was made by.
pub const PLAN: &str = "whisperengine.plan";
/// What came of the wish for a graphics card: `given`, `refused` or `none`.
pub const GRAPHICS: &str = "whisperengine.graphics";
/// Why it was refused.
pub const GRAPHICS_SAID: &str = "whisperengine.graphics-said";

/// What came of the wish for a graphics card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Card {
    Given,
    /// In the engine's words.
    Refused(String),
    /// Nobody wished for one, or the engine had none.
    #[default]
    None,
}

impl Card {
    pub fn labels(&self) -> Labelled {
        let name = match self {
            Self::Given => "given",
            Self::Refused(_) => "refused",
            Self::None => "none",
        };
        let said = match self {
            Self::Refused(said) => Some((GRAPHICS_SAID.to_owned(), said.clone())),
            Self::Given | Self::None => None,
        };
        [(GRAPHICS.to_owned(), name.to_owned())].into_iter().chain(said).collect()
    }

    pub fn read(labels: &Labelled) -> Self {
        match labels.get(GRAPHICS).map(String::as_str) {
            Some("given") => Self::Given,
            Some("refused") => Self::Refused(labels.get(GRAPHICS_SAID).cloned().unwrap_or_default()),
            _ => Self::None,
        }
    }
}

/// Names and labels of one box's things.
#[derive(Clone, Debug)]
pub struct Labels {
    box_id: String,
}

impl Labels {
    pub fn new(box_id: &str) -> Self {
        Self { box_id: box_id.to_owned() }
    }

    pub fn of_box(&self) -> Labelled {
        HashMap::from([(BOX.to_owned(), self.box_id.clone())])
    }

    pub fn of_service(&self, service: ServiceName, plan: &str) -> Labelled {
        let mut all = self.of_box();
        all.insert(SERVICE.to_owned(), service.to_string());
        all.insert(PLAN.to_owned(), plan.to_owned());
        all
    }

    /// For lists and news: what is ours.
    pub fn filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![format!("{BOX}={}", self.box_id)])])
    }

    pub fn of_trial(&self) -> Labelled {
        let mut all = self.of_box();
        all.insert(SERVICE.to_owned(), TRIAL.to_owned());
        all
    }

    /// A container the box made. One that somebody else made of the box's own image has the image's labels, and no more.
    pub fn are_of_our_container(&self, labels: Option<&Labelled>) -> bool {
        self.are_ours(labels) && labels.is_some_and(|labels| labels.contains_key(SERVICE))
    }

    pub fn are_ours(&self, labels: Option<&Labelled>) -> bool {
        labels.and_then(|labels| labels.get(BOX)) == Some(&self.box_id)
    }

    pub fn network(&self) -> String {
        format!("whisperengine-{}", self.box_id)
    }

    /// Where the box itself is in a container, and in this network.
    pub fn inner_network(&self) -> String {
        format!("whisperengine-{}-inner", self.box_id)
    }

    /// For those who have to reach the outside. Sorted before the other one: of several ways out of a container the engine
    /// takes that of the first name.
    pub fn way_out(&self) -> String {
        format!("whisper-out-{}", self.box_id)
    }

    pub fn container(&self, service: ServiceName) -> String {
        format!("whisperengine-{}-{service}", self.box_id)
    }

    pub fn volume(&self, service: ServiceName) -> String {
        self.container(service)
    }
}

/// What a container is that only tries an image out.
pub const TRIAL: &str = "trial";

/// `None` where it is no service of a box.
pub fn service_of(labels: &Labelled) -> Option<ServiceName> {
    ServiceName::parse(labels.get(SERVICE)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_wish_is_read_as_it_was_written() {
        for card in [Card::Given, Card::Refused("no device".to_owned()), Card::None] {
            assert_eq!(Card::read(&card.labels()), card);
        }
        assert_eq!(Card::read(&Labelled::new()), Card::None);
    }
}
