//! A topic's identity, which tells a topic from another one of the same name that was made later.

use rdkafka::{
    bindings as native,
    client::{Client, ClientContext},
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{
    ffi::{CStr, CString, c_char},
    ptr,
    time::Duration,
};

use crate::{BusError, Result};

/// What stands for the identity where the broker gives none.
const NO_IDENTITY: &str = "none";

/// Asks the broker for the topic's identity; `None` where there is no such topic. Blocks up to
/// twice the `timeout`.
// rdkafka 0.39 does not offer this request, librdkafka does, over the connection and with the security
// settings of the client.
#[allow(unsafe_code)]
pub(crate) fn topic_id<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<Option<String>> {
    let unusable = |_| BusError::Settings(format!("topic name '{topic}' contains a zero character"));
    let name = CString::new(topic).map_err(unusable)?;
    let mut names: [*const c_char; 1] = [name.as_ptr()];
    // Asked first because the request has to name a broker: by default it waits for a controller, and the
    // in-memory broker has none.
    let metadata = client.fetch_metadata(Some(topic), timeout)?;
    let broker = match (metadata.orig_broker_id(), metadata.brokers().first()) {
        // A broker that was asked by its address has no id yet.
        (-1, Some(named)) => named.id(),
        (answered, _) => answered,
    };
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client outlives the call, every pointer comes from librdkafka and is checked or never
    // null by its documentation, the guards free each one exactly once and after its last use, and the
    // description and identity that are read belong to `event`, which is freed last.
    unsafe {
        let queue = Guard(native::rd_kafka_queue_new(client.native_ptr()), native::rd_kafka_queue_destroy);
        let topics = Guard(
            native::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()),
            native::rd_kafka_TopicCollection_destroy,
        );
        let options = Guard(
            native::rd_kafka_AdminOptions_new(
                client.native_ptr(),
                native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            ),
            native::rd_kafka_AdminOptions_destroy,
        );
        native::rd_kafka_AdminOptions_set_request_timeout(options.0, timeout_ms, ptr::null_mut(), 0);
        native::rd_kafka_AdminOptions_set_broker(options.0, broker, ptr::null_mut(), 0);
        native::rd_kafka_DescribeTopics(client.native_ptr(), topics.0, options.0, queue.0);
        let event = Guard(native::rd_kafka_queue_poll(queue.0, timeout_ms), native::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err(BusError::Unavailable(format!("no answer about topic {topic} in time")));
        }
        check(native::rd_kafka_event_error(event.0).into())?;

        let result = native::rd_kafka_event_DescribeTopics_result(event.0);
        let mut count = 0;
        let described = native::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if count == 0 {
            return Ok(None);
        }
        let description = *described;
        let error = native::rd_kafka_error_code(native::rd_kafka_TopicDescription_error(description));
        let code: RDKafkaErrorCode = error.into();
        if matches!(code, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) {
            return Ok(None);
        }
        check(code)?;
        let id = native::rd_kafka_TopicDescription_topic_id(description);
        if id.is_null() || no_bits(id) {
            return Ok(Some(NO_IDENTITY.to_owned()));
        }
        let text = native::rd_kafka_Uuid_base64str(id);
        Ok(Some(CStr::from_ptr(text).to_string_lossy().into_owned()))
    }
}

fn check(code: RDKafkaErrorCode) -> Result<()> {
    match code {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(KafkaError::MetadataFetch(code).into()),
    }
}

#[allow(unsafe_code)]
unsafe fn no_bits(id: *const native::rd_kafka_Uuid_t) -> bool {
    // SAFETY: the caller gives a valid identity.
    unsafe {
        native::rd_kafka_Uuid_most_significant_bits(id) == 0
            && native::rd_kafka_Uuid_least_significant_bits(id) == 0
    }
}

/// Frees what librdkafka gave us.
struct Guard<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Guard<T> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer came from librdkafka with this function to free it, and is used no more.
            unsafe { (self.1)(self.0) }
        }
    }
}
