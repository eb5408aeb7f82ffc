//! Each closed set of words is written alike in SQL (as `as_str`) and in JSON (by serde).

use pattern_core::domain::{
    ClusterKind, ClusterStatus, DecisionAction, Direction, EventType, OpinionSource, PatternKind,
    PatternSource, PatternStatus, Purpose, RunStatus, Scope, SubjectKind, SuggestionStatus, Word,
};
use serde::Serialize;
use serde_json::json;
use std::fmt::Debug;

fn are_written_alike<T: Word + Serialize + Debug + PartialEq>() {
    for &word in T::ALL {
        assert_eq!(serde_json::to_value(word).expect("a word"), json!(word.as_str()));
        assert_eq!(T::read(word.as_str()), Ok(word));
    }
}

#[test]
fn sql_and_json_write_every_word_alike() {
    are_written_alike::<ClusterKind>();
    are_written_alike::<ClusterStatus>();
    are_written_alike::<DecisionAction>();
    are_written_alike::<EventType>();
    are_written_alike::<Direction>();
    are_written_alike::<OpinionSource>();
    are_written_alike::<PatternKind>();
    are_written_alike::<SubjectKind>();
    are_written_alike::<PatternSource>();
    are_written_alike::<PatternStatus>();
    are_written_alike::<Purpose>();
    are_written_alike::<RunStatus>();
    are_written_alike::<Scope>();
    are_written_alike::<SuggestionStatus>();
}

#[test]
fn what_is_no_word_is_told_with_those_that_are() {
    let problem = ClusterStatus::read("resolved").unwrap_err();
    assert_eq!(problem, "'resolved' is none of active, dissolved");
}
