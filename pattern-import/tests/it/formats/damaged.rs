//! Whatever a file holds, it is refused or read, and reading it ends.

use super::Read;
use crate::support::{folder, options};
use pattern_import::survey;
use proptest::prelude::*;
use std::sync::Arc;

const BEGINNINGS: [&str; 9] = [
    "ver:\"3.0\" id:@p \"x\"\nts,val unit:\"°F\"\n2026-11-20T00:00:00Z UTC,72.5°F\n",
    "ver:\"3.0\"\nid,dis,point,enum\n@a \"b\",\"c, \\\"d\\\"\",M,\"off,on\"\n",
    "{\"meta\":{\"ver\":\"3.0\"},\"cols\":[{\"name\":\"ts\"},{\"name\":\"v0\"}],\"rows\":[{\"ts\":\"t:2026-11-20T00:00:00Z\",\"v0\":\"n:1 kW\"}]}",
    "id,dis,point,unit\n@p1 x,Zone,✓,°F\n",
    "# keyname;device obj.-instance;object-name;object-type;object-instance;unit-code\nK;1;T;0;1;62\n",
    "#group,false,false,true\n#datatype,string,long,double\n#default,,,\n,result,_time,_value\n,,2026-11-20T00:00:00Z,1\n",
    "Point Name,Volttron Point Name,Units,Unit Details\nA,B,degC,0=Off\n",
    "entity_id,state,last_changed\na.b,on,2026-11-20T00:00:00Z\n",
    "TI1,,PI2,\n27/10/2026 05:00:00,1,27/10/2026 05:00:03,2\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_file_is_refused_or_read_and_that_ends(
        which in 0..BEGINNINGS.len(),
        edits in prop::collection::vec((0usize..400, "[\\PC,;:@\"\n\\[\\](){}\\\\-]{0,3}", 0usize..6), 0..5),
    ) {
        let mut letters: Vec<char> = BEGINNINGS[which].chars().collect();
        for (at, put, over) in edits {
            let from = at % (letters.len() + 1);
            let to = (from + over).min(letters.len());
            letters.splice(from..to, put.chars());
        }
        let text: String = letters.into_iter().collect();
        let folder = folder(&[("file.csv", text.as_bytes())]);
        let Ok(survey) = survey(folder.path(), options("UTC")) else { return Ok(()) };
        for file in &survey.files {
            // Damage that is told is an error; what must not happen is a panic.
            let _ = file.format.read(&file.input(&survey.sources, Arc::default()), &mut Read::default());
        }
    }
}
