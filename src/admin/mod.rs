//! The admin socket: how a command on the daemon's own machine reaches the running daemon. Whoever may open it (the
//! daemon's user, or root) owns the data anyway, so it acts for the daemon itself. When no daemon runs, the same
//! requests are carried out on the data folder.
//!
//! | file | |
//! | --- | --- |
//! | `frame` | what the bytes mean |
//! | `request` | what may be asked, and how it is carried out |
//! | `listener` | the daemon's end |
//! | `relay` | a dashboard in the daemon, its terminal elsewhere |
//! | `backup`, `handed` | a file that the daemon fills for the command |
//! | `client` | the command's end |

mod backup;
mod client;
mod frame;
mod handed;
mod listener;
mod place;
mod relay;
mod request;

pub use backup::{Maker, back_up};
pub(crate) use client::refusal;
pub use client::{ask, console, running_process};
pub use frame::{Frame, Kind};
pub use listener::Listener;
pub(crate) use listener::Serving;
pub use relay::{ConsoleRequest, Hello};
pub use request::{Request, Verified};
