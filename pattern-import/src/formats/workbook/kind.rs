use anyhow::Result;
use std::io::{Read, Seek};
use zip::ZipArchive;

/// What a workbook is, by its first bytes and its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Xlsx,
    Xlsb,
    Xls,
    Ods,
}

impl Kind {
    pub fn of(mut bytes: impl Read + Seek) -> Result<Self> {
        let mut first = [0; 2];
        bytes.rewind()?;
        bytes.read_exact(&mut first)?;
        if first != *b"PK" {
            return Ok(Self::Xls);
        }
        let archive = ZipArchive::new(bytes)?;
        Ok(match () {
            () if archive.index_for_name("mimetype").is_some() => Self::Ods,
            () if archive.index_for_name("xl/workbook.bin").is_some() => Self::Xlsb,
            () => Self::Xlsx,
        })
    }
}
