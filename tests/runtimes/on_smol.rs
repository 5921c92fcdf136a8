//! The suite on smol.

mod smol_global;
mod smol_local;
mod smol_own;
