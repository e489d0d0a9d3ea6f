//! The endpoint: a port on this machine, with a thread for each connection.

use std::{
    collections::BTreeMap,
    io::{self, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::{
    account::Account,
    actions::unknown_action,
    faults::{Fault, Faults},
    http::{Request, Response},
    record::{Call, transcript},
    services::{account_of, asked, refused, respond, service},
    values::Place,
    xml::Refusal,
};

/// The account that calls act in, unless they are signed for an assumed role.
const HOME_ACCOUNT: &str = "123456789012";

/// The region of [`Server::home`].
const HOME_REGION: &str = "us-east-1";

/// An endpoint, with all accounts behind it. It is there as long as this value.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<Place, Account>,
    faults: Faults,
    calls: Vec<Call>,
    /// How many calls are still served, if not all.
    left: Option<usize>,
    is_closed: bool,
}

impl Server {
    /// Starts an endpoint that nothing is behind yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                if locked(&state).is_closed {
                    return;
                }
                // A client that has gone away is no fault of the test.
                thread::spawn(move || serve(&stream, &state).unwrap_or_default());
            }
        });
        Self { address, state }
    }

    /// Its address, for a client.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets up or reads the account and region `123456789012`, `us-east-1`.
    pub(crate) fn home<R>(&self, work: impl FnOnce(&mut Account) -> R) -> R {
        self.at(HOME_ACCOUNT, HOME_REGION, work)
    }

    /// Sets up or reads another account or region.
    pub(crate) fn at<R>(&self, account: &str, region: &str, work: impl FnOnce(&mut Account) -> R) -> R {
        work(locked(&self.state).account(account, region))
    }

    /// Puts a stack there, at home, as if it had been made from this template.
    #[track_caller]
    pub(crate) fn put_stack(&self, name: &str, template: &str, status: &str) {
        locked(&self.state).account(HOME_ACCOUNT, HOME_REGION).put_stack(name, template, status);
    }

    /// Lets something happen to `count` calls of an action, from the `nth` on, counted from now and from 1.
    pub(crate) fn fault(&self, fault: Fault, action: &str, nth: usize, count: usize) {
        locked(&self.state).faults.add(fault, Some(action), nth, count);
    }

    /// Lets something happen to `count` calls of any action, from the `nth` on.
    pub(crate) fn fault_overall(&self, fault: Fault, nth: usize, count: usize) {
        locked(&self.state).faults.add(fault, None, nth, count);
    }

    /// Lets nothing happen to calls any more.
    pub(crate) fn no_faults(&self) {
        locked(&self.state).faults = Faults::default();
    }

    /// Serves so many calls more, and then none: each further connection is reset, and nothing of it is recorded.
    pub(crate) fn stop_after(&self, calls: usize) {
        locked(&self.state).left = Some(calls);
    }

    /// Serves all calls again, with everything as it was left.
    pub(crate) fn resume(&self) {
        locked(&self.state).left = None;
    }

    /// What was asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        locked(&self.state).calls.clone()
    }

    /// How often an action was asked for.
    pub(crate) fn count(&self, action: &str) -> usize {
        locked(&self.state).calls.iter().filter(|it| it.action == action).count()
    }

    /// What was asked so far, a line for each call, without what differs from run to run.
    pub(crate) fn transcript(&self) -> String {
        transcript(&locked(&self.state).calls)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        locked(&self.state).is_closed = true;
        // The thread that waits for connections learns it from one more.
        let _ = TcpStream::connect(self.address);
    }
}

/// The state, even if a test failed while it held it: others still read it.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a call.
enum Outcome {
    Answer(Response),
    Late(Response, Duration),
    Half(Response),
    Reset,
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = Request::read(&mut reader)? {
        let outcome = locked(state).outcome(&request);
        let response = match outcome {
            Outcome::Answer(response) => response,
            Outcome::Late(response, delay) => {
                thread::sleep(delay);
                response
            }
            Outcome::Half(response) => return response.write(&mut writer, response.body.len() / 2),
            // With nothing to wait for, closing the socket resets the connection.
            Outcome::Reset => return socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)),
        };
        response.write(&mut writer, response.body.len())?;
    }
    Ok(())
}

impl State {
    fn account(&mut self, account: &str, region: &str) -> &mut Account {
        let place = Place { account: account.to_owned(), region: region.to_owned() };
        self.accounts.entry(place.clone()).or_insert_with(|| Account::new(place))
    }

    /// Decides what becomes of a call, and lets it take effect.
    fn outcome(&mut self, request: &Request) -> Outcome {
        match &mut self.left {
            Some(0) => return Outcome::Reset,
            Some(left) => *left -= 1,
            None => {}
        }
        let service = service(request);
        let (action, form) = asked(service, request);
        let fault = self.faults.next(&action);
        let call = Call { service: service.to_owned(), action, parameters: form, http: None };
        let response = match &fault {
            Some(Fault::ResetBefore) => None,
            Some(Fault::Error { http, code, message }) => {
                Some(refused(service, Refusal::new(*http, code, *message)))
            }
            Some(Fault::Garbage) => Some(Response::new(200, "text/html", "<html><body>Log in</body></html>")),
            Some(Fault::Unknown) => Some(refused(service, unknown_action(&call.action))),
            Some(Fault::ResetAfter | Fault::Silence(_) | Fault::Truncated) | None => {
                let account = account_of(request.access_key()).unwrap_or(HOME_ACCOUNT);
                let account = self.account(account, request.region().unwrap_or(HOME_REGION));
                Some(respond(account, service, &call.action, &call.parameters, &request.body))
            }
        };
        let sent = response.filter(|_| fault != Some(Fault::ResetAfter));
        self.calls.push(Call { http: sent.as_ref().map(|it| it.status), ..call });
        match (sent, fault) {
            (None, _) => Outcome::Reset,
            (Some(response), Some(Fault::Silence(delay))) => Outcome::Late(response, delay),
            (Some(response), Some(Fault::Truncated)) => Outcome::Half(response),
            (Some(response), _) => Outcome::Answer(response),
        }
    }
}
