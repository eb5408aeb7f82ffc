//! Every query that is asked often is served by an index. The SQL is that of the program, as `.sqlx` keeps
//! it, and it is planned for tables that are filled.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use std::{fs, path::Path};

use crate::support::TestStore;

const FILL: &str = "
    insert into data_sources (id, name)
        select md5('source' || n)::uuid, 'plant ' || n from generate_series(1, 4) n;
    insert into points (id, data_source_id, name)
        select md5('point' || n)::uuid, md5('source' || n % 4 + 1)::uuid, 'T' || n from generate_series(1, 8000) n;
    insert into sample_blocks (point, day, count, data)
        select p.key, date '2026-03-01' + n, 96, 'x' from points p, generate_series(1, 7) n;
    insert into correlations (data_source_id, point_a, point_b, variant, r, sample_count, window_end)
        select p.data_source_id, least(p.id, q.id), greatest(p.id, q.id), v, 0.9, 672, now()
        from points p join points q on q.key = p.key + 4, unnest(array['level', 'high_pass', 'rank']) v;
    insert into clusters (id, data_source_id, kind, label, cohesion, generation, status)
        select md5('cluster' || n)::uuid, md5('source' || n % 4 + 1)::uuid, 'equipment', 'P-' || n, 1, 1,
               case when n % 5 = 0 then 'active' else 'dissolved' end
        from generate_series(1, 8000) n;
    insert into suggestions (id, data_source_id, kind, subject_kind, subject_id, subject_label, content, purpose, status,
                             confidence, scores, reason, members, expires_at)
        select md5('suggestion' || n)::uuid, md5('source' || n % 4 + 1)::uuid, 'equipment', 'cluster',
               md5('cluster' || n)::uuid, 'P-' || n, '{\"kind\": \"equipment\", \"roles\": {}}', 'new_pattern',
               case when n % 5 = 0 then 'pending' else 'approved' end, (n % 1000) / 1000.0, '{}', '',
               array[md5('point' || n)::uuid], now() + make_interval(days => n % 60)
        from generate_series(1, 8000) n;
    insert into outbox (id, aggregatetype, aggregateid, type, topic, event, position, published_at)
        select gen_random_uuid(), 'cluster', gen_random_uuid(), 'ClusterChanged', 'naia.patterns.clusters', '{}',
               case when n <= 19900 then n end, case when n <= 19800 then now() end
        from generate_series(1, 20000) n;
    insert into job_runs (id, job, status, triggered_by, delivery, created_at)
        select gen_random_uuid(), (array['sealing', 'maintenance', 'pattern-matching'])[n % 3 + 1],
               case when n % 100 = 0 then 'queued' else 'succeeded' end, 'test', 'd' || n,
               now() - make_interval(mins => n)
        from generate_series(1, 8000) n;
    insert into job_runs (id, job, status, triggered_by, delivery)
        select md5('run' || n)::uuid, 'correlation-analysis', 'succeeded', 'test', 'r' || n
        from generate_series(1, 200) n;
    insert into job_runs (id, job, status, triggered_by, delivery, parent_id, arguments, generation)
        select gen_random_uuid(), 'correlation-tile', 'succeeded', 'test', 't' || n, md5('run' || n % 200 + 1)::uuid,
               jsonb_build_object('tile', n), 1
        from generate_series(1, 4000) n;
    insert into dead_letters (id, topic, partition, record_offset, reason, created_at)
        select gen_random_uuid(), 'naia.datapoints', 0, n, 'not json', now() - make_interval(mins => n)
        from generate_series(1, 8000) n;
    analyze";

