use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};
use pattern_cli::import::{Counts, Import, ImportSummary};
use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use std::{fs, io::Write};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const POINTS: &str = "name,unit,description\nP-1.PD,psi,discharge pressure\nP-1.PS,psi,\n";
const SAMPLES: &str = "timestamp,name,value,quality
2026-03-02T00:00:00Z,P-1.PD,100.5,0
2026-03-02T00:00:00Z,P-1.PS,20,0
2026-03-02T00:05:00Z,P-1.PD,101.25,
2026-03-03T00:05:00Z,P-1.PD,99,1
";

/// Names and contents.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A folder to import and a database to import it into.
struct Site {
    folder: TempDir,
    store: Store,
    _database: TestDatabase,
}

impl Site {
    async fn new(files: Files<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 2).unwrap();
        store.migrate().await.unwrap();
        Self { folder, store, _database: database }
    }

    async fn import(&self) -> anyhow::Result<ImportSummary> {
        self.import_as("site").await
    }

    async fn import_as(&self, data_source: &str) -> anyhow::Result<ImportSummary> {
        let import = Import {
            dir: self.folder.path().to_path_buf(),
            data_source: data_source.into(),
            rejects: self.rejects_path(),
            now: "2026-03-10T00:00:00Z".parse().unwrap(),
            stop: CancellationToken::new(),
        };
        import.run(&self.store).await
    }

    fn rejects_path(&self) -> std::path::PathBuf {
        self.folder.path().join("rejects.csv")
    }

    /// (line, reason) of every rejected row.
    fn rejects(&self) -> Vec<(String, u64, String)> {
        let mut csv = csv::Reader::from_path(self.rejects_path()).unwrap();
        csv.deserialize::<(String, u64, String, String)>()
            .map(|row| row.map(|(file, line, reason, _)| (file, line, reason)).unwrap())
            .collect()
    }

    /// All samples as (name, epoch seconds, value, quality).
    async fn stored(&self) -> Vec<(String, i64, f64, i16)> {
        let source = self.store.data_source("site").await.unwrap().unwrap();
        let points = self.store.stored_points(source.id).await.unwrap();
        let keys: Vec<i32> = points.iter().map(|p| p.key).collect();
        let day = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let series = self
            .store
            .read_samples(&keys, day("2026-03-01T00:00:00Z"), day("2026-03-09T00:00:00Z"))
            .await
            .unwrap();
        points
            .iter()
            .zip(series)
            .flat_map(|(point, samples)| {
                samples.into_iter().map(|s| (point.name.clone(), s.at.timestamp(), s.value, s.quality))
            })
            .collect()
    }
}

