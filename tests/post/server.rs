//! GitHub and GitLab as far as comments need them: what their documentation says of paths, pages, statuses and headers.

use std::{
    io::{self, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::cloudformation::http::{Request, Response};

/// The token that is known here.
pub(super) const TOKEN: &str = "ghs_5ecretT0kenThatNobodyMaySee";
/// Whose token it is.
pub(super) const ME: &str = "github-actions[bot]";
/// How many comments are on a page at most.
const PAGE: usize = 100;

/// A comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) author: String,
    pub(super) body: String,
    /// Who changed it last.
    pub(super) editor: Option<String>,
}

/// What happens in place of an answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// This answer: status, headers, body; nothing takes effect.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection is reset before the call takes effect.
    ResetBefore,
    /// The call takes effect, and the connection is reset.
    ResetAfter,
    /// The call takes effect, and its answer ends in the middle.
    Truncated,
    /// The call takes effect, and the answer says that it failed.
    FailedAfter,
    /// The answer comes this much later.
    Silence(Duration),
}

#[derive(Default)]
struct State {
    url: String,
    comments: Vec<Comment>,
    /// A method, a part of the path, what happens, and how often.
    faults: Vec<(&'static str, &'static str, Fault, usize)>,
    calls: Vec<String>,
    /// The commit that the pull request was merged with.
    merged: Option<String>,
}