/// A part of the query, what it is asked with, and the index that has to serve it.
const HOT: [(&str, &str, &str); 21] = [
    (
        "select id as \"id!\" from listed_suggestions",
        "'pending', null, null, null, null, null, 'priority', null, null, null, 51, 0, null",
        "suggestions_priority",
    ),
    (
        "from suggestions where data_source_id = $1 and status = 'pending'",
        "md5('source1')::uuid",
        "suggestions_data_source",
    ),
    (
        "from suggestions where status in ('pending', 'deferred') and expires_at <= $1",
        "now()",
        "suggestions_expiry",
    ),
    (
        "join clusters c on c.id = s.subject_id left join",
        "array[md5('suggestion7')::uuid]",
        "suggestions_pkey",
    ),
    ("where s.id = any($1) order by s.id", "array[md5('suggestion7')::uuid]", "suggestions_pkey"),
    ("exists (select 1 from outbox where position is null)", "", "outbox_unnumbered"),
    ("with batch as ( select ordinal from outbox", "19901, 500", "outbox_unnumbered"),
    ("where o.published_at is null and o.position is not null", "500", "outbox_unpublished"),
    ("from outbox where position > $1 order by position limit", "19000, 500", "outbox_position_key"),
    (
        "order by p.data_source_id, p.name limit $4",
        "'plant 1', null, null, 51",
        "points_data_source_id_name_key",
    ),
    (
        "lag_buckets, sample_count from correlations where data_source_id = $1 and variant = $2",
        "md5('source1')::uuid, 'level'",
        "correlations_data_source",
    ),
    (
        "delete from correlations where data_source_id = $1 and variant = $2",
        "md5('source1')::uuid, 'level', array[md5('point7')::uuid]",
        "correlations_point_b",
    ),
    (
        "from clusters where data_source_id = $1 and kind = $2 and status = 'active' order by id",
        "md5('source1')::uuid, 'equipment'",
        "clusters_active",
    ),
    (
        "order by r.created_at desc, r.id desc limit",
        "null, null, null, null, null, null, 50",
        "job_runs_recent",
    ),
    (
        "where parent_id = $1 and generation = $2 and status <> 'succeeded'",
        "md5('run7')::uuid, 1",
        "job_runs_parent",
    ),
    ("cancel_requested = true where parent_id = $1", "md5('run7')::uuid", "job_runs_parent"),
    (
        "set status = 'cancelled', finished_at = now() where parent_id = $1",
        "md5('run7')::uuid",
        "job_runs_parent",
    ),
    (
        "where job = $1 and status = 'running' and id <> $2",
        "'sealing', md5('x')::uuid, null",
        "job_runs_open",
    ),
    (
        "from sample_blocks where day = $1 and point = any($2)",
        "'2026-03-04', array[17, 18]",
        "sample_blocks_pkey",
    ),
    (
        "from unnest($1::int[]) as k(point) cross join lateral",
        "array[17, 18], '2026-03-04'",
        "sample_blocks_pkey",
    ),
    ("order by created_at desc, id desc limit $2", "null, 50", "dead_letters_created_at"),
];

#[tokio::test]
async fn every_hot_query_has_an_index_that_serves_it() {
    let store = TestStore::create().await;
    let mut conn = store.pool().acquire().await.unwrap();
    conn.execute(FILL).await.unwrap();
    // Planned for the values it is asked with, as PostgreSQL does for queries whose filters may be null.
    conn.execute("set plan_cache_mode = force_custom_plan").await.unwrap();
    let queries = queries();
    let mut unserved = Vec::new();
    for (part, values, index) in HOT {
        let found: Vec<&String> = queries.iter().filter(|query| query.contains(part)).collect();
        assert!(!found.is_empty(), "no query contains: {part}");
        for query in found {
            let plan = plan(&mut conn, query, values).await;
            if !plan.contains(&format!("\"{index}\"")) {
                unserved.push(format!("{index} does not serve: {query}\n{plan}"));
            }
        }
    }
    assert!(unserved.is_empty(), "{}", unserved.join("\n\n"));
}

/// The SQL of the whole program, on one line each.
fn queries() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let text =
        |file: Vec<u8>| serde_json::from_slice::<Value>(&file).unwrap()["query"].as_str().unwrap().to_owned();
    files.map(text).map(|query| query.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

async fn plan(conn: &mut PgConnection, query: &str, values: &str) -> String {
    conn.execute(AssertSqlSafe(format!("prepare hot as {query}"))).await.unwrap();
    let values = if values.is_empty() { String::new() } else { format!("({values})") };
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("explain (format json) execute hot{values}")));
    let plan: Value = conn.fetch_one(explain).await.unwrap().get(0);
    conn.execute("deallocate hot").await.unwrap();
    format!("{plan:#}")
}
