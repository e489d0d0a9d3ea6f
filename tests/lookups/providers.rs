//! Each provider against answers of AWS: what is kept, what is not found, what fails, and what is hostile.

use asi::{
    ops::context::look_up,
    world::{MemoryFiles, Reach, World, aws},
};
use asi_constructs::kernel::lookup::{Missing, key};
use serde_json::{Map, Value, json};

use super::answers::*;
use crate::support::{
    access,
    cloudformation::{Fault, Server},
    world,
};

/// What `provider` answers when it is asked at home, or why it does not.
fn ask(server: &Server, provider: &str, asked: &Value) -> Result<Value, String> {
    let place = json!({ "account": ACCOUNT, "region": REGION });
    let props: Map<String, Value> = place
        .as_object()
        .into_iter()
        .chain(asked.as_object())
        .flatten()
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect();
    let world = World { access: access(&server.url()), ..world(MemoryFiles::default()) };
    let missing = Missing { key: key(provider, &props), provider: provider.to_owned(), props };
    let mut answers = aws::block_on(look_up(&world, &Reach::default(), &[missing]));
    answers.remove(0).result.map_err(|it| it.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "they are written where they are checked")]
fn check(server: &Server, provider: &str, asked: Value, expected: Value) {
    // As text: the order of what is kept is that of the CDK.
    let found = ask(server, provider, &asked).map(|it| it.to_string());
    assert_eq!(found, Ok(expected.to_string()), "{provider} {asked}");
}

#[expect(clippy::needless_pass_by_value, reason = "they are written where they are checked")]
fn check_failure(server: &Server, provider: &str, asked: Value, expected: &str) {
    assert_eq!(ask(server, provider, &asked), Err(expected.to_owned()), "{provider} {asked}");
}

#[test]
fn a_network_is_kept_with_its_subnets_by_group() {
    let server = Server::start();
    network(&server);
    let subnet = |id: &str, cidr: &str, zone: &str, table: &str| json!({ "subnetId": id, "cidr": cidr, "availabilityZone": zone, "routeTableId": table });
    check(
        &server,
        "vpc-provider",
        json!({ "filter": { "tag:Name": "main" }, "returnAsymmetricSubnets": true }),
        json!({
            "vpcId": "vpc-00000001", "vpcCidrBlock": "10.0.0.0/16", "ownerAccountId": ACCOUNT, "availabilityZones": [],
            "vpnGatewayId": "vgw-1",
            "subnetGroups": [
                { "name": "Public", "type": "Public", "subnets": [
                    subnet("subnet-0000000a", "10.0.0.0/24", "us-east-1a", "rtb-main"),
                    subnet("subnet-0000000b", "10.0.1.0/24", "us-east-1b", "rtb-main"),
                ] },
                { "name": "App", "type": "Private", "subnets": [
                    subnet("subnet-0000000c", "10.0.2.0/24", "us-east-1a", "rtb-private"),
                    subnet("subnet-0000000d", "10.0.3.0/24", "us-east-1b", "rtb-private"),
                ] },
            ],
        }),
    );
    let asked = server.calls().into_iter().find(|it| it.action == "DescribeVpcs").unwrap().parameters;
    assert_eq!((asked.text("Filter.1.Name"), asked.text("Filter.1.Value.1")), ("tag:Name", "main"));
    check(
        &server,
        "vpc-provider",
        json!({ "filter": { "vpc-id": "vpc-00000001" }, "returnVpnGateways": false }),
        json!({
            "vpcId": "vpc-00000001", "vpcCidrBlock": "10.0.0.0/16", "ownerAccountId": ACCOUNT,
            "availabilityZones": ["us-east-1a", "us-east-1b"],
            "privateSubnetIds": ["subnet-0000000c", "subnet-0000000d"], "privateSubnetNames": ["App"],
            "privateSubnetRouteTableIds": ["rtb-private", "rtb-private"],
            "publicSubnetIds": ["subnet-0000000a", "subnet-0000000b"], "publicSubnetNames": ["Public"],
            "publicSubnetRouteTableIds": ["rtb-main", "rtb-main"],
        }),
    );
}

