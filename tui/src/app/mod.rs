//! The dashboard as a pure machine: events go in, effects come out, and `paint` draws what is. It does no I/O, reads
//! no clock and never calls the core: whoever runs a session carries the effects out.

mod effect;

pub use effect::{Answer, AppEvent, Effect, HostInfo, Query, RequestId};

use keyward_keys::view::UserView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::term::caps::Caps;
use crate::term::palette::Palette;

/// One session's dashboard.
pub struct App {
    _user: UserView,
    _host: HostInfo,
    _caps: Caps,
}

impl App {
    /// A dashboard for this person, and the first things it wants done.
    pub fn new(user: UserView, host: HostInfo, caps: &Caps) -> (Self, Vec<Effect>) {
        (Self { _user: user, _host: host, _caps: caps.clone() }, Vec::new())
    }

    /// Takes one event in at this moment (ms since the Unix epoch).
    pub fn on(&mut self, _event: AppEvent, _now_ms: i64) -> Vec<Effect> {
        Vec::new()
    }

    /// Draws into `area`; answers where the terminal's cursor belongs, which screen readers follow.
    pub fn paint(&self, _area: Rect, _buf: &mut Buffer, _now_ms: i64) -> Option<Position> {
        None
    }

    /// What the encoder needs to show this dashboard's colours where there are only 16.
    pub fn palette(&self) -> Palette {
        Palette::new(&[])
    }

    /// When it wants an [`AppEvent::Tick`] (ms since the Unix epoch); none while nothing on the screen moves.
    pub fn next_tick(&self, _now_ms: i64) -> Option<i64> {
        None
    }
}
