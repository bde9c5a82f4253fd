//! What the engine tells by itself: hints to look again. News may be missing, doubled or late, and the stream may
//! end at any time without an error.

use super::connection::Daemon;
use super::labels::{Labels, service_of};
use crate::services::name::ServiceName;
use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use futures::future::ready;
use futures::stream::BoxStream;

impl Daemon {
    /// Services of this box to whose containers something happened. Ends where the engine or the line does.
    pub fn news(&self, labels: &Labels) -> BoxStream<'static, ServiceName> {
        let mut filters = labels.filter();
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        let options = EventsOptionsBuilder::new().filters(&filters).build();
        let news = self.docker.events(Some(options));
        // An error ends the line as its end does: whoever listens looks at everything and listens again.
        let whole = news.take_while(|news| ready(news.is_ok())).filter_map(|news| ready(news.ok()));
        let of_services = whole.filter_map(|news| {
            let attributes = news.actor.and_then(|actor| actor.attributes);
            ready(attributes.as_ref().and_then(service_of))
        });
        of_services.boxed()
    }
}
