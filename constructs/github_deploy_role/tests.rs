//! What a role is for, and what it is refused.

use serde_json::{Value, json};

use crate::testing::{Stack, stack};

fn role(properties: &str) -> Stack {
    stack(&format!("r: {{type: GithubDeployRole, {properties}}}"))
}

fn condition(properties: &str) -> Value {
    let stack = role(properties);
    stack.properties("r/Resource")["AssumeRolePolicyDocument"]["Statement"][0]["Condition"].clone()
}

/// The condition for exactly this `sub`.
fn exactly(subject: &str) -> Value {
    json!({ "StringEquals": {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": subject,
    } })
}

/// The condition for every `sub` that fits.
fn like(subject: &str) -> Value {
    json!({
        "StringEquals": { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
        "StringLike": { "token.actions.githubusercontent.com:sub": subject },
    })
}

#[test]
fn trusts_one_branch_of_one_repository() {
    let stack = role("repository: acme/shop, branch: main");
    assert_eq!(stack.faults(), [""; 0]);
    assert_eq!(stack.properties("r/Resource"), json!({
        "AssumeRolePolicyDocument": {
            "Statement": [{
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": exactly("repo:acme/shop:ref:refs/heads/main"),
                "Effect": "Allow",
                "Principal": { "Federated": "${r/Provider/Resource.Arn}" },
            }],
            "Version": "2012-10-17",
        },
    }));
    assert_eq!(stack.properties("r/Provider/Resource"), json!({
        "ClientIdList": ["sts.amazonaws.com"],
        "Url": "https://token.actions.githubusercontent.com",
    }));
    assert_eq!(stack.attribute("r", "arn"), json!("${r/Resource.Arn}"));
    assert_eq!(stack.attribute("r", "name"), json!("${r/Resource}"));
    assert_eq!(stack.attribute("r", "providerArn"), json!("${r/Provider/Resource.Arn}"));
}

#[test]
fn each_kind_of_run_has_a_subject() {
    let of = |run: &str| condition(&format!("repository: acme/shop, {run}"));
    assert_eq!(of("environment: prod"), exactly("repo:acme/shop:environment:prod"));
    assert_eq!(of("environment: 'eu:prod'"), exactly("repo:acme/shop:environment:eu%3Aprod"));
    assert_eq!(of("tag: v1"), exactly("repo:acme/shop:ref:refs/tags/v1"));
    assert_eq!(of("pullRequests: true"), exactly("repo:acme/shop:pull_request"));
}

#[test]
fn a_repository_may_have_ids() {
    let id = "acme@123456/shop@456789";
    assert_eq!(
        condition(&format!("repository: {id}, branch: main")),
        exactly(&format!("repo:{id}:ref:refs/heads/main"))
    );
    assert_eq!(
        condition("repository: 'acme@123456/shop-*', branch: main"),
        like("repo:acme@123456/shop-*:ref:refs/heads/main")
    );
}

#[test]
fn a_pattern_is_one_only_if_it_is_written_as_one() {
    assert_eq!(condition("repository: acme/shop, tag: 'v*'"), like("repo:acme/shop:ref:refs/tags/v*"));
    assert_eq!(
        condition("repository: 'acme/shop-*', branch: main"),
        like("repo:acme/shop-*:ref:refs/heads/main")
    );
    assert_eq!(role("repository: 'acme/shop-*', tag: 'v*'").faults(), [""; 0]);
}

#[test]
fn points_at_a_pattern_that_takes_in_all() {
    let pushed = |at: &str| format!("github-any at `{at}`: whoever may push to the repository can take on the role");
    for what in ["branch", "environment", "tag"] {
        assert_eq!(role(&format!("repository: acme/shop, {what}: '*'")).faults(), [pushed("'*'")]);
    }
    assert_eq!(
        role("repository: 'acme/*', branch: main").faults(),
        ["github-any at `'acme/*'`: whoever may make a repository there can take on the role"]
    );
}

#[test]
fn points_at_an_owner_that_anybody_can_make() {
    for owner in ["*", "acme*", "*@123456"] {
        let login = owner.split('@').next().unwrap();
        assert_eq!(
            role(&format!("repository: '{owner}/shop', branch: main")).faults(),
            [format!(
                "github-repository at `'{owner}/shop'`: anybody can make an owner that fits `{login}`, and take on the role"
            )]
        );
    }
}

#[test]
fn points_at_what_is_no_repository() {
    let long = format!("{}/shop", "a".repeat(40));
    for text in [
        "shop",
        "https://github.com/acme/shop",
        "acme/shop/web",
        "acme/",
        "acme/shop.git",
        "ac me/shop",
        "acme@x/shop@1",
        "acme@1/shop@*",
        &long,
    ] {
        assert_eq!(
            role(&format!("repository: '{text}', branch: main")).faults(),
            [format!("github-repository at `'{text}'`: `{text}` is no repository of GitHub")]
        );
    }
    for text in ["acme@123456/shop", "acme/shop@456789", "acme/shop-*@456789"] {
        assert_eq!(
            role(&format!("repository: '{text}', branch: main")).faults(),
            [format!(
                "github-repository at `'{text}'`: GitHub sends the ids of both owner and repository, or of neither"
            )]
        );
    }
}

#[test]
fn points_at_a_role_for_no_run_or_several_kinds() {
    for none in ["", ", pullRequests: false"] {
        assert_eq!(
            role(&format!("repository: acme/shop{none}")).faults(),
            ["github-run at `r`: nothing says which runs may take on the role"]
        );
    }
    assert_eq!(
        role("repository: acme/shop, branch: main, pullRequests: true").faults(),
        ["github-run at `true`: the role is for `branch` and for `pullRequests`"]
    );
}

#[test]
fn points_at_what_git_cannot_name() {
    for name in ["", "a b", "a..b", "a//b", "/a", "-a", "a/", "a.", "a:b"] {
        assert_eq!(
            role(&format!("repository: acme/shop, tag: '{name}'")).faults(),
            [format!("github-ref at `'{name}'`: no tag can be named `{name}`")]
        );
    }
    assert_eq!(
        role("repository: acme/shop, branch: refs/heads/main").faults(),
        ["github-ref at `refs/heads/main`: `refs/heads/main` is a branch with the path that Git keeps it at"]
    );
    assert_eq!(
        role("repository: acme/shop, environment: ''").faults(),
        ["github-ref at `''`: an environment has a name"]
    );
}

#[test]
fn the_provider_may_be_there_already() {
    let principal = |provider: &str| {
        let stack = role(&format!("repository: acme/shop, branch: main, provider: {provider}"));
        assert_eq!(stack.resources().len(), 1);
        let statement = &stack.properties("r/Resource")["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(statement["Principal"]["Federated"], stack.attribute("r", "providerArn"));
        stack.attribute("r", "providerArn")
    };
    let known = "oidc-provider/token.actions.githubusercontent.com";
    assert_eq!(
        principal("existing"),
        json!(format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{known}"))
    );
    let arn = format!("arn:aws:iam::111122223333:{known}");
    assert_eq!(principal(&format!("'{arn}'")), json!(arn));
    assert_eq!(principal("'${param.Param}'"), json!("${Param}"));
    assert_eq!(
        role("repository: acme/shop, branch: main, provider: exists").faults(),
        ["github-provider at `exists`: this is not the ARN of GitHub as an identity provider"]
    );
}

#[test]
fn an_account_has_one_provider() {
    let two = |second: &str| {
        stack(&format!(
            "a: {{type: GithubDeployRole, repository: acme/shop, branch: main}}\n\
             b: {{type: GithubDeployRole, repository: acme/docs, branch: main{second}}}\n"
        ))
    };
    let fault = |at: &str| {
        [format!("second-provider at `{at}`: another role creates the provider, of which an account has one")]
    };
    assert_eq!(two("").faults(), fault("acme/docs"));
    assert_eq!(two(", provider: create").faults(), fault("create"));
    let shared = two(", provider: '${a.providerArn}'");
    assert_eq!(shared.faults(), [""; 0]);
    assert_eq!(shared.attribute("b", "providerArn"), json!("${a/Provider/Resource.Arn}"));
}

#[test]
fn may_do_what_it_is_told() {
    let stack = role(
        "repository: acme/shop, branch: main, maxSession: 2h, \
         managedPolicies: [ReadOnlyAccess, 'arn:aws:iam::111122223333:policy/deploy', '${param.Param}'], \
         permissions: [{actions: ['sts:AssumeRole'], resources: ['arn:aws:iam::111122223333:role/cdk-*']}]",
    );
    assert_eq!(stack.faults(), [""; 0]);
    let properties = stack.properties("r/Resource");
    assert_eq!(properties["MaxSessionDuration"], json!(7200));
    assert_eq!(
        properties["ManagedPolicyArns"],
        json!([
            "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess",
            "arn:aws:iam::111122223333:policy/deploy",
            "${Param}",
        ])
    );
    let policy = stack.properties("r/DefaultPolicy/Resource");
    assert_eq!(policy["Roles"], json!(["${r/Resource}"]));
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([{
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Resource": "arn:aws:iam::111122223333:role/cdk-*",
        }])
    );
}

#[test]
fn points_at_what_would_make_it_an_administrator() {
    let anything = "lets whoever changes a workflow do anything in the account";
    for policy in [
        "AdministratorAccess",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess",
    ] {
        assert_eq!(
            role(&format!("repository: acme/shop, branch: main, managedPolicies: ['{policy}']")).faults(),
            [format!("admin-policy at `'{policy}'`: `AdministratorAccess` {anything}")]
        );
    }
    assert_eq!(
        role("repository: acme/shop, branch: main, managedPolicies: [IAMFullAccess]").faults(),
        [
            "admin-policy at `IAMFullAccess`: `IAMFullAccess` lets whoever changes a workflow make himself an administrator"
        ]
    );
    assert_eq!(
        role("repository: acme/shop, branch: main, permissions: [{actions: ['*'], resources: ['*']}]").faults(),
        ["wide-permission at `'*'`: `*` allows everything in the account"]
    );
}

#[test]
fn points_at_what_is_no_policy_and_no_session() {
    assert_eq!(
        role("repository: acme/shop, branch: main, managedPolicies: ['read only']").faults(),
        ["policy-name at `'read only'`: `read only` is neither a policy of AWS nor an ARN"]
    );
    for time in ["30m", "13h"] {
        assert_eq!(
            role(&format!("repository: acme/shop, branch: main, maxSession: {time}")).faults(),
            [format!("session-length at `{time}`: a session of a role may be let last from 1 to 12 hours")]
        );
    }
}

#[test]
fn is_granted_what_others_offer() {
    let with = |grants: &str| {
        stack(&format!(
            "n: {{type: Network}}\nrepo: {{type: Repository}}\nsite: {{type: Bucket}}\n\
             api: {{type: FargateService, network: n, image: 'repo:1', port: 80, access: granted}}\n\
             r: {{type: GithubDeployRole, repository: acme/shop, branch: main, grants: {grants}, \
                 permissions: [{{actions: ['sts:AssumeRole'], resources: ['arn:x']}}]}}"
        ))
    };
    let stack = with("{repo: readWrite, site: write}");
    assert_eq!(stack.faults(), [""; 0]);
    let policy = stack.properties("r/DefaultPolicy/Resource");
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let resources: Vec<&Value> = statements.iter().map(|it| &it["Resource"]).collect();
    assert_eq!(resources, ["*", "${repo/Resource.Arn}", "${site/Resource.Arn}/*", "arn:x"]);
    assert_eq!(
        with("{api: call}").faults(),
        ["grant-access at `call`: `api` lets in what runs in a network, and this does not"]
    );
}
