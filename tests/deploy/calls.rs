//! Something that goes wrong at each call: the run ends, says why, and the next one goes on.

use std::time::Duration;

use super::{CHANGING, Fault, SHOP, Server, at, codes, earlier, on, state, template_of};
use crate::support::{Run, cloudformation::On, run};
use asi::{
    cli::Exit,
    world::{Access, Patience, World},
};

/// A command, and what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Create,
    Update,
    RollBack,
    Destroy,
    /// Recovery of what could not be turned back, by going on with that.
    Continue,
    /// The same without what fails.
    Skip,
    /// Recovery of what could not be deleted, by trying again.
    Delete,
    /// The same without what fails.
    Keep,
}

const CASES: [Case; 8] = [
    Case::Create,
    Case::Update,
    Case::RollBack,
    Case::Destroy,
    Case::Continue,
    Case::Skip,
    Case::Delete,
    Case::Keep,
];

impl Case {
    fn server(self) -> Server {
        let server = Server::start();
        server.home(|it| it.script.change_set_polls = 1);
        let status = match self {
            Self::Create => return server,
            Self::Update | Self::Destroy => "CREATE_COMPLETE",
            Self::RollBack => "UPDATE_FAILED",
            Self::Continue | Self::Skip => "UPDATE_ROLLBACK_FAILED",
            Self::Delete | Self::Keep => "DELETE_FAILED",
        };
        server.home(|it| {
            let stack = it.put_stack("shop", &template_of(&earlier()), status);
            stack.resources[0].status = match self {
                Self::Continue | Self::Skip => "UPDATE_FAILED".to_owned(),
                _ => status.replace("CREATE", "UPDATE"),
            };
            if self == Self::Skip {
                it.fails("Jobs", On::Rollback, "was deleted");
            }
            if self == Self::Keep {
                it.fails("Jobs", On::Delete, "it is not empty");
            }
        });
        server
    }

    fn command(self) -> &'static [&'static str] {
        match self {
            Self::Create | Self::Update => &["deploy", "-y"],
            Self::RollBack => &["rollback"],
            Self::Destroy => &["destroy", "-y"],
            Self::Continue => &["recover", "--way", "continue"],
            Self::Skip => &["recover", "-y", "--way", "skip"],
            Self::Delete => &["recover", "-y", "--way", "delete"],
            Self::Keep => &["recover", "-y", "--way", "keep"],
        }
    }

    /// What it says that has ended well, whoever began it.
    fn says(self) -> &'static [&'static str] {
        match self {
            Self::Create | Self::Update => {
                &["`shop` is deployed, in ", "`shop` is as it should be: nothing to do\n"]
            }
            Self::RollBack => &["`shop` is in UPDATE_ROLLBACK_COMPLETE\n"],
            Self::Destroy => &["`shop` is gone\n"],
            Self::Continue | Self::Skip => {
                &["`shop` is in UPDATE_ROLLBACK_COMPLETE\n", "Nothing has to be done.\n"]
            }
            Self::Delete | Self::Keep => &["`shop` is gone\n", "`shop` is not deployed\n"],
        }
    }

    /// How many calls it takes when nothing goes wrong, and how it ends.
    fn clean(self) -> (usize, String) {
        let server = self.server();
        let run = on(&server, SHOP, self.command());
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        (server.calls().len(), state(&server, "shop"))
    }
}

/// That what changes something was done once, however often it was asked for.
#[track_caller]
fn check_once(server: &Server, about: &str) {
    for action in CHANGING {
        let calls = server.calls().into_iter().filter(|it| it.action == *action);
        let mut tokens: Vec<String> = calls
            .filter_map(|it| Some(it.parameters.0.iter().find(|it| it.0.ends_with("Token"))?.1.clone()))
            .collect();
        tokens.dedup();
        assert!(tokens.len() <= 1, "{about}: {action} was asked for with {} tokens", tokens.len());
    }
}

/// How often something was begun with the stack.
fn begun(server: &Server) -> usize {
    let begins =
        ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"];
    server.home(|it| {
        let events = it.stacks.iter().flat_map(|it| &it.events);
        events.filter(|it| it.step.id == "shop" && begins.contains(&it.step.status.as_str())).count()
    })
}

