//! Folders in the folder: what is read of them, and what they tell.

use pattern_import::{Options, survey};
use std::{fs, os::unix::fs::symlink};

use crate::support::{Read, folder, read_utc};

const WIDE: &[u8] = b"time,SAT,RAT\n2026-11-20 00:00,1,2\n2026-11-20 00:05,3,4\n";

fn paths(read: &Read) -> Vec<String> {
    read.content.points.iter().map(|point| format!("{} in {}", point.name, point.path)).collect()
}

#[test]
fn a_folder_is_the_path_of_what_is_in_it_alone() {
    let read = read_utc(&[
        ("north/kiln/a.csv", b"timestamp,name,value\n2026-11-20T00:00:00Z,A,1\n"),
        ("south/b.csv", b"timestamp,name,value,path\n2026-11-20T00:00:00Z,B,1,\n2026-11-20T00:00:00Z,C,1,Roof\n"),
        ("south/d.csv", b"timestamp,name,value\n2026-11-20T00:00:00Z,D,1\n"),
        ("north/d.csv", b"timestamp,name,value\n2026-11-21T00:00:00Z,D,1\n2026-11-21T00:00:00Z,E,1\n2026-11-21T00:00:00Z,F,1\n"),
        ("points.csv", b"name,unit\nA,bar\n"),
    ]);
    assert_eq!(
        paths(&read),
        ["A in north/kiln", "D in ", "E in north", "F in north", "B in south", "C in Roof"]
    );
    let content = &read.content;
    assert_eq!((content.points_of_folders, content.points_of_several_folders), (4, 1));
    assert_eq!(content.folders, ["north", "north/kiln", "south"]);
}

#[test]
fn a_folder_per_device_with_the_same_names_gives_each_its_own_points() {
    for (first, second, files) in [
        ("AHU-1/data.csv", "AHU-2/data.csv", [WIDE, WIDE]),
        // One begins a minute later.
        ("AHU-1/a.csv", "AHU-2/b.csv", [WIDE, b"time,SAT,RAT\n2026-11-20 00:01,1,2\n2026-11-20 00:06,3,4\n"]),
    ] {
        let read = read_utc(&[(first, files[0]), (second, files[1])]);
        let points = ["AHU-1/SAT in AHU-1", "AHU-1/RAT in AHU-1", "AHU-2/SAT in AHU-2", "AHU-2/RAT in AHU-2"];
        assert_eq!(paths(&read), points);
        assert_eq!(read.content.points[3].device, "AHU-2");
        assert!(read.survey.notes[0].contains("AHU-1, AHU-2"), "{:?}", read.survey.notes);
    }
    let tags: &[u8] = b"timestamp,value\n2026-11-20T00:00:00Z,1\n";
    let read = read_utc(&[("AHU-1/SAT.csv", tags), ("AHU-2/SAT.csv", tags), ("AHU-2/RAT.csv", tags)]);
    assert_eq!(paths(&read), ["AHU-1/SAT in AHU-1", "AHU-2/RAT in AHU-2", "AHU-2/SAT in AHU-2"]);
}

#[test]
fn the_lists_of_such_folders_are_of_their_points() {
    let list: &[u8] = b"name,unit\nSAT,degC\nRAT,degF\n";
    let read = read_utc(&[
        ("AHU-1/points.csv", list),
        ("AHU-2/points.csv", list),
        ("AHU-2/x.csv", WIDE),
        ("AHU-1/x.csv", WIDE),
    ]);
    let units: Vec<_> = read.content.points.iter().map(|p| (p.name.as_str(), p.unit.as_str())).collect();
    assert_eq!(
        units,
        [("AHU-1/SAT", "degC"), ("AHU-1/RAT", "degF"), ("AHU-2/SAT", "degC"), ("AHU-2/RAT", "degF")]
    );
    assert_eq!(read.samples.len(), 8);
    let names_alone = read_utc(&[("AHU-1/points.csv", list), ("AHU-2/points.csv", list)]);
    assert_eq!(names_alone.points(), ["AHU-1/SAT", "AHU-1/RAT", "AHU-2/SAT", "AHU-2/RAT"]);
}

#[test]
fn a_folder_per_month_goes_on_with_the_same_points() {
    let november: &[u8] = b"time,SAT,RAT\n2026-11-20 00:00,1,2\n2026-12-01 00:00,3,4\n";
    let december: &[u8] = b"time,SAT,RAT\n2026-12-01 00:00,3,4\n2026-12-01 00:05,5,6\n";
    for (first, second) in [("2026-11/a.csv", "2026-12/a.csv"), ("one/a.csv", "two/a.csv")] {
        let read = read_utc(&[(first, november), (second, december)]);
        assert_eq!(paths(&read), ["SAT in ", "RAT in "]);
        assert_eq!(read.values("SAT"), [1.0, 3.0, 3.0, 5.0]);
    }
    // In one month there were two of them, in the next only one has values.
    let read = read_utc(&[
        ("2026-11/AHU-1.csv", november),
        ("2026-11/AHU-2.csv", november),
        ("2026-12/AHU-1.csv", december),
    ]);
    assert_eq!(read.points(), ["AHU-1/SAT", "AHU-1/RAT", "AHU-2/SAT", "AHU-2/RAT"]);
}

#[test]
fn links_out_of_the_folder_and_what_lies_too_deep_are_left_alone_and_named() {
    let elsewhere = folder(&[("secret.csv", WIDE), ("more/x.csv", WIDE)]);
    let here =
        folder(&[("AHU-1/data.csv", WIDE), ("AHU-1/notes.md", b"x"), ("a/b/c/d/e/f/g/deep.csv", WIDE)]);
    symlink(elsewhere.path().join("secret.csv"), here.path().join("AHU-1/secret.csv")).unwrap();
    symlink(elsewhere.path().join("more"), here.path().join("more")).unwrap();
    symlink(here.path(), here.path().join("AHU-1/round")).unwrap();
    let found = survey(here.path(), Options::default()).unwrap();
    let names: Vec<&str> = found.files.iter().map(|file| file.source.name.as_str()).collect();
    assert_eq!(names, ["AHU-1/data.csv"]);
    for (what, why) in [
        ("AHU-1/secret.csv", "a link that leads out of the folder"),
        ("more", "a link to a folder"),
        ("AHU-1/round", "a link to a folder"),
        ("a/b/c/d/e/f/g", "too deep"),
        ("AHU-1/notes.md", "no table"),
    ] {
        let is_named = |note: &String| note.contains(what) && note.contains(why);
        assert!(found.notes.iter().any(is_named), "{what} {why}: {:?}", found.notes);
    }
    // Nor is one in the folder itself; who names a link means it.
    fs::remove_dir_all(here.path().join("AHU-1")).unwrap();
    let link = here.path().join("mine.csv");
    symlink(elsewhere.path().join("secret.csv"), &link).unwrap();
    assert_eq!(survey(here.path(), Options::default()).unwrap().files.len(), 0);
    assert_eq!(survey(&link, Options::default()).unwrap().files.len(), 1);
}
