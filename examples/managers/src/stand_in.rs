//! What the programs talk to.

pub mod database;
pub mod host;
pub mod service;
