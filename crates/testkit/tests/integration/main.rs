//! The whole, over real sockets. Each module is one promise.

#![allow(clippy::disallowed_methods)]

mod kills;
mod two_people;
mod window;
