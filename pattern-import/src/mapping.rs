//! `import.toml`: what a person said of a folder's files, or what was guessed, so that next month's export needs no
//! options.

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Options, Survey, columns::Meaning, dialect, encoding, links::leads_out, number::Decimal, shown::shown,
    time::DateOrder,
};

pub const FILE: &str = "import.toml";
/// It names the columns of files, and those may be many.
const MOST_BYTES: u64 = 16 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    separator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    columns: BTreeMap<String, Headers>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Headers {
    One(String),
    Several(Vec<String>),
}

/// What the folder's `import.toml` says; what is said already counts more.
pub fn complete(mut options: Options, dir: &Path) -> Result<Options> {
    let path = path_in(dir)?;
    if !path.is_file() {
        return Ok(options);
    }
    if path.metadata().is_ok_and(|file| file.len() > MOST_BYTES) {
        bail!("{} is larger than any that says how files are read", path.display());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let said = understand(&text).with_context(|| format!("{} cannot be used", path.display()))?;
    options.columns.extend(said.columns);
    options.zone = options.zone.or(said.zone);
    options.date_order = options.date_order.or(said.date_order);
    options.encoding = options.encoding.or(said.encoding);
    options.separator = options.separator.or(said.separator);
    options.decimal = options.decimal.or(said.decimal);
    Ok(options)
}

/// Where it lies. A link out of the folder would show, or overwrite, what is somebody else's.
pub fn path_in(dir: &Path) -> Result<PathBuf> {
    let path = dir.join(FILE);
    if leads_out(&path, dir) {
        bail!("{} is a link that leads out of the folder; put the file itself there", path.display());
    }
    Ok(path)
}

fn understand(text: &str) -> Result<Options> {
    let mapping: Mapping = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        anyhow!("line {line}: {}", shown(error.message()))
    })?;
    let mut columns = Vec::new();
    for (word, headers) in mapping.columns {
        let meaning = meaning(&word)?;
        match headers {
            Headers::One(header) => columns.push((meaning, header)),
            Headers::Several(headers) => columns.extend(headers.into_iter().map(|header| (meaning, header))),
        }
    }
    let said = |text: Option<String>| text.unwrap_or_default();
    Ok(Options {
        columns,
        zone: mapping.timezone.map(|name| name.parse()).transpose()?,
        date_order: mapping.date_order.map(|name| date_order(&name)).transpose()?,
        encoding: mapping.encoding.map(|name| encoding::by_name(&name)).transpose()?,
        separator: mapping.separator.map(|name| separator(&name)).transpose()?,
        decimal: match said(mapping.decimal).as_str() {
            "" => None,
            sign => Some(decimal(sign)?),
        },
        ..Options::default()
    })
}

pub fn meaning(word: &str) -> Result<Meaning> {
    Meaning::by_word(word).with_context(|| {
        let words: Vec<&str> = Meaning::ALL.iter().map(|meaning| meaning.word()).collect();
        format!("no column is called '{word}' here; those that are: {}", words.join(", "))
    })
}

pub fn date_order(name: &str) -> Result<DateOrder> {
    DateOrder::by_name(name)
        .with_context(|| format!("the date order is day-first, month-first or year-first, not '{name}'"))
}

pub fn separator(name: &str) -> Result<u8> {
    dialect::by_name(name)
        .with_context(|| format!("the separator is comma, semicolon, tab or pipe, not '{name}'"))
}

pub fn decimal(sign: &str) -> Result<Decimal> {
    Decimal::by_name(sign).with_context(|| format!("the decimal sign is point or comma, not '{sign}'"))
}

/// `name="Point Name",unit=Units` as columns.
pub fn columns(text: &str) -> Result<Vec<(Meaning, String)>> {
    let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut columns = Vec::new();
    for field in csv.records().next().transpose()?.unwrap_or_default().iter() {
        let Some((word, header)) = field.split_once('=') else {
            bail!("'{field}' is no column; write them as name=\"Point Name\",unit=Units");
        };
        columns.push((meaning(word.trim())?, header.trim().trim_matches('"').to_owned()));
    }
    Ok(columns)
}

/// What was found out, as `import.toml` says it.
pub fn written(survey: &Survey) -> Result<String> {
    let options = &survey.options;
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (meaning, header) in survey.files.iter().flat_map(|file| file.format.columns()) {
        let headers = columns.entry(meaning.word().to_owned()).or_default();
        if !header.is_empty() && !headers.contains(&header) {
            headers.push(header);
        }
    }
    columns.retain(|_, headers| !headers.is_empty());
    let one = |mut headers: Vec<String>| match headers.len() {
        1 => Headers::One(headers.remove(0)),
        _ => Headers::Several(headers),
    };
    let order = survey.files.iter().find_map(|file| file.order.filter(|_| file.has_open_dates));
    let mapping = Mapping {
        timezone: options.zone.map(|zone| zone.to_string()),
        date_order: options.date_order.or(order).map(|order| order.name().to_owned()),
        encoding: options.encoding.map(|encoding| encoding::title(encoding).to_owned()),
        separator: options.separator.map(|separator| char::from(separator).to_string()),
        decimal: options.decimal.map(|decimal| decimal.sign().to_owned()),
        columns: columns.into_iter().map(|(word, headers)| (word, one(headers))).collect(),
    };
    Ok(toml::to_string(&mapping)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_said_as_pairs() {
        let said = columns(r#"name="Point Name",unit=Units"#).unwrap();
        assert_eq!(said, [(Meaning::Name, "Point Name".into()), (Meaning::Unit, "Units".into())]);
        assert_eq!(columns(r#""name=a, b""#).unwrap(), [(Meaning::Name, "a, b".into())]);
        assert!(columns("tag=X").unwrap_err().to_string().contains("those that are: timestamp"));
        assert!(columns("X").unwrap_err().to_string().contains("write them as"));
    }

    #[test]
    fn what_is_said_in_the_file_is_understood() {
        let said = understand(
            "timezone = \"Europe/Oslo\"\ndate_order = \"day-first\"\nencoding = \"cp949\"\nseparator = \";\"\ndecimal = \",\"\n[columns]\nname = [\"TAG\", \"Point Name\"]\nvalue = \"V\"\n",
        )
        .unwrap();
        assert_eq!(said.columns.len(), 3);
        assert_eq!((said.separator, said.decimal), (Some(b';'), Some(Decimal::Comma)));
        assert_eq!(said.zone.unwrap().to_string(), "Europe/Oslo");
        for wrong in ["colums = 1", "separator = \"x\"", "timezone = \"Nowhere\"", "[columns]\ntag = \"x\""] {
            assert!(understand(wrong).is_err(), "{wrong}");
        }
    }
}
