//! Turns a stack file into a CloudFormation template.

pub mod assembly;
pub mod cli;
pub mod expand;
pub mod load;
pub mod ops;
pub mod present;
pub mod render;
pub mod resolve;
pub mod template;
pub mod wire;
pub mod world;
