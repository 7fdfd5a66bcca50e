//! What the writer shows to everybody else: the last committed state and the end of the feed.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::interface::Cursor;
use crate::redb::snapshot::View;

/// The newest committed state. Replaced after each commit, before anyone is acknowledged.
pub(crate) struct Published {
    view: RwLock<Arc<View>>,
    newest: watch::Receiver<Cursor>,
}

impl Published {
    /// Starts with a state; the writer keeps the sender, so followers learn of its end.
    pub(crate) fn new(view: Arc<View>, cursor: Cursor) -> (Arc<Self>, watch::Sender<Cursor>) {
        let (sender, newest) = watch::channel(cursor);
        (Arc::new(Self { view: RwLock::new(view), newest }), sender)
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace(&self, view: Arc<View>) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Follows the end of the feed.
    pub(crate) fn newest(&self) -> watch::Receiver<Cursor> {
        self.newest.clone()
    }
}
