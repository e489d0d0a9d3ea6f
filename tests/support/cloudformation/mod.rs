//! A model of CloudFormation that tests deploy to: it speaks AWS's protocol on a port of this machine.
//!
//! A test starts a [`Server`], puts there what is to be there, gives its address to a client, and reads what was asked.
//! Time passes by looks: each look at a stack reveals some more of what happens to it. So tests are quick, and the same
//! each time.
//!
//! What happens follows from the templates: what comes, changes and goes, in the order of references, with the events,
//! statuses and messages that AWS documents. Not modelled are the services behind the resources, macros, stack sets, and
//! what stack policies say.

mod account;
mod actions;
mod change;
mod change_set;
mod ecs;
mod faults;
mod form;
pub(crate) mod http;
mod nested;
mod plan;
mod record;
mod refactor;
mod script;
mod server;
mod services;
mod stack;
mod status;
mod storage;
mod template;
mod values;
mod xml;

pub(crate) use account::Account;
pub(crate) use actions::ACTIONS;
pub(crate) use change::{Change, Detail};
pub(crate) use ecs::Running;
pub(crate) use faults::Fault;
pub(crate) use record::Call;
pub(crate) use script::{ChangeSetScript, Drift, On};
pub(crate) use server::Server;
pub(crate) use status::STATUSES;
pub(crate) use storage::Storage;
