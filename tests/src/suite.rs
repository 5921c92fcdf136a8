//! The cases. Each is a sentence about behaviour, generic over the runtime, and names the rules of
//! `docs/contract.md` that it proves.

pub mod ambient;
pub mod attack;
pub mod scope;
pub mod threads;
pub mod traces;
pub mod unwinding;
