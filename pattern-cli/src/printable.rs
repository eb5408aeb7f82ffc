//! How things are said on a terminal.

/// A problem and what it comes from, which may be a file's, in no more lines than a person reads.
pub fn problem(problem: &anyhow::Error) -> String {
    const MOST: usize = 20_000;
    let said = format!("{problem:#}");
    let end = said.char_indices().nth(MOST).map(|(end, _)| end);
    let cut = end.map_or_else(String::new, |_| "…".into());
    printable(&said[..end.unwrap_or(said.len())]) + &cut
}

/// `1 worker`, `2 workers`
pub fn counted(number: impl Into<i64>, what: &str) -> String {
    let number = number.into();
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A record comes from anywhere, so it must not steer the terminal.
pub fn printable(text: &str) -> String {
    pattern_import::shown_lines(text)
}

/// Who works on this machine, as the audit log has it: whoever became root by sudo is himself.
pub fn operator() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let name = names.iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    format!("console {}", name.unwrap_or_else(|| "root".into()))
}
