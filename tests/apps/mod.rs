//! Apps of the CDK: what `asi` makes of them, and of what they write.

mod hostile;
#[cfg(unix)]
mod real;
#[cfg(unix)]
mod settings;
