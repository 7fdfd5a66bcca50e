//! Teams: the list of those one belongs to, and for each a page with its people. What a role may do is asked of the core,
//! and of the policy's table for what is offered.

mod departed;
mod forms;
mod keys;
mod layout;
mod list;
mod paint;
mod parting;
mod people;
pub(crate) mod policy;
pub(crate) mod words;

pub(crate) use list::TeamsPage;
