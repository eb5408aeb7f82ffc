use crate::hub::{HubEvent, StreamChannel};

/// What a client wants of the stream.
#[derive(Debug, Default)]
pub struct Subscriptions {
    wanted: Vec<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    channel: StreamChannel,
    /// `None`: all.
    data_source: Option<String>,
}

impl Subscriptions {
    /// Another subscription to the same channel takes the place of the one before.
    pub fn add(&mut self, channel: StreamChannel, data_source: Option<&str>) {
        self.remove(channel);
        self.wanted.push(Wanted { channel, data_source: data_source.map(str::to_owned) });
    }

    pub fn remove(&mut self, channel: StreamChannel) {
        self.wanted.retain(|wanted| wanted.channel != channel);
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    pub fn includes(&self, event: &HubEvent) -> bool {
        self.wanted.iter().any(|wanted| {
            let same_source = match (&wanted.data_source, &event.data_source) {
                (Some(wanted), Some(source)) => wanted == source,
                // What belongs to no data source concerns everybody.
                _ => true,
            };
            event.channel == Some(wanted.channel) && same_source
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(r#type: &str, data_source: &str) -> HubEvent {
        HubEvent::new("e", 1, &format!(r#"{{"type":"{type}","data":{{"data_source":{data_source}}}}}"#))
    }

    #[test]
    fn a_filter_lets_through_its_data_source_and_what_concerns_all() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(StreamChannel::Patterns, Some("north"));
        subscriptions.add(StreamChannel::Clusters, None);
        assert!(subscriptions.includes(&event("PatternUpdated", "\"north\"")));
        assert!(subscriptions.includes(&event("PatternUpdated", "null")));
        assert!(!subscriptions.includes(&event("PatternUpdated", "\"south\"")));
        assert!(subscriptions.includes(&event("ClusterDetected", "\"south\"")));
        assert!(!subscriptions.includes(&event("SuggestionCreated", "\"north\"")));
    }

    #[test]
    fn subscribing_again_replaces_the_filter() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(StreamChannel::Clusters, Some("north"));
        subscriptions.add(StreamChannel::Clusters, Some("south"));
        assert!(!subscriptions.includes(&event("ClusterDetected", "\"north\"")));
        subscriptions.remove(StreamChannel::Clusters);
        assert!(subscriptions.is_empty());
    }
}
