use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use pattern_store::DeadLetter;
use serde_json::{Value, json};

use crate::printable::printable;

const REASON_CHARS: usize = 120;
const BYTES_PER_LINE: usize = 16;

/// One line: which, when, where from, how big and why.
pub fn line(letter: &DeadLetter) -> String {
    let time = letter.created_at.format("%Y-%m-%d %H:%M:%S");
    let size = letter.payload.as_ref().map_or(0, Vec::len);
    let redriven = if letter.redriven_at.is_some() { " · redriven" } else { "" };
    let mut reason: String = letter.reason.chars().take(REASON_CHARS).collect();
    if reason.len() < letter.reason.len() {
        reason.push('…');
    }
    let reason = printable(&reason).replace('\n', " ");
    format!("{} {time} {} {size} bytes{redriven} · {reason}", letter.id, place(letter))
}

/// Everything that is known about it, and the record.
pub fn whole(letter: &DeadLetter) -> String {
    let mut lines = vec![
        format!("id        {}", letter.id),
        format!("record    {}", place(letter)),
        format!("kept at   {}", letter.created_at.to_rfc3339()),
        format!("reason    {}", printable(&letter.reason)),
    ];
    lines.extend(letter.redriven_at.map(|at| format!("redriven  {}", at.to_rfc3339())));
    lines.push(match &letter.key {
        Some(key) => format!("key       {}", shown(key)),
        None => "no key".into(),
    });
    lines.push(match &letter.payload {
        Some(payload) => format!("value     {} bytes\n{}", payload.len(), shown(payload)),
        None => "no value".into(),
    });
    lines.join("\n") + "\n"
}

/// Key and value as text where they are text, else in base64.
pub fn json(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "created_at": letter.created_at,
        "redriven_at": letter.redriven_at,
        "key": letter.key.as_deref().map(bytes_as_json),
        "value": letter.payload.as_deref().map(bytes_as_json),
    })
}

fn bytes_as_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({ "base64": BASE64.encode(bytes) }),
    }
}

fn place(letter: &DeadLetter) -> String {
    format!("{}/{}@{}", letter.topic, letter.partition, letter.offset)
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => printable(text),
        Err(_) => hex_lines(bytes),
    }
}

fn hex_lines(bytes: &[u8]) -> String {
    let line = |(number, chunk): (usize, &[u8])| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            chunk.iter().map(|b| if matches!(b, b' '..=b'~') { char::from(*b) } else { '.' }).collect();
        let width = BYTES_PER_LINE * 3;
        format!("{:08x}  {:<width$} {text}", number * BYTES_PER_LINE, hex.join(" "))
    };
    bytes.chunks(BYTES_PER_LINE).enumerate().map(line).collect::<Vec<_>>().join("\n")
}
