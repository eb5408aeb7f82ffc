use anyhow::Result;
use pattern_store::{IngestGap, Store};

pub async fn list(store: &Store, limit: u32, json: bool) -> Result<()> {
    let gaps = store.ingest_gaps(limit).await?;
    for gap in &gaps {
        println!("{}", if json { serde_json::to_string(gap)? } else { line(gap) });
    }
    if json {
        return Ok(());
    }
    let totals = store.ingest_gap_totals().await?;
    match totals.gaps {
        0 => println!("no gaps: every record was read before it was deleted"),
        all => println!("{all} gaps, at most {} records missing", totals.records),
    }
    Ok(())
}

fn line(gap: &IngestGap) -> String {
    let time = gap.found_at.format("%Y-%m-%d %H:%M:%S");
    let (from, to) = (gap.from_offset, gap.to_offset - 1);
    format!(
        "{time} {}/{} offsets {from} to {to} were deleted before they were read",
        gap.topic, gap.partition
    )
}
