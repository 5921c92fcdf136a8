//! Transactions on SQLite, whose calls block: on every runtime, the table comes to what a model says,
//! and whatever is cancelled, no connection keeps a transaction open.

mod database;
mod flavours;
mod sweep;
