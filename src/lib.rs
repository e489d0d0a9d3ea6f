//! Turns a stack file into a CloudFormation template.

pub mod assembly;
pub mod expand;
pub mod load;
pub mod ops;
pub mod resolve;
pub mod template;
pub mod world;
