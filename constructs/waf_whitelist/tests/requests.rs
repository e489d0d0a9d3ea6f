//! Who reaches what, by what AWS documents of the rules that come out.

use super::{
    ONE_PATH,
    evaluator::{Request, WebAcl, normalize, url_decode},
    office,
};

const LISTED: &str = "203.0.113.7";
const OTHER: &str = "198.51.100.1";

/// Whether `path` is open to a caller at `address`, however the documentation is understood.
#[track_caller]
fn admits(acl: &mut WebAcl, address: &str, path: &str) -> bool {
    let mut ask = |keeps| {
        acl.keeps_above_root = keeps;
        acl.admits(&Request { address, path, forwarded: None })
    };
    let (kept, removed) = (ask(true), ask(false));
    assert_eq!(kept, removed, "{path} depends on what is done with `/../` at the beginning");
    kept
}

#[track_caller]
fn check(properties: &str, open: &[(&str, &str)], closed: &[(&str, &str)]) {
    let stack = office(properties);
    assert_eq!(stack.faults(), [""; 0]);
    let mut acl = WebAcl::of(&stack, "office");
    for (path, address) in open {
        assert!(admits(&mut acl, address, path), "{path} is closed to {address}");
    }
    for (path, address) in closed {
        assert!(!admits(&mut acl, address, path), "{path} is open to {address}");
    }
}

#[test]
fn only_listed_callers_reach_a_protected_path() {
    check(
        ONE_PATH,
        &[
            ("/version", LISTED),
            ("/%76ersion", LISTED),
            ("/", OTHER),
            ("/versio", OTHER),
            ("/api/version", OTHER),
        ],
        &[("/version", OTHER), ("/version/x", OTHER), ("/version?x=1", OTHER), ("/version", "2001:db8::1")],
    );
}

/// What every server takes for `/version`.
const USUAL: [&str; 13] = [
    "/%76ersion",
    "/%56ersion",
    "//version",
    "///version",
    "/VERSION",
    "/./version",
    "/x/../version",
    "/x//../version",
    "/%2e/version",
    "/x/%2E%2e/version",
    "/x/..%2fversion",
    "/%2fversion",
    "/version%00",
];

/// What some servers take for it.
const UNUSUAL: [&str; 18] = [
    "/version/../x",
    "/version/x/../../y",
    "/version/%2e%2e/x",
    "/%2576ersion",
    "/%2525/../%2576ersion",
    "/\\version",
    "/x\\..\\version",
    "/%5cversion",
    "/../version",
    "/x/../../version",
    "/%2e%2e/version",
    "/x/..;/version",
    "/;/version",
    "/.;a=b/version",
    "/x/..;y/../version",
    "/%u0076ersion",
    "/%uff36ersion",
    "/VeRsIoN/%2e%2e%2fx",
];

#[test]
fn no_usual_disguise_of_a_protected_path_passes() {
    check(ONE_PATH, &USUAL.map(|it| (it, LISTED)), &USUAL.map(|it| (it, OTHER)));
}

#[test]
fn a_strict_acl_lets_no_disguise_pass() {
    let strict = format!("{ONE_PATH}, strict: true");
    let all = || USUAL.into_iter().chain(UNUSUAL);
    let open: Vec<(&str, &str)> = all().map(|it| (it, LISTED)).collect();
    let closed: Vec<(&str, &str)> = all().map(|it| (it, OTHER)).collect();
    check(&strict, &open, &closed);
}

#[test]
fn paths_that_only_look_odd_stay_open() {
    let open = [
        "/a/../b",
        "/a//b",
        "/a/..b",
        "/a%20b",
        "/a/;jsessionid=1",
        "/a;v=1/b",
        "/100%25",
        "/a..",
        "/.well-known/x",
    ];
    check(&format!("{ONE_PATH}, strict: true"), &open.map(|it| (it, OTHER)), &[]);
}

#[test]
fn several_paths_and_both_families() {
    check(
        "paths: [/Admin, /api/internal/], strict: true, allow: [203.0.113.7, '2001:db8::/32', 198.51.100.128/25]",
        &[
            ("/admin", "203.0.113.7"),
            ("/admin", "2001:db8:ffff::1"),
            ("/api/internal/x", "198.51.100.200"),
            ("/api/internal", OTHER),
            ("/api/internals", OTHER),
        ],
        &[
            ("/admin", "203.0.113.8"),
            ("/administration", "2001:db9::1"),
            ("/API/internal/", "198.51.100.1"),
            ("/x/..;/api/internal/", "2001:db9::1"),
        ],
    );
}

#[test]
fn the_root_protects_everything() {
    check(
        "paths: [/], allow: [203.0.113.0/24]",
        &[("/", LISTED), ("/x", LISTED)],
        &[("/", OTHER), ("/x", OTHER), ("*", OTHER)],
    );
}

