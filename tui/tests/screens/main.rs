//! The dashboard without a terminal: what its pages look like, and what it does with what happens.

mod again;
mod alerts;
mod footer;
mod form;
mod home;
mod key;
mod keys;
mod looks;
mod operations;
mod people;
mod pictures;
mod rotation;
mod sample;
mod shell;
mod states;
mod usage;
