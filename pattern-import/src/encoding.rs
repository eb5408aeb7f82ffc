//! In which encoding a text is written.

use anyhow::{Context, Result};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_KR, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::io::Read;

/// The encoding of a file that begins so. `is_whole` where these are all its bytes.
pub fn detect(bytes: &[u8], is_whole: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => return UTF_8,
        // Cut within a character.
        Err(error) if error.error_len().is_none() && !is_whole => return UTF_8,
        Err(_) if is_mostly_utf8(bytes) => return UTF_8,
        Err(_) => {}
    }
    if is_western(bytes) {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, is_whole);
    detector.guess(None, Utf8Detection::Deny)
}

/// Letters of several bytes hardly come about by chance: where most that is no ASCII is such, a stray byte is a mistake.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut letters, mut strays) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        letters += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        strays += usize::from(!chunk.invalid().is_empty());
    }
    letters > strays
}

/// Every other byte of Latin text in UTF-16 is zero.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let enough = head.len().div_ceil(2) * 2 / 3;
    match (zeros(0), zeros(1)) {
        (_, odd) if head.len() >= 4 && odd > enough => Some(UTF_16LE),
        (even, _) if head.len() >= 4 && even > enough => Some(UTF_16BE),
        _ => None,
    }
}

/// A few lone letters and signs, as units and West European words have them, are too little for statistics.
fn is_western(bytes: &[u8]) -> bool {
    const USUAL: &str = "°²³µ±äöüÄÖÜßéèêëàâçñóíáúåæøÅÆØ½·";
    let is_high = |byte: Option<&u8>| byte.is_some_and(|byte| *byte >= 0x80);
    bytes.iter().enumerate().filter(|(_, byte)| **byte >= 0x80).all(|(i, byte)| {
        let text = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(byte)).0;
        let before = i.checked_sub(1).and_then(|before| bytes.get(before));
        let is_alone = !is_high(bytes.get(i + 1)) && !is_high(before);
        is_alone && text.chars().all(|c| USUAL.contains(c))
    })
}

/// An encoding by the name that people give it.
pub fn by_name(name: &str) -> Result<&'static Encoding> {
    let known = match name.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
        "cp949" | "949" | "uhc" | "ms949" => Some(EUC_KR),
        "cp1252" | "1252" | "ansi" => Some(WINDOWS_1252),
        "cp932" | "932" => Encoding::for_label(b"shift_jis"),
        "cp936" | "936" => Encoding::for_label(b"gbk"),
        "utf-16" | "utf16" => Some(UTF_16LE),
        other => Encoding::for_label(other.as_bytes()),
    };
    known.with_context(|| {
        format!(
            "no encoding is called '{name}'; some that are: utf-8, utf-16le, windows-1252, cp949, shift_jis"
        )
    })
}

/// What people call it.
pub fn title(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "EUC-KR" => "CP949",
        "windows-1252" => "Windows-1252",
        other => other,
    }
}

/// Reads as UTF-8. What is UTF-8 already passes as it is, so that a broken row can be named.
pub fn decoded(read: Box<dyn Read + Send>, encoding: &'static Encoding) -> Box<dyn Read + Send> {
    let encoding = Some(encoding).filter(|encoding| *encoding != UTF_8);
    let mut builder = DecodeReaderBytesBuilder::new();
    Box::new(builder.encoding(encoding).bom_override(true).utf8_passthru(true).strip_bom(true).build(read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_their_bytes() {
        let utf16: Vec<u8> = "name,unit\nVorlauf,°C\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&utf16, true), UTF_16LE);
        assert_eq!(detect(b"\xff\xfen\0", true), UTF_16LE);
        assert_eq!(detect("name,unit\nA,°C\n".as_bytes(), true), UTF_8);
        assert_eq!(detect(&"name,unit\nA,°".as_bytes()[..13], false), UTF_8);
        for western in [&b"name,unit\nA,\xb0C\n"[..], b"R\xfccklauf;\xb0C", b"m\xb3/h"] {
            assert_eq!(detect(western, true), WINDOWS_1252, "{western:?}");
        }
        assert_eq!(detect(b"T \xb0C,R\xc3\xbccklauf,M\xc3\xb6rtel", true), UTF_8, "one stray byte");
        let (korean, ..) = EUC_KR.encode("일시,굴뚝 NOx,배출유량,펌프\n2026-11-20 오전 12:00,50.0\n");
        assert_eq!(title(detect(&korean, true)), "CP949");
    }

    #[test]
    fn people_name_encodings_in_many_ways() {
        for (name, encoding) in
            [("CP949", EUC_KR), ("latin1", WINDOWS_1252), ("UTF-16", UTF_16LE), ("utf8", UTF_8)]
        {
            assert_eq!(by_name(name).unwrap(), encoding, "{name}");
        }
        assert!(by_name("klingon").unwrap_err().to_string().contains("windows-1252"));
    }

    #[test]
    fn text_is_read_as_utf_8_without_its_mark() {
        for (bytes, encoding) in [
            (&b"\xef\xbb\xbf\xc2\xb0C"[..], UTF_8),
            (b"\xb0C", WINDOWS_1252),
            (b"\xff\xfe\xb0\0C\0", UTF_16LE),
        ] {
            let mut text = String::new();
            decoded(Box::new(bytes), encoding).read_to_string(&mut text).unwrap();
            assert_eq!(text, "°C");
        }
    }
}
