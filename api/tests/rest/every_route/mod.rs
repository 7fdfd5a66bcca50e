//! Every route of the document with every caller and every kind of broken input. The cases are made of the document, so
//! that a new route is covered when it is mounted. What a route is for is tested elsewhere: here, each answer has to be
//! one that is described, in its form, and never a failure of ours; and what is refused leaves nothing behind.

mod bodies;
mod callers;
mod described;
mod places;
mod world;
