//! What the engine tells by itself: hints to look again. News may be missing, doubled or late, and the stream may
//! end at any time without an error.

use super::connection::Daemon;
use super::labels::{Labels, service_of};
use crate::services::name::ServiceName;
use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use futures::stream::BoxStream;

impl Daemon {
    /// Services of this box to whose containers something happened. Ends where the engine or the line does.
    pub fn news(&self, labels: &Labels) -> BoxStream<'static, ServiceName> {
        let mut filters = labels.filter();
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        let options = EventsOptionsBuilder::new().filters(&filters).build();
        let docker = self.docker.clone();
        let stream = async_stream(docker, options);
        stream.boxed()
    }
}

fn async_stream(
    docker: bollard::Docker,
    options: bollard::query_parameters::EventsOptions,
) -> impl futures::Stream<Item = ServiceName> {
    let news = docker.events(Some(options));
    // An error ends the line as its end does: whoever listens looks at everything and listens again.
    news.take_while(|news| futures::future::ready(news.is_ok())).filter_map(|news| {
        futures::future::ready(
            news.ok()
                .and_then(|news| service_of(news.actor.as_ref().and_then(|actor| actor.attributes.as_ref()))),
        )
    })
}
