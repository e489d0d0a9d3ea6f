//! One function for each use of `asi`: it gets what it needs from the world, and gives a model.

pub mod synth;

pub use synth::{Synthesis, synthesize};
