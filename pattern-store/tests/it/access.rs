use chrono::{TimeDelta, Utc};
use pattern_core::domain::{AuditAction, Principal, Scope};
use pattern_store::{AuditFilter, AuditRecord, NewKey, NewSession, StoreError};

use crate::support::TestStore;

fn key(name: &str) -> NewKey {
    NewKey { name: name.into(), scopes: [Scope::Viewer, Scope::Operator].into(), expires_at: None }
}

#[tokio::test]
async fn the_audit_log_only_grows() {
    let store = TestStore::create().await;
    let record = AuditRecord::new("anna", AuditAction::SignedIn, "anna");
    store.record_audit(&record).await.unwrap();
    for sql in ["update audit_log set actor = 'ben'", "delete from audit_log", "truncate audit_log"] {
        let refused = sqlx::query(sql).execute(store.pool()).await.expect_err(sql).to_string();
        assert!(refused.contains("only grows"), "{sql}: {refused}");
    }
    let log = store.audit_log(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(log.iter().map(|entry| entry.actor.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_alone_and_nobody_keeps_that() {
    let store = TestStore::create().await;
    let (made, secret) = store.create_api_key(&key("gateway"), "root").await.unwrap();
    let (id, known) = store.holder_of_key(&secret).await.unwrap().expect("it is good");
    assert_eq!(
        (id, known.principal.name.as_str(), &known.principal.scopes),
        (made.id, "gateway", &made.scopes)
    );
    assert_eq!(store.holder_of_key(&secret[..secret.len() - 1]).await.unwrap(), None);
    let stored: String = sqlx::query_scalar("select string_agg(k::text, ' ') from api_keys k")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert!(!stored.contains(&secret) && !stored.contains(&secret["naia_".len()..]), "{stored}");

    let taken = store.create_api_key(&key("gateway"), "root").await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    store.revoke_api_key(made.id, "root").await.unwrap();
    assert_eq!(store.holder_of_key(&secret).await.unwrap(), None);
    let (again, _) = store.create_api_key(&key("gateway"), "root").await.expect("the name is free again");
    assert_ne!(again.id, made.id);
}

#[tokio::test]
async fn a_session_ends_with_its_time_with_its_key_and_when_somebody_signs_out() {
    let store = TestStore::create().await;
    let (made, _) = store.create_api_key(&key("anna"), "root").await.unwrap();
    let principal = Principal { name: "anna".into(), scopes: [Scope::Viewer].into() };
    let session = |api_key_id, expires_at| NewSession {
        principal: principal.clone(),
        api_key_id,
        subject: None,
        expires_at,
        hours: 12,
        address: None,
    };
    let (over, _) = store.start_session(&session(None, Some(Utc::now()))).await.unwrap();
    let (of_key, _) = store.start_session(&session(Some(made.id), None)).await.unwrap();
    let (own, until) = store.start_session(&session(None, None)).await.unwrap();
    assert!((until - Utc::now() - TimeDelta::hours(12)).abs() < TimeDelta::hours(1));
    assert_eq!(store.holder_of_session(&over).await.unwrap(), None);
    assert_eq!(store.holder_of_session(&of_key).await.unwrap().map(|known| known.principal), Some(principal));
    store.revoke_api_key(made.id, "root").await.unwrap();
    assert_eq!(store.holder_of_session(&of_key).await.unwrap(), None);
    assert!(store.holder_of_session(&own).await.unwrap().is_some());
    store.end_session(&own).await.unwrap();
    assert_eq!(store.holder_of_session(&own).await.unwrap(), None);
    assert_eq!(store.prune_sessions().await.unwrap(), 1);
}
