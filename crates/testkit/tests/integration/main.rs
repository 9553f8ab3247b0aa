//! The whole, over real sockets. Each module is one promise.

#![allow(clippy::disallowed_methods)]

mod command_line;
mod held;
mod kills;
mod load;
mod offline;
mod sdk;
mod two_people;
mod window;
