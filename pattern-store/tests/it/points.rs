use chrono::{DateTime, Utc};
use pattern_store::{NewPoint, PointLabels, StoreError};

use crate::support::TestStore;

fn point(name: &str, unit: &str) -> NewPoint {
    NewPoint { name: name.into(), unit: unit.into(), ..NewPoint::default() }
}

#[tokio::test]
async fn registering_the_same_points_again_changes_nothing() {
    let store = TestStore::create().await;
    let points = [point("P-101.PV", "bar"), point("P-102.PV", "")];
    let first = store.register_points("plant", &points).await.unwrap();
    assert_eq!((first.new, first.changed, first.unchanged), (2, 0, 0));
    let second = store.register_points("plant", &points).await.unwrap();
    assert_eq!((second.new, second.changed, second.unchanged), (0, 0, 2));
    assert_eq!(second.keys, first.keys);
    assert_eq!(
        store.data_source("plant").await.unwrap().unwrap().version,
        2,
        "the first one made new points"
    );
}

#[tokio::test]
async fn what_is_not_known_never_removes_what_is() {
    let store = TestStore::create().await;
    let mut known = point("P-101.PV", "bar");
    known.labels = PointLabels { role: Some("Discharge Pressure".into()), ..PointLabels::default() };
    store.register_points("plant", &[known]).await.unwrap();

    let unnamed = store.register_points("plant", &[NewPoint::named("P-101.PV")]).await.unwrap();
    assert_eq!((unnamed.changed, unnamed.unchanged), (0, 1));
    let corrected = store.register_points("plant", &[point("P-101.PV", "kPa")]).await.unwrap();
    assert_eq!((corrected.changed, corrected.unchanged), (1, 0));
    assert_eq!(store.points(None, None, None, 10).await.unwrap().items[0].unit, "kPa");
}

#[tokio::test]
async fn pages_show_every_point_once_and_search_takes_wildcards_literally() {
    let store = TestStore::create().await;
    let names = ["A_1", "A_2", "AB1", "B%", "C"];
    store.register_points("plant", &names.map(NewPoint::named)).await.unwrap();
    store.register_points("other", &[NewPoint::named("A_1")]).await.unwrap();

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.points(Some("plant"), None, after, 2).await.unwrap();
        assert_eq!(page.total, 5);
        seen.extend(page.items.into_iter().map(|p| p.name));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    seen.sort();
    let mut expected = names;
    expected.sort();
    assert_eq!(seen, expected);

    let found = store.points(Some("plant"), Some("a_"), None, 10).await.unwrap();
    assert_eq!(found.items.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["A_1", "A_2"]);
    assert_eq!(store.data_sources().await.unwrap().len(), 2);
}

#[tokio::test]
async fn many_who_register_the_same_new_points_get_the_same_keys() {
    let store = TestStore::create().await;
    let names: Vec<NewPoint> = (0..200).map(|i| NewPoint::named(format!("T{i}"))).collect();
    let tasks: Vec<_> = (0..6)
        .map(|turn| {
            let (store, mut points) = (store.clone(), names.clone());
            points.rotate_left(turn * 31);
            tokio::spawn(async move { store.register_points("plant", &points).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    let mut keys = Vec::new();
    for task in tasks {
        let registered = task.await.unwrap();
        new += registered.new;
        keys.push(registered.keys);
    }
    assert_eq!(new, 200);
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn importing_known_points_again_uses_up_no_keys() {
    let store = TestStore::create().await;
    let points: Vec<NewPoint> = (0..50).map(|i| point(&format!("T{i}"), "bar")).collect();
    store.register_points("plant", &points).await.unwrap();
    for unit in ["bar", "kPa", ""] {
        let again: Vec<NewPoint> = points.iter().map(|p| point(&p.name, unit)).collect();
        assert_eq!(store.register_points("plant", &again).await.unwrap().new, 0);
    }
    let next = store.register_points("plant", &[NewPoint::named("U")]).await.unwrap();
    assert_eq!((next.new, next.keys["U"]), (1, 51));
}

#[tokio::test]
async fn a_value_that_postgres_can_not_keep_is_refused_and_not_a_failure() {
    let store = TestStore::create().await;
    let zero = store.register_points("plant", &[NewPoint::named("T\0")]).await;
    assert!(matches!(zero, Err(StoreError::Invalid(_))), "{zero:?}");
    let absurd = store.prune_dead_letters(DateTime::<Utc>::MIN_UTC).await;
    assert!(matches!(absurd, Err(StoreError::Invalid(_))), "{absurd:?}");
}
