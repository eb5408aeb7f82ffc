use futures_util::task::AtomicWaker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

/// Tells a queue's worker that there may be something to fetch.
///
/// A ring while a fetch is under way is not lost: that fetch may have looked before the row was
/// there, so the worker looks once more.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rung: AtomicBool,
    /// The worker had no free slot when it last looked.
    hungry: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    pub fn ring(&self) {
        self.0.rung.store(true, Ordering::SeqCst);
        self.0.waker.wake();
    }

    pub fn ring_if_hungry(&self) {
        if self.0.hungry.swap(false, Ordering::SeqCst) {
            self.ring();
        }
    }

    pub fn is_rung(&self) -> bool {
        self.0.rung.load(Ordering::SeqCst)
    }

    pub fn silence(&self) {
        self.0.rung.store(false, Ordering::SeqCst);
    }

    pub fn wait_for_slot(&self) {
        self.0.hungry.store(true, Ordering::SeqCst);
    }

    pub fn register(&self, waker: &Waker) {
        self.0.waker.register(waker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_during_a_fetch_is_still_heard_after_it() {
        let bell = Bell::default();
        bell.ring();
        bell.silence();
        bell.ring();
        assert!(bell.is_rung());
    }

    #[test]
    fn only_who_found_no_slot_is_told_of_a_free_one() {
        let bell = Bell::default();
        bell.ring_if_hungry();
        assert!(!bell.is_rung());
        bell.wait_for_slot();
        bell.ring_if_hungry();
        assert!(bell.is_rung());
    }
}
