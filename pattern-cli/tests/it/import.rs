use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};
use pattern_cli::import::{Counts, Import, ImportSummary, Qualities};
use pattern_embedded::testing::TestDatabase;
use pattern_import::Options;
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
        self.import_with(data_source, Options::default()).await
    }

    async fn import_with(&self, data_source: &str, options: Options) -> anyhow::Result<ImportSummary> {
        let import = Import {
            path: self.folder.path().to_path_buf(),
            data_source: data_source.into(),
            rejects: self.rejects_path(),
            options,
            now: "2026-03-10T00:00:00Z".parse().unwrap(),
            stop: CancellationToken::new(),
        };
        import.run(&self.store).await
    }

    /// Whether anything of an import is there.
    async fn is_untouched(&self) -> bool {
        self.store.data_sources().await.unwrap().is_empty()
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
    let points = "\u{feff}Description,colour,Name,unit\nx,red,A,psi\n";
    let samples =
        "value,extra,name,timestamp\n1.5,zzz,A,1772409600000\n2.5,zzz,A,2026-03-02T01:05:00+01:00\n";
    let site = Site::new(&[("points.csv", points.as_bytes()), ("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.ignored_columns, ["colour", "extra"]);
    assert_eq!(
        site.stored().await,
        [("A".to_string(), 1_772_409_600, 1.5, 0), ("A".to_string(), 1_772_409_900, 2.5, 0)]
    );
}

#[tokio::test]
async fn every_bad_row_is_named_by_line_and_reason() {
    let points = b"name,unit,description\nA,psi,\n,bar,\nA,psi,again\n";
    let samples = "timestamp,name,value,quality
2026-03-02T00:00:00Z,A,1,0
yesterday,A,1,0
1970-01-01T00:00:00Z,A,1,0
2026-04-02T00:00:00Z,A,1,0
2026-03-02T00:20:00Z,,1,0
2026-03-02T00:30:00Z,A
2026-03-02T00:35:00Z,A,2
2026-03-02T00:40:00Z,A,0x10
2026-03-02T00:45:00Z,A,0x10
";
    let site = Site::new(&[("points.csv", points), ("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.points, counts(1, 0, 0, 2));
    assert_eq!(summary.samples, counts(2, 0, 0, 7));
    let expected = [
        ("points.csv", 3, "name is empty"),
        ("points.csv", 4, "'A' is on line 2"),
        ("samples.csv", 3, "the time 'yesterday' is none"),
        ("samples.csv", 4, "before 1990"),
        ("samples.csv", 5, "in the future"),
        ("samples.csv", 6, "name is empty"),
        ("samples.csv", 7, "too few for 'value'"),
        (
            "samples.csv",
            9,
            "'0x10' of 'A' is a hexadecimal number; export it as a decimal one (and in 1 more rows)",
        ),
    ];
    let rejects = site.rejects();
    assert_eq!(rejects.len(), expected.len(), "{rejects:?}");
    for ((file, line, reason), (in_file, on_line, because)) in rejects.iter().zip(expected) {
        assert_eq!((file.as_str(), *line), (in_file, on_line), "{reason}");
        assert!(reason.contains(because), "line {line}: '{reason}' should say '{because}'");
    }
    assert_eq!(summary.rejects, Some(site.rejects_path()));
    assert!(summary.to_string().contains("2 × the value '0x10'"), "{summary}");
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
async fn what_is_missing_is_said_with_what_to_do_and_nothing_is_left_behind() {
    let cases: [(Files<'_>, &str); 8] = [
        (&[], "put your export there, or a points.csv"),
        (&[("points.csv", b"what,unit\nA,psi\n")], "neither a column for the name"),
        (&[("points.csv", b"name,name\nA,B\n")], "'name' twice"),
        (&[("points.csv", b"name,unit\n")], "no point and no sample"),
        (
            &[("points.csv", b"name\nA\n"), ("samples.csv", b"name,value\nA,1\n")],
            "no column for the time (found: name, value)",
        ),
        (
            &[("points.csv", b"name\nA\n"), ("samples.csv", b"timestamp,name,value\n2026-03-02 00:00,A,1\n")],
            "--timezone Europe/Oslo",
        ),
        (
            &[
                ("points.csv", b"name\nA\n"),
                ("samples.csv", b"timestamp,name,value\n1970-01-01T00:00:00Z,A,1\n"),
            ],
            "no sample in",
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
        assert!(site.is_untouched().await, "{says}");
    }
}

#[tokio::test]
async fn an_import_of_which_nothing_can_be_used_fails_and_says_why_and_where_to_look() {
    let site = Site::new(&[
        ("points.csv", b"name\n"),
        ("samples.csv", b"timestamp,name,value\n1970-01-01T00:00:00Z,A,1\n"),
    ])
    .await;
    let error = site.import().await.unwrap_err().to_string();
    assert!(error.contains("before 1990") && error.contains("rejects.csv"), "{error}");
    assert_eq!(site.rejects().len(), 1);
    assert!(site.is_untouched().await);
}

#[tokio::test]
async fn an_import_whose_values_all_mean_nothing_fails_and_leaves_nothing_behind() {
    let site = Site::new(&[(
        "samples.csv",
        b"timestamp,name,value\n2026-03-02T00:00:00Z,A,0x10\n2026-03-02T00:05:00Z,A,0x1F\n",
    )])
    .await;
    let error = site.import().await.unwrap_err().to_string();
    assert!(error.contains("no sample in") && error.contains("hexadecimal"), "{error}");
    assert!(site.is_untouched().await);
}

#[tokio::test]
async fn of_a_file_that_breaks_off_nothing_is_stored() {
    let long: String =
        (0..20_000).map(|i| format!("{},A,{}\n", 1_772_409_600_000i64 + i * 1000, i * i)).collect();
    let whole = gz(&format!("timestamp,name,value\n{long}"));
    let cut = &whole[..whole.len() / 2];
    let site = Site::new(&[("points.csv", b"name\nA\n"), ("samples.csv.gz", cut)]).await;
    let error = format!("{:#}", site.import().await.unwrap_err());
    assert!(error.contains("cut off near"), "{error}");
    assert!(site.is_untouched().await);
}

#[tokio::test]
async fn what_opc_da_calls_good_is_stored_as_good_and_counted() {
    let samples = "timestamp,name,value,quality
2026-03-02T00:00:00Z,A,1,192
2026-03-02T00:05:00Z,A,2,216
2026-03-02T00:10:00Z,A,3,64
2026-03-02T00:15:00Z,A,4,0
2026-03-02T00:20:00Z,A,Bad Input,192
";
    let site = Site::new(&[("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.qualities, Qualities { good: 2, uncertain: 1, bad: 2 });
    let qualities: Vec<i16> = site.stored().await.iter().map(|(.., quality)| *quality).collect();
    assert_eq!(qualities, [0, 0, 64, 1, 1]);
    let said = summary.to_string();
    for says in [
        "2 good, 1 uncertain, 2 bad",
        "OPC DA, 192 is good",
        "most samples do not count as good",
        "1 'Bad Input'",
    ] {
        assert!(said.contains(says), "'{said}' should say '{says}'");
    }
}

#[tokio::test]
async fn points_without_a_good_sample_are_named() {
    let samples =
        "timestamp,name,value,quality\n2026-03-02T00:00:00Z,A,1,Good\n2026-03-02T00:00:00Z,B,1,Bad\n";
    let site = Site::new(&[("samples.csv", samples.as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.points_without_good, ["B"]);
    assert!(summary.to_string().contains("only the name counts: B"), "{summary}");
}

#[tokio::test]
async fn states_are_kept_with_the_point_and_keep_their_numbers_in_the_next_import() {
    let rows = |states: &[&str], day: u32| {
        let rows = states.iter().enumerate().map(|(i, s)| format!("2026-03-0{day}T00:0{i}:00Z,A,{s}\n"));
        format!("timestamp,name,value\n{}", rows.collect::<String>())
    };
    let site = Site::new(&[("samples.csv", rows(&["Auto", "Off", "Hand"], 2).as_bytes())]).await;
    let summary = site.import().await.unwrap();
    assert_eq!(summary.states, ["A (0 Auto, 1 Off, 2 Hand)"]);
    fs::write(site.folder.path().join("samples.csv"), rows(&["Service", "Hand", "Auto"], 3)).unwrap();
    site.import().await.unwrap();
    let values: Vec<f64> = site.stored().await.iter().map(|(_, _, value, _)| *value).collect();
    assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 2.0, 0.0]);
    let page = site.store.points(Some("site"), None, None, 10).await.unwrap();
    assert_eq!(page.items[0].states, ["Auto", "Off", "Hand", "Service"]);
    assert!(site.import().await.unwrap().changed_nothing());
}

#[tokio::test]
async fn device_path_and_group_are_kept_with_the_point() {
    let points = b"name,device,path,group\nA,AHU-1,Roof/North,Hall 3\n";
    let site = Site::new(&[("points.csv", points)]).await;
    site.import().await.unwrap();
    let point = &site.store.points(Some("site"), None, None, 10).await.unwrap().items[0];
    assert_eq!([point.device.as_str(), &point.path, &point.group], ["AHU-1", "Roof/North", "Hall 3"]);
    assert!(site.import().await.unwrap().changed_nothing());
    fs::write(site.folder.path().join("points.csv"), "name,device\nA,AHU-2\n").unwrap();
    assert_eq!(site.import().await.unwrap().points, counts(0, 1, 0, 0));
}

#[tokio::test]
async fn a_european_wide_table_arrives_in_its_time_zone() {
    let table = "Zeitstempel;Vorlauf [\u{b0}C];Pumpe\n02.03.2026 01:00;60,5;Ein\n02.03.2026 01:15;61,0;Aus\n";
    let latin: Vec<u8> = table.chars().map(|c| c as u8).collect();
    let site = Site::new(&[("export.csv", &latin)]).await;
    let options = Options { zone: Some("Europe/Berlin".parse().unwrap()), ..Options::default() };
    let summary = site.import_with("site", options).await.unwrap();
    assert!(summary.files[0].contains("Windows-1252, semicolons, decimal comma"), "{:?}", summary.files);
    let stored = site.stored().await;
    assert_eq!(stored[0], ("Pumpe".into(), 1_772_409_600, 1.0, 0));
    assert_eq!(stored[2], ("Vorlauf".into(), 1_772_409_600, 60.5, 0));
}
