//! Whole clusters on the real engine in virtual time, from one seed.
