//! The real binary from outside: people with several devices write to it through proxies that fail, while it is killed,
//! stopped, left without room and told another time. What everybody did and saw is a history; a checker that reads
//! nothing else says whether it may be.

pub mod checker;
pub mod history;
pub mod nemesis;
pub mod person;
pub mod place;
pub mod plan;
pub mod proxy;
pub mod report;
pub mod room;
pub mod run;
pub mod sdk_device;
pub mod shim;
pub mod victim;