/// A server, by what it makes of a path.
#[derive(Clone, Copy, Debug)]
enum Server {
    Usual,
    ResolvesNothing,
    TakesBackslashes,
    DecodesTwice,
    CutsParameters,
}

impl Server {
    fn reads(self, path: &str) -> Vec<u8> {
        let cut = || {
            path.split('/').map(|it| it.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/")
        };
        let decoded = match self {
            Self::CutsParameters => url_decode(cut().as_bytes(), false),
            Self::DecodesTwice => url_decode(&url_decode(path.as_bytes(), false), false),
            Self::TakesBackslashes => url_decode(path.as_bytes(), false)
                .iter()
                .map(|it| if *it == b'\\' { b'/' } else { *it })
                .collect(),
            Self::Usual | Self::ResolvesNothing => url_decode(path.as_bytes(), false),
        };
        let resolved =
            if matches!(self, Self::ResolvesNothing) { decoded } else { normalize(&decoded, false) };
        resolved.to_ascii_lowercase()
    }
}

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

#[test]
fn whatever_a_server_takes_for_a_protected_path_is_closed() {
    const PIECES: [&str; 26] = [
        "/",
        "/",
        "/",
        "//",
        "/./",
        "/../",
        "..",
        ".",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "\\",
        ";",
        ";a=b",
        "admin",
        "ADMIN",
        "ad",
        "min",
        "%61dmin",
        "%41dmin",
        "%2561dmin",
        "%252e%252e",
        "x",
        "%00",
        "/..;/",
    ];
    const SERVERS: [Server; 5] = [
        Server::Usual,
        Server::ResolvesNothing,
        Server::TakesBackslashes,
        Server::DecodesTwice,
        Server::CutsParameters,
    ];
    let acl = WebAcl::of(&office("paths: [/admin], strict: true, allow: [203.0.113.0/24]"), "office");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut reached = [0; SERVERS.len()];
    for _ in 0..20_000 {
        let path: String = (0..=dice.roll(9)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        let path = format!("/{path}");
        for (server, reached) in SERVERS.iter().zip(&mut reached) {
            if server.reads(&path).starts_with(b"/admin") {
                *reached += 1;
                assert!(
                    !acl.admits(&Request { address: OTHER, path: &path, forwarded: None }),
                    "{path} on {server:?}"
                );
            }
        }
        assert!(acl.admits(&Request { address: LISTED, path: &path, forwarded: None }), "{path}");
    }
    assert!(reached.iter().all(|it| *it > 1_000), "each server was put to the test: {reached:?}");
}

#[test]
fn a_plain_path_is_closed_exactly_if_it_begins_as_a_protected_one() {
    let acl = WebAcl::of(&office("paths: [/admin, /b], allow: [203.0.113.0/24]"), "office");
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..20_000 {
        let parts = (0..=dice.roll(3))
            .map(|_| ["admin", "b", "x", "adm", "a.b", "..c", "v;1", "~d", "e-f"][dice.roll(9)]);
        let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
        let protected = path.starts_with("/admin") || path.starts_with("/b");
        assert_eq!(
            acl.admits(&Request { address: OTHER, path: &path, forwarded: None }),
            !protected,
            "{path}"
        );
    }
}

#[test]
fn an_address_from_a_header_counts_in_place_of_the_callers() {
    let stack = office("paths: [/admin], strict: true, allow: [203.0.113.0/24], addressFrom: X-Forwarded-For");
    let acl = WebAcl::of(&stack, "office");
    let admits = |path, forwarded| acl.admits(&Request { address: LISTED, path, forwarded });
    assert!(admits("/admin", Some("203.0.113.7")));
    assert!(admits("/admin", Some("198.51.100.1, 203.0.113.7")));
    assert!(!admits("/admin", Some("203.0.113.7, 198.51.100.1")), "whoever calls can write the first");
    assert!(!admits("/admin", Some("unknown")));
    assert!(!admits("/admin", None), "nobody passes for leaving the header out");
    assert!(!admits("/x/..;/admin", None));
    assert!(admits("/", None));
}

#[test]
fn the_root_is_closed_to_callers_without_an_address() {
    let stack = office(
        "paths: [/], allow: [203.0.113.0/24], addressFrom: {header: X-Forwarded-For, position: first}",
    );
    let acl = WebAcl::of(&stack, "office");
    let admits = |forwarded| acl.admits(&Request { address: LISTED, path: "/", forwarded });
    assert!(admits(Some("203.0.113.7, 198.51.100.1")));
    assert!(!admits(Some("198.51.100.1, 203.0.113.7")));
    assert!(!admits(None));
}

#[test]
fn any_position_is_enough_if_that_is_wanted() {
    let stack =
        office("paths: [/], allow: [203.0.113.0/24], addressFrom: {header: X-Forwarded-For, position: any}");
    let acl = WebAcl::of(&stack, "office");
    let request =
        Request { address: OTHER, path: "/", forwarded: Some("198.51.100.1, 203.0.113.7, 198.51.100.2") };
    assert!(acl.admits(&request));
}