fn gz(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn counts(new: u64, changed: u64, unchanged: u64, rejected: u64) -> Counts {
    Counts { new, changed, unchanged, rejected }
}

#[tokio::test]
async fn points_and_samples_arrive_as_they_are_in_the_files() {
    let site = Site::new(&[("points.csv", POINTS.as_bytes()), ("samples.csv", SAMPLES.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.points, counts(2, 0, 0, 0));
    assert_eq!(summary.samples, counts(4, 0, 0, 0));
    assert_eq!(summary.rejects, None);
    assert!(!site.rejects_path().exists());
    let source = site.store.data_source("site").await.unwrap().unwrap();
    let points = site.store.stored_points(source.id).await.unwrap();
    assert_eq!((points[0].unit.as_str(), points[0].description.as_str()), ("psi", "discharge pressure"));
    let expected = [
        ("P-1.PD", 1_772_409_600, 100.5, 0),
        ("P-1.PD", 1_772_409_900, 101.25, 0),
        ("P-1.PD", 1_772_496_300, 99.0, 1),
        ("P-1.PS", 1_772_409_600, 20.0, 0),
    ];
    assert_eq!(
        site.stored().await,
        expected.map(|(name, at, value, quality)| (name.into(), at, value, quality))
    );
}

#[tokio::test]
async fn a_second_import_changes_nothing() {
    let site = Site::new(&[("points.csv", POINTS.as_bytes()), ("samples.csv", SAMPLES.as_bytes())]).await;
    site.import().await.unwrap();
    let before = site.stored().await;
    let second = site.import().await.unwrap();
    assert!(second.changed_nothing());
    assert_eq!(second.points, counts(0, 0, 2, 0));
    assert_eq!(second.samples, counts(0, 0, 4, 0));
    assert!(second.to_string().contains("nothing changed"), "{second}");
    assert_eq!(site.stored().await, before);
}

#[tokio::test]
async fn a_second_import_counts_what_is_new_and_what_changed() {
    let site = Site::new(&[("points.csv", POINTS.as_bytes()), ("samples.csv", SAMPLES.as_bytes())]).await;
    site.import().await.unwrap();
    let more = SAMPLES.replace("101.25", "102") + "2026-03-04T00:00:00Z,P-1.PS,21,0\n";
    fs::write(site.folder.path().join("samples.csv"), more).unwrap();
    fs::write(site.folder.path().join("points.csv"), POINTS.replace("PS,psi,", "PS,bar,")).unwrap();
    let second = site.import().await.unwrap();
    assert_eq!(second.points, counts(0, 1, 1, 0));
    assert_eq!(second.samples, counts(1, 1, 3, 0));
    assert!(site.stored().await.contains(&("P-1.PD".into(), 1_772_409_900, 102.0, 0)));
}

#[tokio::test]
async fn compressed_samples_are_the_same_samples() {
    let plain = Site::new(&[("points.csv", POINTS.as_bytes()), ("samples.csv", SAMPLES.as_bytes())]).await;
    plain.import().await.unwrap();
    let zst = zstd::encode_all(SAMPLES.as_bytes(), 3).unwrap();
    for (name, content) in [("samples.csv.gz", gz(SAMPLES)), ("samples.csv.zst", zst)] {
        let site = Site::new(&[("points.csv", POINTS.as_bytes()), (name, &content)]).await;
        assert_eq!(site.import().await.unwrap().samples, counts(4, 0, 0, 0), "{name}");
        assert_eq!(site.stored().await, plain.stored().await, "{name}");
    }
}

#[tokio::test]
async fn columns_may_come_in_any_order_and_unknown_ones_are_ignored() {
    let points = "\u{feff}Description,site,Name,unit\nx,north,A,psi\n";
    let samples =
        "value,extra,name,timestamp\n1.5,zzz,A,1772409600000\n2.5,zzz,A,2026-03-02T01:05:00+01:00\n";
    let site = Site::new(&[("points.csv", points.as_bytes()), ("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.ignored_columns, ["site", "extra"]);
    assert_eq!(
        site.stored().await,
        [("A".to_string(), 1_772_409_600, 1.5, 0), ("A".to_string(), 1_772_409_900, 2.5, 0)]
    );
}

#[tokio::test]
async fn every_bad_row_is_named_by_line_and_reason() {
    let points = b"name,unit,description\nA,psi,\n,bar,\nA,psi,again\nB\xff,psi,\n";
    let samples = "timestamp,name,value,quality
2026-03-02T00:00:00Z,A,1,0
yesterday,A,1,0
2026-03-02T00:05:00Z,A,,0
2026-03-02T00:10:00Z,A,ON,0
2026-03-02T00:15:00Z,A,NaN,0
1970-01-01T00:00:00Z,A,1,0
2026-04-02T00:00:00Z,A,1,0
2026-03-02T00:20:00Z,,1,0
2026-03-02T00:25:00Z,A,1,good
2026-03-02T00:30:00Z,A
2026-03-02T00:35:00Z,A,2
";
    let site = Site::new(&[("points.csv", points), ("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.points, counts(1, 0, 0, 3));
    assert_eq!(summary.samples, counts(2, 0, 0, 9));
    let expected = [
        ("points.csv", 3, "name is empty"),
        ("points.csv", 4, "'A' is on line 2"),
        ("points.csv", 5, "not UTF-8"),
        ("samples.csv", 3, "'yesterday' is neither"),
        ("samples.csv", 4, "the value is empty"),
        ("samples.csv", 5, "'ON' is not a finite number"),
        ("samples.csv", 6, "'NaN' is not a finite number"),
        ("samples.csv", 7, "before 1990"),
        ("samples.csv", 8, "in the future"),
        ("samples.csv", 9, "name is empty"),
        ("samples.csv", 10, "quality 'good'"),
        ("samples.csv", 11, "too few for 'value'"),
    ];
    let rejects = site.rejects();
    assert_eq!(rejects.len(), expected.len(), "{rejects:?}");
    for ((file, line, reason), (in_file, on_line, because)) in rejects.iter().zip(expected) {
        assert_eq!((file.as_str(), *line), (in_file, on_line), "{reason}");
        assert!(reason.contains(because), "line {line}: '{reason}' should say '{because}'");
    }
    assert_eq!(summary.rejects, Some(site.rejects_path()));
}

#[tokio::test]
async fn names_that_the_ingest_would_refuse_are_not_imported() {
    let points = b"name,unit,description\nA,psi,\nB\tC,psi,\nB\x1b[2J,psi,\n";
    let site = Site::new(&[("points.csv", points)]).await;
    for name in ["north\tplant", &"n".repeat(501)] {
        let refused = site.import_as(name).await.unwrap_err().to_string();
        assert!(refused.contains("--data-source"), "{refused}");
    }
    assert_eq!(site.import().await.unwrap().points, counts(1, 0, 0, 2));
    assert!(site.rejects().iter().all(|(_, _, reason)| reason.contains("control character")));
}

#[tokio::test]
async fn texts_that_are_too_long_or_can_not_be_seen_are_rejected_by_column() {
    let long = "d".repeat(2_001);
    let points = format!(
        "name,unit,description,equipment\nA,psi,fine,P-1\nB\u{202e},psi,,\nC,p\u{200b}si,,\nD,psi,{long},\nE,psi,,\u{301}P\n"
    );
    let site = Site::new(&[("points.csv", points.as_bytes())]).await;
    assert_eq!(site.import().await.unwrap().points, counts(1, 0, 0, 4));
    let expected = [
        "name contains an invisible character (U+202E)",
        "'unit' contains",
        "'description' is 2001",
        "'equipment' begins",
    ];
    for ((_, _, reason), because) in site.rejects().iter().zip(expected) {
        assert!(reason.contains(because), "'{reason}' should say '{because}'");
    }
}

#[tokio::test]
async fn a_forgotten_quote_does_not_swallow_rows_in_silence() {
    let points = b"name,unit,description\nA,psi,\nB,psi,\"oops\nC,psi,\nD,psi,\"\nE,psi,\n";
    let site = Site::new(&[("points.csv", points)]).await;
    assert_eq!(site.import().await.unwrap().points, counts(2, 0, 0, 1));
    let (_, line, reason) = site.rejects().remove(0);
    assert_eq!(line, 3);
    assert!(reason.contains("over 2 more lines"), "{reason}");
}

#[tokio::test]
async fn points_that_only_samples_name_are_registered() {
    let samples = format!("{SAMPLES}2026-03-02T00:00:00Z,P-2.PD,3,0\n2026-03-02T00:05:00Z,P-2.PD,4,0\n");
    let site = Site::new(&[("points.csv", POINTS.as_bytes()), ("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.unlisted_points, 1);
    assert_eq!(summary.points, counts(3, 0, 0, 0));
    assert!(site.stored().await.contains(&("P-2.PD".into(), 1_772_409_900, 4.0, 0)));
    assert!(site.import().await.unwrap().changed_nothing());
}

#[tokio::test]
async fn names_and_units_are_enough() {
    let site = Site::new(&[("points.csv", POINTS.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert!(summary.no_samples_file);
    assert_eq!(summary.points, counts(2, 0, 0, 0));
    assert!(site.import().await.unwrap().changed_nothing());
}

#[tokio::test]
async fn of_a_sample_given_twice_the_last_one_counts_however_often_it_is_imported() {
    let samples =
        "timestamp,name,value\n1772409600000,A,1\n1772409600000,A,2\n1772323200000,A,7\n1772409600000,A,3\n";
    let site = Site::new(&[("points.csv", b"name\nA\n"), ("samples.csv", samples.as_bytes())]).await;
    let first = site.import().await.unwrap();
    assert_eq!((first.samples, first.repeated_samples), (counts(2, 0, 0, 0), 2));
    assert!(site.stored().await.contains(&("A".into(), 1_772_409_600, 3.0, 0)));
    assert!(site.import().await.unwrap().changed_nothing());
}

#[tokio::test]
async fn what_is_missing_is_said_with_what_to_do() {
    let cases: [(Files<'_>, &str); 6] = [
        (&[], "has no points.csv; make one"),
        (&[("points.csv", b"tag,unit\nA,psi\n")], "lacks the column name"),
        (&[("points.csv", b"name;unit\nA;psi\n")], "save it with commas"),
        (&[("points.csv", b"name,name\nA,B\n")], "'name' twice"),
        (
            &[("points.csv", b"name\nA\n"), ("samples.csv", b"time,name,value\n")],
            "lacks the column timestamp",
        ),
        (
            &[("points.csv", b"name\nA\n"), ("samples.csv", b"x"), ("samples.csv.gz", b"x")],
            "keep one of them",
        ),
    ];
    for (files, says) in cases {
        let site = Site::new(files).await;
        let error = format!("{:#}", site.import().await.unwrap_err());
        assert!(error.contains(says), "'{error}' should say '{says}'");
    }
}

#[tokio::test]
async fn an_import_of_which_nothing_can_be_used_fails_and_says_where_to_look() {
    let site =
        Site::new(&[("points.csv", b"name\n"), ("samples.csv", b"timestamp,name,value\nx,A,1\n")]).await;
    let error = site.import().await.unwrap_err().to_string();
    assert!(error.contains("rejects.csv"), "{error}");
    assert_eq!(site.rejects().len(), 1);
    assert!(Site::new(&[("points.csv", b"name,unit\n")]).await.import().await.is_err());
}

#[tokio::test]
async fn of_a_file_that_breaks_off_nothing_is_stored() {
    let long: String =
        (0..20_000).map(|i| format!("{},A,{}\n", 1_772_409_600_000i64 + i * 1000, i * i)).collect();
    let whole = gz(&format!("timestamp,name,value\n{long}"));
    let cut = &whole[..whole.len() / 2];
    let site = Site::new(&[("points.csv", b"name\nA\n"), ("samples.csv.gz", cut)]).await;
    let error = format!("{:#}", site.import().await.unwrap_err());
    assert!(error.contains("cut off near line"), "{error}");
    assert_eq!(site.stored().await, []);
}