/// Lets something happen at each call; a run has to end well in spite of it.
fn overcome(fault: &Fault, count: usize) {
    for case in CASES {
        let (calls, end) = case.clean();
        for nth in 1..=calls {
            let about = format!("{case:?}, {fault:?} at call {nth}");
            let server = case.server();
            server.fault_overall(fault.clone(), nth, count);
            let run = on(&server, SHOP, case.command());
            assert_eq!(run.exit, Exit::Done, "{about}: {}", run.err);
            assert_eq!((state(&server, "shop"), begun(&server)), (end.clone(), 1), "{about}");
            check_once(&server, &about);
        }
    }
}

/// Lets something happen from each call on; the run has to say so, and the next one to end well.
fn told(fault: &Fault, code: &str, access: impl Fn(Access) -> Access) {
    for case in CASES {
        let (calls, end) = case.clean();
        for nth in 1..=calls {
            let about = format!("{case:?}, {fault:?} from call {nth} on");
            let server = case.server();
            server.fault_overall(fault.clone(), nth, usize::MAX);
            let usual = at(&server, SHOP);
            let failed = run(case.command(), &World { access: access(usual.access.clone()), ..usual });
            assert_eq!((failed.exit, codes(&failed)), (Exit::World, vec![code]), "{about}: {}", failed.err);
            server.no_faults();
            check_goes_on(case, &server, &on(&server, SHOP, case.command()), &end, &about);
        }
    }
}

/// That a run ends like one that nothing came in the way of, and says so.
#[track_caller]
fn check_goes_on(case: Case, server: &Server, run: &Run, end: &str, about: &str) {
    assert_eq!(run.exit, Exit::Done, "{about}: {}", run.err);
    assert_eq!((state(server, "shop").as_str(), begun(server)), (end, 1), "{about}");
    let is_told = |it: &&str| run.err.contains(it) || run.out.contains(it);
    assert!(case.says().iter().any(is_told), "{about}: {}", run.err);
    // What may be done is a result of `recover`.
    if case.command()[0] != "recover" {
        let out = if case.command()[0] == "deploy" { "shop.Url = shop-Jobs-1\n" } else { "" };
        assert_eq!(run.out, out, "{about}");
    }
}

#[test]
fn what_passes_is_overcome_at_each_call() {
    overcome(&Fault::throttling(), 2);
    overcome(&Fault::ResetAfter, 1);
    overcome(&Fault::Truncated, 1);
}

#[test]
fn what_stays_is_told_at_each_call_and_the_next_run_goes_on() {
    let refusal = |code, message| Fault::Error { http: 403, code, message };
    told(&Fault::throttling(), "aws-busy", |it| it);
    told(
        &refusal("ExpiredToken", "The security token included in the request is expired"),
        "aws-expired",
        |it| it,
    );
    told(&Fault::Garbage, "aws-garbled", |it| it);
    told(&Fault::ResetAfter, "aws-unreachable", |it| it);
}

#[test]
fn silence_is_told_at_each_call_and_the_next_run_goes_on() {
    let hurried = |access: Access| Access {
        patience: Patience { answer: Duration::from_millis(60), attempts: 1, ..access.patience },
        ..access
    };
    told(&Fault::Silence(Duration::from_millis(400)), "aws-silent", hurried);
}

#[test]
fn a_run_that_is_killed_at_any_call_is_gone_on_with() {
    for case in CASES {
        let (calls, end) = case.clean();
        for served in 0..calls {
            let about = format!("{case:?}, killed after call {served}");
            let server = case.server();
            server.stop_after(served);
            let killed = run(case.command(), &at(&server, SHOP));
            assert_eq!((killed.exit, codes(&killed)), (Exit::World, vec!["aws-unreachable"]), "{about}");
            check_goes_on(case, &server, &on(&server, SHOP, case.command()), &end, &about);
        }
    }
}

#[test]
fn what_has_begun_may_take_a_while_to_be_seen() {
    for case in CASES {
        let (_, end) = case.clean();
        for late in 1..12 {
            let server = case.server();
            server.home(|it| (it.script.late, it.script.events_per_poll) = (late, 1));
            let run = on(&server, SHOP, case.command());
            check_goes_on(case, &server, &run, &end, &format!("{case:?}, seen after {late} looks"));
            let told = run.err.matches("_COMPLETE  ").count();
            let expected = match case {
                Case::Create | Case::Destroy | Case::Delete => 3,
                Case::Update | Case::RollBack | Case::Continue | Case::Skip | Case::Keep => 2,
            };
            assert_eq!(told, expected, "{}", run.err);
        }
    }
}
