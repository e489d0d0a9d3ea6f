//! What goes wrong on the way to AWS reaches a client as it does with AWS.

use std::time::Duration;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::{QUEUE, client, config, create, finish, refusal, wait};
use crate::support::cloudformation::{Fault, Server};

/// What a client gets that asks for a stack while this happens to `count` calls, and how often it asked.
fn outcome(fault: Fault, count: usize) -> String {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let keys = aws_sdk_cloudformation::config::Credentials::new("a", "b", None, None, "test");
    let timeouts = aws_sdk_cloudformation::config::timeout::TimeoutConfig::builder();
    let patience = if matches!(fault, Fault::Silence(_)) { 1 } else { 60 };
    let timeouts = timeouts.operation_attempt_timeout(Duration::from_secs(patience)).build();
    let config = config(&server, 3, keys).timeout_config(timeouts).build();
    let client = aws_sdk_cloudformation::Client::from_conf(config);
    server.fault(fault, "DescribeStacks", 1, count);
    let result = wait(client.describe_stacks().stack_name("shop").send());
    let kind = match &result {
        Ok(_) => "an answer".to_owned(),
        Err(SdkError::ServiceError(error)) => {
            format!("an error with {}", error.err().code().unwrap_or("no code"))
        }
        Err(SdkError::DispatchFailure(_)) => "a broken connection".to_owned(),
        Err(SdkError::TimeoutError(_)) => "silence".to_owned(),
        Err(SdkError::ResponseError(_)) => "half an answer".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!("{kind} after {} calls", server.count("DescribeStacks"))
}

#[test]
fn faults_that_pass_are_overcome() {
    let failure = Fault::Error { http: 500, code: "InternalFailure", message: "" };
    assert_eq!(outcome(Fault::throttling(), 2), "an answer after 3 calls");
    assert_eq!(outcome(failure, 2), "an answer after 3 calls");
    assert_eq!(outcome(Fault::ResetBefore, 1), "an answer after 2 calls");
    assert_eq!(outcome(Fault::ResetAfter, 1), "an answer after 2 calls");
    assert_eq!(outcome(Fault::Truncated, 1), "an answer after 2 calls");
    assert_eq!(outcome(Fault::Silence(Duration::from_secs(9)), 1), "an answer after 2 calls");
    assert_eq!(outcome(Fault::Silence(Duration::ZERO), 1), "an answer after 1 calls");
}

#[test]
fn faults_that_stay_are_told() {
    assert_eq!(outcome(Fault::throttling(), 9), "an error with Throttling after 3 calls");
    assert_eq!(outcome(Fault::access_denied(), 9), "an error with AccessDenied after 1 calls");
    let expired = Fault::Error { http: 403, code: "ExpiredToken", message: "The token is expired" };
    assert_eq!(outcome(expired, 9), "an error with ExpiredToken after 1 calls");
    assert_eq!(outcome(Fault::ResetBefore, 9), "a broken connection after 3 calls");
    assert_eq!(outcome(Fault::Garbage, 9), "an error with no code after 1 calls");
    assert_eq!(outcome(Fault::Unknown, 9), "an error with InvalidAction after 1 calls");
}

#[test]
fn a_lost_answer_is_only_harmless_with_a_token() {
    for token in [Some("1".to_owned()), None] {
        let server = Server::start();
        let client = client(&server, 3);
        wait(async {
            create(&client, "shop", "c", aws_sdk_cloudformation::types::ChangeSetType::Create, QUEUE).await;
            server.fault(Fault::ResetAfter, "ExecuteChangeSet", 1, 1);
            let execute = client.execute_change_set().stack_name("shop").change_set_name("c");
            let result = execute.set_client_request_token(token.clone()).send().await;
            match token {
                Some(_) => drop(result.unwrap()),
                None => assert!(refusal(result).starts_with("InvalidChangeSetStatus: ")),
            }
            assert_eq!(finish(&client, "shop").await, "CREATE_COMPLETE");
        });
        assert_eq!(server.count("ExecuteChangeSet"), 2);
    }
}

#[test]
fn a_run_may_end_at_any_call_and_another_go_on() {
    for served in 0..4 {
        let server = Server::start();
        let client = client(&server, 1);
        wait(async {
            let make =
                client.create_stack().stack_name("shop").template_body(QUEUE).client_request_token("1");
            server.stop_after(served);
            let mut failed = make.clone().send().await.is_err();
            for _ in 0..4 {
                failed |= client.describe_stacks().stack_name("shop").send().await.is_err();
            }
            assert!(failed);
            server.resume();
            make.send().await.unwrap();
            assert_eq!(finish(&client, "shop").await, "CREATE_COMPLETE");
        });
        let lost = server.calls().iter().filter(|it| it.http.is_none()).count();
        assert_eq!(lost, 0, "what is not served is not recorded");
    }
}

#[test]
fn a_fault_may_happen_to_any_call() {
    let server = Server::start();
    let client = client(&server, 1);
    server.fault_overall(Fault::access_denied(), 2, 1);
    wait(async {
        client.describe_stacks().send().await.unwrap();
        let denied = client.list_exports().send().await;
        assert_eq!(refusal(denied), "AccessDenied: User is not authorized to perform this");
        client.list_exports().send().await.unwrap();
    });
    assert_eq!(server.transcript(), "DescribeStacks\nListExports → 403\nListExports\n");
}