#[test]
fn a_subnet_is_what_its_routes_make_it() {
    let server = Server::start();
    network(&server);
    let names = ["nat", "transit", "internet", "local"];
    let listed: Vec<String> =
        names.iter().map(|it| subnet(it, "us-east-1a", "10.0.0.0/24", false, &[])).collect();
    // It is listed page by page.
    let first = subnets(&listed[..2]).replace("</subnetSet>", "</subnetSet><nextToken>more</nextToken>");
    answer(&server, "DescribeSubnets", &[first, subnets(&listed[2..])]);
    let tables = [
        route_table("rtb-1", &["nat"], &[("natGatewayId", "nat-1")]),
        route_table("rtb-2", &["transit"], &[("transitGatewayId", "tgw-1")]),
        route_table("rtb-3", &["internet"], &[("gatewayId", "igw-1")]),
        route_table("rtb-4", &["local"], &[]),
    ];
    answer(&server, "DescribeRouteTables", &[route_tables(&tables)]);
    answer(&server, "DescribeVpnGateways", &[vpn_gateways(&[])]);
    let found =
        ask(&server, "vpc-provider", &json!({ "filter": {}, "returnAsymmetricSubnets": true })).unwrap();
    let groups = found["subnetGroups"].as_array().unwrap().iter();
    let shown: Vec<String> = groups
        .map(|it| {
            let ids = it["subnets"].as_array().unwrap().iter().map(|it| it["subnetId"].as_str().unwrap());
            format!("{}: {}", it["type"].as_str().unwrap(), ids.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(shown, ["Private: nat transit", "Public: internet", "Isolated: local"]);
    assert!(found.get("vpnGatewayId").is_none());
}

#[test]
fn a_network_that_is_not_as_networks_are_is_told_of() {
    let asked = || json!({ "filter": { "isDefault": "true" } });
    let failing = |change: &dyn Fn(&Server), expected: &str| {
        let server = Server::start();
        network(&server);
        change(&server);
        check_failure(&server, "vpc-provider", asked(), expected);
    };
    failing(
        &|it| answer(it, "DescribeVpcs", &[vpcs(&[])]),
        r#"there is no VPC with filter={"isDefault":"true"}"#,
    );
    failing(
        &|it| answer(it, "DescribeVpcs", &[vpcs(&["vpc-00000001", "vpc-00000002"])]),
        r#"there are 2 VPCs with filter={"isDefault":"true"}, and one is meant"#,
    );
    failing(
        &|it| answer(it, "DescribeSubnets", &[subnets(&[])]),
        "what is there cannot be used: the VPC has no subnets",
    );
    let one = |tags: &[(&str, &str)]| subnet("subnet-0000000a", "us-east-1a", "10.0.0.0/24", true, tags);
    failing(
        &|it| answer(it, "DescribeSubnets", &[subnets(&[one(&[("aws-cdk:subnet-type", "Odd")])])]),
        "what is there cannot be used: the subnet `subnet-0000000a` has the tag `aws-cdk:subnet-type` with the value `Odd`",
    );
    failing(
        &|it| {
            answer(it, "DescribeSubnets", &[subnets(&[one(&[])])]);
            answer(it, "DescribeRouteTables", &[route_tables(&[])]);
        },
        "what is there cannot be used: the subnet `subnet-0000000a` has no route table, and its VPC has no main one",
    );
    failing(
        &|it| {
            let private = subnet(
                "subnet-0000000b",
                "us-east-1b",
                "10.0.1.0/24",
                false,
                &[("aws-cdk:subnet-type", "Private")],
            );
            answer(it, "DescribeSubnets", &[subnets(&[one(&[]), private])]);
        },
        "what is there cannot be used: not all groups of its subnets are in the same zones: some in us-east-1a, others in \
         us-east-1b",
    );
    let server = Server::start();
    network(&server);
    let by_tag = json!({ "filter": {}, "subnetGroupNameTag": "group" });
    let expected =
        "what is there cannot be used: the subnet `subnet-0000000b` has no tag `group` to name its group";
    check_failure(&server, "vpc-provider", by_tag, expected);
    let unclear = "the lookup makes no sense: `filter` says which VPC is meant: names and texts";
    check_failure(&server, "vpc-provider", json!({ "filter": { "a": 1 } }), unclear);
}

#[test]
fn zones_and_images_are_kept() {
    let server = Server::start();
    answer(&server, "DescribeAvailabilityZones", &[zones()]);
    check(&server, "availability-zones", json!({}), json!(["us-east-1a", "us-east-1c"]));
    answer(&server, "DescribeVpcEndpointServices", &[endpoint_services()]);
    let service = json!({ "serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1" });
    check(&server, "endpoint-service-availability-zones", service, json!(["us-east-1a", "us-east-1b"]));

    let pages = [
        images(&[("ami-old", "2023-01-01T00:00:00.000Z"), ("ami-new", "2024-05-01T00:00:00.000Z")])
            .replace("</imagesSet>", "</imagesSet><nextToken>more</nextToken>"),
        images(&[("ami-middle", "2024-01-01T00:00:00.000Z")]),
    ];
    answer(&server, "DescribeImages", &pages);
    let asked = json!({ "owners": ["amazon"], "filters": { "name": ["al2023-*"], "state": ["available", "pending"] } });
    check(&server, "ami", asked.clone(), json!("ami-new"));
    let sent = server.calls().into_iter().find(|it| it.action == "DescribeImages").unwrap().parameters;
    assert_eq!((sent.text("Owner.1"), sent.text("Filter.2.Value.2")), ("amazon", "pending"));
    answer(&server, "DescribeImages", &[images(&[])]);
    let none = r#"there is no image with owners=["amazon"], filters={"name":["al2023-*"],"state":["available","pending"]}"#;
    check_failure(&server, "ami", asked, none);
}

#[test]
fn a_security_group_is_kept() {
    let server = Server::start();
    answer(&server, "DescribeSecurityGroups", &[security_groups(&[("sg-1", true, true)])]);
    let by_id = json!({ "securityGroupId": "sg-1" });
    check(
        &server,
        "security-group",
        by_id.clone(),
        json!({ "securityGroupId": "sg-1", "allowAllOutbound": true }),
    );
    answer(&server, "DescribeSecurityGroups", &[security_groups(&[("sg-2", true, false)])]);
    let by_name = json!({ "securityGroupName": "web", "vpcId": "vpc-00000001" });
    check(
        &server,
        "security-group",
        by_name.clone(),
        json!({ "securityGroupId": "sg-2", "allowAllOutbound": false }),
    );
    answer(
        &server,
        "DescribeSecurityGroups",
        &[security_groups(&[("sg-1", true, true), ("sg-2", true, true)])],
    );
    let several =
        "there are 2 security groups with securityGroupName=web, vpcId=vpc-00000001, and one is meant";
    check_failure(&server, "security-group", by_name, several);
    let gone = Fault::Error { http: 400, code: "InvalidGroup.NotFound", message: "gone" };
    server.fault(gone, "DescribeSecurityGroups", 1, 1);
    check_failure(&server, "security-group", by_id, "there is no security group with securityGroupId=sg-1");
    let unclear = "the lookup makes no sense: it takes a security group's id or its name";
    check_failure(&server, "security-group", json!({}), unclear);
}

#[test]
fn a_load_balancer_and_its_listeners_are_kept() {
    let server = Server::start();
    let other = BALANCER.replace("front", "back");
    let pages = [
        load_balancers(&[(&other, "application")], Some("more")),
        load_balancers(&[(BALANCER, "application"), ("arn:net", "network")], None),
    ];
    answer(&server, "DescribeLoadBalancers", &pages);
    answer(&server, "DescribeTags", &[tags(BALANCER)]);
    let tagged = json!([{ "key": "team", "value": "web" }, { "key": "empty", "value": "" }]);
    check(
        &server,
        "load-balancer",
        json!({ "loadBalancerTags": tagged, "loadBalancerType": "application" }),
        json!({
            "loadBalancerArn": BALANCER, "loadBalancerCanonicalHostedZoneId": "Z2P70J7EXAMPLE",
            "loadBalancerDnsName": "front-424835706.us-east-1.elb.amazonaws.com", "vpcId": "vpc-00000001",
            "securityGroupIds": ["sg-5943793c"], "ipAddressType": "ipv4",
        }),
    );
    answer(
        &server,
        "DescribeListeners",
        &[listeners(&[(LISTENER, 443, "HTTPS"), ("arn:plain", 80, "HTTP")])],
    );
    let kept = json!({ "listenerArn": LISTENER, "listenerPort": 443, "securityGroupIds": ["sg-5943793c"] });
    let by_port =
        json!({ "loadBalancerArn": BALANCER, "listenerPort": 443, "loadBalancerType": "application" });
    check(&server, "load-balancer-listener", by_port, kept.clone());
    let by_protocol = json!({ "loadBalancerArn": BALANCER, "listenerProtocol": "HTTPS", "loadBalancerType": "application" });
    check(&server, "load-balancer-listener", by_protocol, kept.clone());
    let any = json!({ "loadBalancerArn": BALANCER, "loadBalancerType": "application" });
    let several = format!(
        "there are 2 listeners with loadBalancerArn={BALANCER}, loadBalancerType=application, and one is meant"
    );
    check_failure(&server, "load-balancer-listener", any, &several);
    answer(&server, "DescribeListeners", &[listeners(&[(LISTENER, 443, "HTTPS")])]);
    check(
        &server,
        "load-balancer-listener",
        json!({ "listenerArn": LISTENER, "loadBalancerType": "application" }),
        kept,
    );

    let missing = Fault::Error { http: 400, code: "LoadBalancerNotFound", message: "gone" };
    server.fault(missing, "DescribeLoadBalancers", 1, 1);
    let gone = json!({ "loadBalancerArn": "arn:gone", "loadBalancerType": "application" });
    let nothing = "there is no load balancer with loadBalancerArn=arn:gone, loadBalancerType=application";
    check_failure(&server, "load-balancer", gone, nothing);
    let unclear = "the lookup makes no sense: it takes the ARN of a load balancer, or its tags";
    check_failure(&server, "load-balancer", json!({}), unclear);
}

#[test]
fn a_hosted_zone_is_the_only_one_of_its_name_and_kind() {
    let server = Server::start();
    let listed = hosted_zones(
        &[("Z1", "example.com.", false), ("Z2", "example.com.", true), ("Z3", "example.community.", false)],
        None,
    );
    answer(&server, "ListHostedZonesByName", &[listed]);
    let found = |id: &str| json!({ "Id": format!("/hostedzone/{id}"), "Name": "example.com." });
    check(&server, "hosted-zone", json!({ "domainName": "example.com" }), found("Z1"));
    answer(&server, "GetHostedZone", &[hosted_zone("vpc-00000001")]);
    let private = |vpc: &str| json!({ "domainName": "example.com", "privateZone": true, "vpcId": vpc });
    check(&server, "hosted-zone", private("vpc-00000001"), found("Z2"));
    let nothing = "there is no hosted zone with domainName=example.com, privateZone=true, vpcId=vpc-00000002";
    check_failure(&server, "hosted-zone", private("vpc-00000002"), nothing);

    let pages = [
        hosted_zones(&[("Z1", "example.com.", false)], Some(("example.com.", "Z4"))),
        hosted_zones(&[("Z4", "example.com.", false)], Some(("example.net.", "Z5"))),
    ];
    answer(&server, "ListHostedZonesByName", &pages);
    let several = "there are 2 hosted zones with domainName=example.com, and one is meant";
    check_failure(&server, "hosted-zone", json!({ "domainName": "example.com" }), several);
}

#[test]
fn parameters_and_keys_are_kept_or_what_stands_for_them() {
    let server = Server::start();
    server.home(|it| it.parameters.insert("/a/b".to_owned(), "value".to_owned()));
    check(&server, "ssm", json!({ "parameterName": "/a/b" }), json!("value"));
    let sent = server.calls().into_iter().find(|it| it.action == "GetParameter").unwrap().parameters;
    assert_eq!(sent.text("WithDecryption"), "", "what is encrypted stays so");
    check_failure(
        &server,
        "ssm",
        json!({ "parameterName": "/x" }),
        "there is no parameter with parameterName=/x",
    );
    let lenient = |name: &str, value: &str, dummy: Value| json!({ name: value, "ignoreErrorOnMissingContext": true, "dummyValue": dummy });
    check(&server, "ssm", lenient("parameterName", "/x", json!("dummy")), json!("dummy"));

    let pages = [
        json!({ "Aliases": [{ "AliasName": "alias/a", "TargetKeyId": "1" }], "NextMarker": "m", "Truncated": true }),
        json!({ "Aliases": [{ "AliasName": "alias/b", "TargetKeyId": "2" }, { "AliasName": "alias/c" }] }),
    ];
    answer(&server, "ListAliases", &pages.map(|it| it.to_string()));
    check(&server, "key-provider", json!({ "aliasName": "alias/b" }), json!({ "keyId": "2" }));
    check_failure(
        &server,
        "key-provider",
        json!({ "aliasName": "alias/c" }),
        "there is no key with aliasName=alias/c",
    );
    check(
        &server,
        "key-provider",
        lenient("aliasName", "alias/x", json!({ "keyId": "0" })),
        json!({ "keyId": "0" }),
    );
}

#[test]
fn resources_of_any_type_are_kept_with_what_is_asked() {
    let server = Server::start();
    let resource = |id: &str, engine: &str| {
        let properties = json!({ "Engine": engine, "Endpoint": { "Port": "5432" } }).to_string();
        json!({ "Identifier": id, "Properties": properties })
    };
    let got =
        json!({ "TypeName": "AWS::RDS::DBInstance", "ResourceDescription": resource("db1", "postgres") });
    answer(&server, "GetResource", &[got.to_string()]);
    let exact = |more: Value| {
        let mut asked = json!({
            "typeName": "AWS::RDS::DBInstance", "exactIdentifier": "db1", "propertiesToReturn": ["Endpoint.Port", "Engine"]
        });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let kept = json!([{ "Endpoint.Port": "5432", "Engine": "postgres", "Identifier": "db1" }]);
    check(&server, "cc-api-provider", exact(json!({})), kept);
    check_failure(
        &server,
        "cc-api-provider",
        exact(json!({ "propertiesToReturn": ["Endpoint.Name"] })),
        "what is there cannot be used: `db1` has no property `Endpoint.Name`",
    );
    let missing =
        || Fault::Error { http: 400, code: "ResourceNotFoundException", message: "no such resource" };
    server.fault(missing(), "GetResource", 1, 2);
    let nothing = "there is no resource with typeName=AWS::RDS::DBInstance, exactIdentifier=db1, \
                   propertiesToReturn=[\"Endpoint.Port\",\"Engine\"]";
    check_failure(&server, "cc-api-provider", exact(json!({})), nothing);
    let lenient = exact(json!({ "ignoreErrorOnMissingContext": true, "dummyValue": [{ "Engine": "?" }] }));
    check(&server, "cc-api-provider", lenient, json!([{ "Engine": "?" }]));

    let pages = [
        json!({ "ResourceDescriptions": [resource("db1", "mysql"), resource("db2", "postgres")], "NextToken": "n" }),
        json!({ "ResourceDescriptions": [resource("db3", "postgres")] }),
    ];
    let matching = |count: &str| {
        json!({
            "typeName": "AWS::RDS::DBInstance", "propertyMatch": { "Engine": "postgres" },
            "propertiesToReturn": ["Engine"], "expectedMatchCount": count,
        })
    };
    let found =
        json!([{ "Engine": "postgres", "Identifier": "db2" }, { "Engine": "postgres", "Identifier": "db3" }]);
    for count in ["any", "at-least-one"] {
        answer(&server, "ListResources", &pages.clone().map(|it| it.to_string()));
        check(&server, "cc-api-provider", matching(count), found.clone());
    }
    answer(&server, "ListResources", &pages.map(|it| it.to_string()));
    let several = ask(&server, "cc-api-provider", &matching("exactly-one")).unwrap_err();
    assert!(several.starts_with("there are 2 resources with typeName=AWS::RDS::DBInstance"), "{several}");
    answer(&server, "ListResources", &[json!({ "ResourceDescriptions": [] }).to_string()]);
    check(&server, "cc-api-provider", matching("any"), json!([]));
    let none = ask(&server, "cc-api-provider", &matching("at-least-one")).unwrap_err();
    assert!(none.starts_with("there is no resource with typeName=AWS::RDS::DBInstance"), "{none}");
    let unclear = "the lookup makes no sense: it takes `exactIdentifier` or `propertyMatch`";
    check_failure(&server, "cc-api-provider", json!({ "typeName": "A", "propertiesToReturn": [] }), unclear);
}

#[test]
fn a_busy_service_is_asked_again_and_a_refusal_is_told() {
    let server = Server::start();
    answer(&server, "DescribeAvailabilityZones", &[zones()]);
    let busy = Fault::Error { http: 503, code: "RequestLimitExceeded", message: "Request limit exceeded." };
    server.fault(busy, "DescribeAvailabilityZones", 1, 2);
    check(&server, "availability-zones", json!({}), json!(["us-east-1a", "us-east-1c"]));
    let denied = Fault::Error {
        http: 403,
        code: "UnauthorizedOperation",
        message: "You are not authorized to perform this operation.",
    };
    server.fault(denied, "DescribeAvailabilityZones", 1, 1);
    let expected = "AWS does not let you call `DescribeAvailabilityZones`: You are not authorized to perform this operation.";
    check_failure(&server, "availability-zones", json!({}), expected);
}

#[test]
fn what_is_no_answer_is_told_and_makes_nothing_grow() {
    let server = Server::start();
    let hostile = |body: String, expected: &str| {
        answer(&server, "DescribeAvailabilityZones", &[body]);
        let expected = format!("the answer to `DescribeAvailabilityZones` is not one of AWS: {expected}");
        check_failure(&server, "availability-zones", json!({}), &expected);
    };
    hostile("<a>".repeat(100_000), "its elements lie too deep");
    hostile("<!DOCTYPE a [<!ENTITY b \"cc\">]><a>&b;</a>".to_owned(), "it declares types of its own");
    hostile("<a>".to_owned(), "it ends in the middle");
    hostile(" ".repeat((64 << 20) + 1), "it has more than 67108864 bytes");
    hostile("<html><body>Log in</body></html>".to_owned(), "it is a document of the kind `html`");
}

#[test]
fn a_list_without_an_end_is_given_up() {
    let server = Server::start();
    let endless = vpcs(&[]).replace("</vpcSet>", "</vpcSet><nextToken>again</nextToken>");
    answer(&server, "DescribeVpcs", &[endless]);
    let told = "the answer to `DescribeVpcs` is not one of AWS: it has more than 1000 pages";
    check_failure(&server, "vpc-provider", json!({ "filter": {} }), told);
    answer(&server, "ListAliases", &[json!({ "Aliases": [], "NextMarker": "again" }).to_string()]);
    let told = "the answer to `ListAliases` is not one of AWS: it has more than 1000 pages";
    check_failure(&server, "key-provider", json!({ "aliasName": "alias/a" }), told);
}

#[test]
fn what_asi_cannot_ask_it_says() {
    let server = Server::start();
    let plugin = "`mine` is a plugin of the CDK's CLI, and `asi` runs none";
    check_failure(&server, "plugin", json!({ "pluginName": "mine" }), plugin);
    check_failure(&server, "plugin:mine", json!({}), plugin);
    check_failure(&server, "stars", json!({}), "nothing is known that looks up `stars`");
    let nowhere = "nothing says in which account and region to look";
    check_failure(&server, "ssm", json!({ "account": null }), nowhere);
}

#[test]
fn lookups_are_made_in_their_role_or_as_the_caller_of_the_same_account() {
    let server = Server::start();
    server.at("111122223333", REGION, |it| it.parameters.insert("/a".to_owned(), "theirs".to_owned()));
    server.home(|it| it.parameters.insert("/a".to_owned(), "ours".to_owned()));
    let role = |account: &str| {
        json!({
            "parameterName": "/a", "account": account, "lookupRoleExternalId": "agreed",
            "lookupRoleArn": format!("arn:${{AWS::Partition}}:iam::{account}:role/lookup"),
            "assumeRoleAdditionalOptions": { "Tags": [{ "Key": "team", "Value": "web" }] },
        })
    };
    check(&server, "ssm", role("111122223333"), json!("theirs"));
    let taken_on = server.calls().into_iter().find(|it| it.action == "AssumeRole").unwrap().parameters;
    assert_eq!(taken_on.text("RoleArn"), "arn:aws:iam::111122223333:role/lookup");
    assert_eq!((taken_on.text("ExternalId"), taken_on.text("Tags.member.1.Value")), ("agreed", "web"));

    server.fault(Fault::access_denied(), "AssumeRole", 1, 9);
    check(&server, "ssm", role(ACCOUNT), json!("ours"));
    let why = ask(&server, "ssm", &role("111122223333")).unwrap_err();
    let start = "this is looked up in account 111122223333, the credentials are for 123456789012, and the role that leads \
                 there cannot be taken on: AWS does not let you call `AssumeRole`: ";
    assert!(why.starts_with(start), "{why}");
    let other = json!({ "parameterName": "/a", "account": "111122223333" });
    let wrong = "this is looked up in account 111122223333, and the credentials are for 123456789012";
    check_failure(&server, "ssm", other, wrong);
}
