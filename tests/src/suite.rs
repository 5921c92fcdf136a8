//! The cases. Each is a sentence about behaviour, generic over the runtime, and names the rules of
//! `docs/contract.md` that it proves.

#![expect(
    missing_docs,
    reason = "the name of a case is a sentence about behaviour"
)]

pub mod attack;
pub mod scope;
pub mod stops;
pub mod traces;