/// A server on this machine.
pub(super) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = State { url: format!("http://{address}"), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                // A client that has gone away is no fault of the test.
                thread::spawn(move || serve(&stream, &state).unwrap_or_default());
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets something happen to the next calls of a method, to addresses with this in them.
    pub(super) fn fault(&self, method: &'static str, part: &'static str, fault: Fault, count: usize) {
        self.state().faults.push((method, part, fault, count));
    }

    /// Puts a comment there.
    pub(super) fn comment(&self, author: &str, body: &str) {
        let comment = Comment { author: author.to_owned(), body: body.to_owned(), editor: None };
        self.state().comments.push(comment);
    }

    /// Lets somebody change a comment.
    pub(super) fn edit(&self, at: usize, editor: &str, body: &str) {
        let mut state = self.state();
        body.clone_into(&mut state.comments[at].body);
        state.comments[at].editor = Some(editor.to_owned());
    }

    pub(super) fn comments(&self) -> Vec<Comment> {
        self.state().comments.clone()
    }

    pub(super) fn merge(&self, commit: &str) {
        self.state().merged = Some(commit.to_owned());
    }

    /// What was asked since this was called last, a line for each call.
    pub(super) fn calls(&self) -> String {
        std::mem::take(&mut self.state().calls)
            .iter()
            .flat_map(|it| ["  ", it, "\n"].map(str::to_owned))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = Request::read(&mut reader)? {
        let (fault, response) = state.lock().unwrap_or_else(PoisonError::into_inner).outcome(&request);
        let sent = match fault {
            // With nothing to wait for, closing the socket resets the connection.
            Some(Fault::ResetBefore | Fault::ResetAfter) => {
                return socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
            }
            Some(Fault::Truncated) => return response.write(&mut writer, response.body.len() / 2),
            Some(Fault::Silence(time)) => {
                thread::sleep(time);
                response
            }
            Some(Fault::Answer(..) | Fault::FailedAfter) | None => response,
        };
        sent.write(&mut writer, sent.body.len())?;
    }
    Ok(())
}

impl State {
    fn outcome(&mut self, request: &Request) -> (Option<Fault>, Response) {
        let is_it = |(method, part, _, left): &&mut (&str, &str, Fault, usize)| {
            *left > 0 && request.method == *method && request.path.contains(*part)
        };
        let fault = self.faults.iter_mut().find(is_it).map(|it| {
            it.3 -= 1;
            it.2.clone()
        });
        let response = match &fault {
            Some(Fault::Answer(status, headers, body)) => {
                let mut response = Response::new(*status, "application/json", body.as_str());
                response.headers.extend(headers.iter().cloned());
                response
            }
            Some(Fault::ResetBefore) => Response::new(0, "", ""),
            Some(Fault::FailedAfter) => {
                self.answer(request);
                json(502, &json!({"message": "Server Error"}))
            }
            _ => self.answer(request),
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        // The hidden lines, and what is seen first.
        let body = body["body"].as_str().unwrap_or_default();
        let visible = body.lines().find(|it| !it.is_empty() && !it.starts_with("<!--")).unwrap_or_default();
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let said = if visible.is_empty() { String::new() } else { format!(" ({visible})") };
        let outcome = match &fault {
            Some(Fault::ResetBefore | Fault::ResetAfter) => "reset".to_owned(),
            Some(Fault::Truncated) => "half an answer".to_owned(),
            Some(Fault::Silence(_)) => "silence".to_owned(),
            _ => response.status.to_string(),
        };
        self.calls.push(format!("{} {}{query}{said}: {outcome}", request.method, request.path));
        (fault, response)
    }

    fn answer(&mut self, request: &Request) -> Response {
        let is_known = request.header("authorization") == format!("Bearer {TOKEN}")
            || request.header("private-token") == TOKEN;
        if !is_known {
            return json(401, &json!({"message": "Bad credentials"}));
        }
        assert!(request.header("user-agent").starts_with("asi/"), "GitHub refuses who does not name himself");
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path = request.path.clone();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["graphql"]) => self.graphql(&body),
            ("GET", ["repos", "acme", "shop", "issues", "12", "comments"]) => {
                assert_eq!(request.header("x-github-api-version"), "2022-11-28");
                self.page(request)
            }
            ("POST", ["repos", "acme", "shop", "issues", "12", "comments"]) => self.create(&body, 65_536),
            ("PATCH", ["repos", "acme", "shop", "issues", "comments", id]) => self.update(id, &body),
            ("GET", ["repos", "acme", "shop", "commits", commit, "pulls"]) => {
                let merged = self.merged.as_deref() == Some(*commit);
                let pulls = json!([
                    {"number": 11, "merged_at": null, "merge_commit_sha": commit},
                    {"number": 12, "merged_at": "2026-11-22T00:00:00Z", "merge_commit_sha": self.merged},
                ]);
                json(200, &if merged { pulls } else { json!([]) })
            }
            ("GET", ["api", "v4", "user"]) => json(200, &json!({"username": ME})),
            ("GET", ["api", "v4", "projects", "77", "merge_requests", "12", "notes"]) => self.page(request),
            ("POST", ["api", "v4", "projects", "77", "merge_requests", "12", "notes"]) => {
                self.create(&body, 1_000_000)
            }
            ("PUT", ["api", "v4", "projects", "77", "merge_requests", "12", "notes", id]) => {
                self.update(id, &body)
            }
            ("GET", ["api", "v4", "projects", "77", "repository", "commits", commit, "merge_requests"]) => {
                let merged = self.merged.as_deref() == Some(*commit);
                let request = json!([{"iid": 12, "state": "merged", "squash_commit_sha": commit}]);
                json(200, &if merged { request } else { json!([]) })
            }
            _ => json(404, &json!({"message": "Not Found"})),
        }
    }

    fn graphql(&self, body: &Value) -> Response {
        let Some(id) = body["variables"]["id"].as_str() else {
            return json(200, &json!({"data": {"viewer": {"login": ME}}}));
        };
        let comment = &self.comments[id.trim_start_matches("IC_").parse::<usize>().unwrap() - 1];
        // In this interface the login of a bot is without what GitHub adds to it elsewhere.
        let login = |it: &str| json!({"login": it.trim_end_matches("[bot]")});
        let node = json!({
            "viewerDidAuthor": comment.author == ME,
            "author": login(&comment.author),
            "editor": comment.editor.as_deref().map(login),
        });
        json(200, &json!({"data": {"node": node}}))
    }

    fn page(&self, request: &Request) -> Response {
        let values: Vec<(String, String)> =
            form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
        let value =
            |name: &str| values.iter().find(|it| it.0 == name).map(|it| it.1.parse::<usize>().unwrap());
        let (page, size) = (value("page").unwrap_or(1), value("per_page").unwrap_or(20).min(PAGE));
        let all = self.comments.iter().enumerate();
        let listed: Vec<Value> = all.skip((page - 1) * size).take(size).map(|(at, it)| of(at, it)).collect();
        let mut response = json(200, &Value::Array(listed));
        let is_last = self.comments.len() <= page * size;
        if request.path.starts_with("/api/v4/") {
            let next = if is_last { String::new() } else { (page + 1).to_string() };
            response.headers.push(("x-next-page", next));
        } else if !is_last {
            let url = format!("{}{}?per_page={size}&page=", self.url, request.path);
            let last = self.comments.len().div_ceil(size);
            let link = format!("<{url}{}>; rel=\"next\", <{url}{last}>; rel=\"last\"", page + 1);
            response.headers.push(("link", link));
        }
        response
    }

    fn create(&mut self, body: &Value, most: usize) -> Response {
        let body = body["body"].as_str().unwrap();
        if body.chars().count() > most {
            let error = json!({"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": format!("Body is too long (maximum is {most} characters)")});
            return json(422, &json!({"message": "Validation Failed", "errors": [error]}));
        }
        self.comments.push(Comment { author: ME.to_owned(), body: body.to_owned(), editor: None });
        let at = self.comments.len() - 1;
        json(201, &of(at, &self.comments[at]))
    }

    fn update(&mut self, id: &str, body: &Value) -> Response {
        let at = id.parse::<usize>().unwrap() - 1;
        let comment = &mut self.comments[at];
        body["body"].as_str().unwrap().clone_into(&mut comment.body);
        comment.editor = Some(ME.to_owned());
        json(200, &of(at, &self.comments[at]))
    }
}

/// A comment as both of them give it.
fn of(at: usize, it: &Comment) -> Value {
    json!({
        "id": at + 1,
        "node_id": format!("IC_{}", at + 1),
        "user": {"login": it.author},
        "author": {"username": it.author},
        "body": it.body,
    })
}

fn json(status: u16, body: &Value) -> Response {
    Response::new(status, "application/json; charset=utf-8", body.to_string())
}
