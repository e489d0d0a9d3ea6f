//! Every status a stack can be in, and what each command makes of it.

use std::fmt::Write as _;

use super::{SHOP, changes, codes, earlier, on, status, template_of};
use crate::support::{
    cloudformation::{STATUSES, Server},
    golden,
};

/// What comes after a status in which something is under way.
fn next(status: &str) -> &'static [&'static str] {
    match status {
        "CREATE_IN_PROGRESS" => &["CREATE_COMPLETE"],
        "ROLLBACK_IN_PROGRESS" => &["ROLLBACK_COMPLETE"],
        "DELETE_IN_PROGRESS" => &["DELETE_COMPLETE"],
        "UPDATE_IN_PROGRESS" => &["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"],
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => &["UPDATE_COMPLETE"],
        "UPDATE_ROLLBACK_IN_PROGRESS" => {
            &["UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
        }
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => &["UPDATE_ROLLBACK_COMPLETE"],
        "IMPORT_IN_PROGRESS" => &["IMPORT_COMPLETE"],
        "IMPORT_ROLLBACK_IN_PROGRESS" => &["IMPORT_ROLLBACK_COMPLETE"],
        "DREAM_IN_PROGRESS" => &["DREAM_COMPLETE"],
        _ => &[],
    }
}

/// A server with a stack in this status, for as long as a few looks.
fn with(status: &str, template: &str) -> Server {
    let server = Server::start();
    server.home(|it| {
        it.script.events_per_poll = 1;
        let stack = it.put_stack("shop", template, status);
        if status.ends_with("_FAILED")
            && let Some(resource) = stack.resources.first_mut()
        {
            let verb = if status.contains("UPDATE") { "UPDATE" } else { status.split('_').next().unwrap() };
            resource.status = format!("{verb}_FAILED");
        }
        if !next(status).is_empty() {
            it.goes_on("shop", next(status), 4);
        }
    });
    server
}

/// A command on a stack in this status, as a line; and the ways that it shows.
fn line(status_before: &str, template: &str, arguments: &[&str]) -> (String, Vec<String>) {
    let server = with(status_before, template);
    let run = on(&server, SHOP, arguments);
    assert_ne!(codes(&run), ["aws-unreachable"], "{status_before}: {arguments:?} goes round in circles");
    let mut line = format!("  {:<32} {}  {:<24}", arguments.join(" "), run.exit as u8, status(&server));
    for word in changes(&server).into_iter().chain(codes(&run).into_iter().map(|it| format!("[{it}]"))) {
        write!(line, " {word}").unwrap();
    }
    let ways = run.out.split_once("safest first\n").map_or("", |it| it.1).lines();
    let ways = ways.filter_map(|it| it.strip_prefix("  ")?.split(' ').next());
    (line.trim_end().to_owned(), ways.filter(|it| !it.is_empty()).map(str::to_owned).collect())
}

#[test]
fn every_status_leads_on() {
    let template = template_of(&earlier());
    let mut text = "\
What each command makes of a stack in each status: with which exit code and in which status it ends, which calls changed
something on the way, and what it says is wrong.
"
    .to_owned();
    let future = ["DREAM_IN_PROGRESS", "DREAM_COMPLETE", "DREAM_FAILED"];
    for status in STATUSES.iter().map(|it| it.0).chain(future) {
        let (recover, ways) = line(status, &template, &["recover"]);
        let shown = if ways.is_empty() { "no ways".to_owned() } else { ways.join(", ") };
        writeln!(text, "\n{status}: {shown}\n{recover}").unwrap();
        let mut tell = |arguments: &[&str]| {
            writeln!(text, "{}", line(status, &template, arguments).0).unwrap();
        };
        tell(&["deploy", "-y"]);
        tell(&["deploy", "-y", "--no-rollback"]);
        for way in &ways {
            tell(&["recover", "--yes", "--way", way]);
        }
        tell(&["rollback"]);
        tell(&["destroy", "-y"]);
    }
    golden("deploy/statuses.txt", &text);
}
