//! Whether a consumer is in its group.

use rdkafka::{
    bindings as native,
    client::{Client, ClientContext},
};

/// Whether the consumer has left its group, or never joined it.
// rdkafka 0.39 does not offer this, librdkafka does. It asks librdkafka's own thread, not the broker.
#[allow(unsafe_code)]
pub(crate) fn has_left<C: ClientContext>(client: &Client<C>) -> bool {
    // SAFETY: the client outlives the call; the name is null or a string of ours to read and then to free,
    // with librdkafka's own function, once.
    unsafe {
        let member = native::rd_kafka_memberid(client.native_ptr());
        let left = member.is_null() || *member == 0;
        if !member.is_null() {
            native::rd_kafka_mem_free(client.native_ptr(), member.cast());
        }
        left
    }
}
