//! NumPy's array format: a line that says type and shape, then the numbers.

use anyhow::{Context, Result};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

/// A number as NumPy names and stores it.
pub trait Number: Copy {
    const TYPE: &str;
    fn write(self, file: &mut impl Write) -> std::io::Result<()>;
}

impl Number for f32 {
    const TYPE: &str = "<f4";
    fn write(self, file: &mut impl Write) -> std::io::Result<()> {
        file.write_all(&self.to_le_bytes())
    }
}

impl Number for u32 {
    const TYPE: &str = "<u4";
    fn write(self, file: &mut impl Write) -> std::io::Result<()> {
        file.write_all(&self.to_le_bytes())
    }
}

impl Number for i64 {
    const TYPE: &str = "<i8";
    fn write(self, file: &mut impl Write) -> std::io::Result<()> {
        file.write_all(&self.to_le_bytes())
    }
}

/// Writes `dir/name.npy`: rows of `columns` numbers.
pub fn write<N: Number>(
    dir: &Path,
    name: &str,
    columns: usize,
    numbers: impl ExactSizeIterator<Item = N>,
) -> Result<()> {
    let path = dir.join(name).with_extension("npy");
    let written = || -> std::io::Result<()> {
        fs::create_dir_all(dir)?;
        let mut file = BufWriter::new(File::create(&path)?);
        let rows = numbers.len() / columns;
        let header =
            format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}", N::TYPE);
        // Magic, version and the header's length take 10 bytes; the numbers begin at a multiple of 64.
        let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
        file.write_all(b"\x93NUMPY\x01\x00")?;
        file.write_all(&(length as u16).to_le_bytes())?;
        writeln!(file, "{header:<width$}", width = length - 1)?;
        for number in numbers {
            number.write(&mut file)?;
        }
        file.flush()
    };
    written().with_context(|| format!("{} cannot be written", path.display()))
}
