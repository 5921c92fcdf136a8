//! The cases. Each is a sentence about behaviour, generic over the runtime, and names the rules of
//! `docs/contract.md` that it proves.

#![expect(
    missing_docs,
    reason = "the name of a case is a sentence about behaviour"
)]

pub mod ambient;
pub mod attack;
pub mod budget;
pub mod closure;
pub mod closure_frame;
pub mod driving;
pub mod errors;
pub mod guard;
pub mod local;
pub mod matrix_m1;
pub mod panics;
pub mod policies;
pub mod scope;
pub mod stops;
pub mod strategies;
pub mod sweep;
pub mod sweep_tasks;
pub mod threads;
pub mod traces;
pub mod unwinding;
