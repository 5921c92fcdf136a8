//! The soak notices what is broken.
