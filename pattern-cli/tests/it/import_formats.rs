//! Formats of programs, through the command into the database.

use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use std::fs;

use crate::support::naia;

#[tokio::test]
async fn what_building_systems_export_is_stored_with_units_states_and_places() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    store.migrate().await.unwrap();
    let here = tempfile::tempdir().unwrap();
    let site = here.path().join("site");
    fs::create_dir(&site).unwrap();
    for (name, content) in [
        (
            "house_EDE.csv",
            "# keyname;device obj.-instance;object-name;object-type;object-instance;description;state-text-reference;unit-code\n\
             K1;7001;AHU1_T_SUP;0;1;Zulufttemperatur;;62\nK2;7001;AHU1_MODE;14;3;Betriebsart;1;\n",
        ),
        ("house_StateTexts.csv", "#Reference Number;Text 1 or Inactive-Text;Text 2\n1;Auto;Hand\n"),
        (
            "points.zinc",
            "ver:\"3.0\"\nid,dis,point,unit,equipRef,siteRef,zone,air,temp,sp\n\
             @p:1,\"RTU-1 ZoneTempSp\",M,\"°F\",@e \"RTU-1\",@s \"Main Street\",M,M,M,M\n",
        ),
        ("p_1.zinc", "ver:\"3.0\"\nts,val\n2026-11-20T00:00:00-05:00 New_York,72.5°F\n"),
    ] {
        fs::write(site.join(name), content).unwrap();
    }

    let output = naia(here.path(), &["import", "site", "--postgres", &database.url]);
    assert!(output.success, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("3 new, 0 changed, 0 unchanged, 0 rejected"), "{}", output.stdout);
    assert!(output.stdout.contains("1 new, 0 changed"), "{}", output.stdout);

    let mut points = store.points(Some("site"), None, None, 10).await.unwrap().items;
    points.sort_by(|a, b| a.name.cmp(&b.name));
    let [mode, supply, setpoint] = &points[..] else { panic!("{points:?}") };
    assert_eq!((mode.name.as_str(), mode.states.join("/").as_str()), ("AHU1_MODE", "/Auto/Hand"));
    assert_eq!((supply.unit.as_str(), supply.device.as_str()), ("degrees-celsius", "7001"));
    assert_eq!(setpoint.name, "RTU-1 ZoneTempSp");
    assert_eq!(setpoint.description, "zone air temp setpoint");
    assert_eq!((setpoint.device.as_str(), setpoint.group.as_str()), ("RTU-1", "Main Street"));
}
