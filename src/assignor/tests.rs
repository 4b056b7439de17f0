//! Owns the examples of assignments worked by hand, and what holds for all of them.
