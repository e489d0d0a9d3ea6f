//! The network, and what the others take of it.

use super::{APP, FILE, exported, ids, imported, infra, objects, of, subnets, ways, with};
use crate::{
    stacks::artifacts,
    support::{
        query::{Query, Resource, many, refers},
        read, template,
    },
};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn cit_01_six_subnets_in_three_zones() {
    let query = Query::new(infra());
    let vpc = query.only("AWS::EC2::VPC");
    assert_eq!(vpc.get("CidrBlock"), "10.27.0.0/20");
    let of = |public| -> Vec<String> {
        let mut found: Vec<String> = subnets(&query, public)
            .iter()
            .map(|it| {
                assert_eq!(query.target(it.get("VpcId")).id, vpc.id);
                assert_eq!(it.get("MapPublicIpOnLaunch"), false);
                let text = |key| it.get(key).as_str().unwrap();
                format!("{} {}", text("AvailabilityZone"), text("CidrBlock"))
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(of(true), ["us-east-1a 10.27.0.0/23", "us-east-1b 10.27.2.0/23", "us-east-1c 10.27.4.0/23"]);
    assert_eq!(of(false), ["us-east-1a 10.27.6.0/23", "us-east-1b 10.27.8.0/23", "us-east-1c 10.27.10.0/23"]);
}

#[test]
fn cit_02_private_subnets_leave_through_the_nat_of_their_zone() {
    let query = Query::new(infra());
    let private = subnets(&query, false);
    assert_eq!(private.len(), 3);
    for subnet in private {
        let routes = query.routes(query.route_table(subnet.id).id);
        let out: Vec<_> = routes.iter().filter(|it| it.get("DestinationCidrBlock") == "0.0.0.0/0").collect();
        let [route] = out.as_slice() else { panic!("{out:?}") };
        let stands_in = query.target(query.target(route.get("NatGatewayId")).get("SubnetId"));
        assert!(query.is_public(stands_in.id));
        assert_eq!(stands_in.get("AvailabilityZone"), subnet.get("AvailabilityZone"));
    }
}

#[test]
fn cit_03_each_nat_has_an_address_of_its_own() {
    let query = Query::new(infra());
    let attachments = query.of("AWS::EC2::VPCGatewayAttachment");
    let attachment = attachments.iter().find(|it| !it.get("InternetGatewayId").is_null()).unwrap();
    let (nats, addresses) = (query.of("AWS::EC2::NatGateway"), query.of("AWS::EC2::EIP"));
    let used: BTreeSet<&str> = nats.iter().map(|it| query.target(it.get("AllocationId")).id).collect();
    assert_eq!((nats.len(), used), (3, ids(&addresses)));
    for address in addresses {
        assert_eq!(address.get("Domain"), "vpc");
        assert!(query.depends(address.id, attachment.id));
    }
}

#[test]
fn cit_04_routes_to_the_offices_wait_for_the_gateway() {
    let query = Query::new(infra());
    let gateway = query.only("AWS::EC2::VPNGateway");
    assert_eq!(gateway.get("Type"), "ipsec.1");
    let attachments = query.of("AWS::EC2::VPCGatewayAttachment");
    let attachment = attachments.iter().find(|it| refers(it.get("VpnGatewayId"), gateway.id)).unwrap();
    assert_eq!(query.target(attachment.get("VpcId")).kind(), "AWS::EC2::VPC");
    let routes: Vec<_> = query
        .of("AWS::EC2::Route")
        .into_iter()
        .filter(|it| refers(it.get("GatewayId"), gateway.id))
        .collect();
    assert_eq!(routes.len(), 7 + 3);
    for route in routes {
        assert!(query.depends(route.id, attachment.id), "{}", route.id);
    }
}

#[test]
fn cit_05_what_is_reached_from_where() {
    let query = Query::new(infra());
    let (vpn, internet, nat) = ("AWS::EC2::VPNGateway", "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway");
    let set = |ways: &[(&str, &str)]| -> BTreeSet<(String, String)> {
        ways.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect()
    };
    let public: BTreeSet<&str> = subnets(&query, true).iter().map(|it| query.route_table(it.id).id).collect();
    let [public] = Vec::from_iter(public)[..] else { panic!("one table is for all public subnets") };
    let expected = set(&[
        ("0.0.0.0/0", internet),
        ("10.10.15.206/32", vpn),
        ("10.72.162.199/32", vpn),
        ("10.72.162.200/32", vpn),
        ("10.120.23.0/24", vpn),
        ("10.128.61.62/32", vpn),
        ("10.128.61.107/32", vpn),
        ("10.128.61.108/32", vpn),
    ]);
    assert_eq!(ways(&query, public), expected);
    for subnet in subnets(&query, false) {
        let expected = set(&[("0.0.0.0/0", nat), ("10.0.0.0/8", vpn)]);
        assert_eq!(ways(&query, query.route_table(subnet.id).id), expected);
    }
}

#[test]
fn cit_06_s3_is_reached_from_all_four_tables() {
    let query = Query::new(infra());
    let endpoint = query.only("AWS::EC2::VPCEndpoint");
    assert_eq!(endpoint.get("VpcEndpointType"), "Gateway");
    assert_eq!(*endpoint.get("ServiceName"), json!({"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}));
    let tables = query.of("AWS::EC2::RouteTable");
    assert_eq!(tables.len(), 4);
    assert_eq!(query.targets(endpoint.get("RouteTableIds")), ids(&tables));
}

#[test]
fn cit_07_the_network_tells_others_what_it_is() {
    let query = Query::new(infra());
    let output = |name: &str| {
        let output = &infra()["Outputs"][name];
        let suffix = format!("-{name}");
        assert!(output["Export"]["Name"]["Fn::Sub"].as_str().unwrap().ends_with(&suffix), "{output}");
        &output["Value"]
    };
    assert_eq!(*output("Region"), json!({"Ref": "AWS::Region"}));
    assert_eq!(query.target(output("VpcId")).kind(), "AWS::EC2::VPC");
    let list = |name| {
        let joined = &output(name)["Fn::Join"];
        assert_eq!(joined[0], ",");
        &joined[1]
    };
    for (name, public) in [("PublicSubnetIds", true), ("PrivateSubnetIds", false)] {
        assert_eq!(query.targets(list(name)), ids(&subnets(&query, public)));
    }
    assert_eq!(*list("AvailabilityZones"), json!(["us-east-1a", "us-east-1b", "us-east-1c"]));

    // In each environment, for they may be in one account.
    let text = read(FILE);
    let stacks = ["citrus-dev-infra", "citrus-prod-infra"];
    let names = stacks.into_iter().flat_map(|stack| {
        let names = exported(&template(&text, &[stack])).into_iter();
        names.map(|it| it.replace("${AWS::StackName}", stack)).collect::<Vec<_>>()
    });
    let names: Vec<String> = names.collect();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert!(names.len() > 2 * 5);
    assert_eq!(unique.len(), names.len(), "{names:#?}");
}

#[test]
fn cit_08_network_and_app_are_apart() {
    let text = infra().to_string();
    assert_eq!(imported(infra()), BTreeSet::new());
    for stack in ["citrus-app", "citrus-appv2", "citrus-eks"] {
        assert!(!text.contains(stack));
        let template = of(&APP, stack);
        for kind in ["VPC", "Subnet", "RouteTable", "NatGateway", "InternetGateway", "Route"] {
            assert_eq!(
                Query::new(template).of(&format!("AWS::EC2::{kind}")).len(),
                0,
                "{stack} has a {kind}"
            );
        }
        let mut taken = 0;
        for object in objects(template) {
            for key in ["VpcId", "Subnets", "SubnetIds", "VPCZoneIdentifier"] {
                for id in object.get(key).map(many).unwrap_or_default() {
                    assert!(id["Fn::ImportValue"].is_string(), "{key} of {stack}: {id}");
                    taken += 1;
                }
            }
        }
        assert!(taken >= 6, "{stack}: {taken}");
    }
}

#[test]
fn cit_09_what_is_imported_is_exported_and_deployed_before() {
    let exports = exported(infra());
    for stack in ["citrus-app", "citrus-appv2", "citrus-eks"] {
        let imports = imported(of(&APP, stack));
        assert!(imports.len() > 1, "{stack}");
        for name in imports {
            assert!(exports.contains(&name), "{stack} imports {name}");
        }
    }
    // Stacks are deployed after those they depend on, and deleted before them.
    let artifacts = artifacts("citrus", &read(FILE), &["-e", "dev"]);
    let dependencies = |stack: &str| -> Vec<&str> {
        let all = artifacts[format!("citrus-dev-{stack}")]["dependencies"].as_array();
        all.into_iter()
            .flatten()
            .map(|it| it.as_str().unwrap())
            .filter(|it| !it.ends_with(".assets"))
            .collect()
    };
    assert_eq!(dependencies("infra"), [""; 0]);
    for stack in ["app", "appv2", "eks"] {
        assert_eq!(dependencies(stack), ["citrus-dev-infra"], "{stack}");
    }
}

#[test]
fn cit_10_subnets_may_have_acls() {
    assert_eq!(Query::new(infra()).of("AWS::EC2::NetworkAcl").len(), 0);
    let template = with("citrus-infra", &[("endpoints: [s3]", "endpoints: [s3]\n        acls: true")]);
    let query = Query::new(&template);
    let associations = query.of("AWS::EC2::SubnetNetworkAclAssociation");
    let mut associated: Vec<&str> =
        associations.iter().map(|it| query.target(it.get("SubnetId")).id).collect();
    associated.sort_unstable();
    assert_eq!(associated, ids(&query.of("AWS::EC2::Subnet")).into_iter().collect::<Vec<_>>());
    let mut admitted = 0;
    for acl in query.of("AWS::EC2::NetworkAcl") {
        let entries = query.of("AWS::EC2::NetworkAclEntry").into_iter();
        let entries = entries.filter(|it| refers(it.get("NetworkAclId"), acl.id));
        let allowed = entries.filter(|it| it.get("RuleAction") == "allow");
        let (out, into): (Vec<_>, Vec<_>) = allowed.partition(|it| *it.get("Egress") == json!(true));
        let answers = |rule: &Resource<'_>| {
            out.iter().any(|it| {
                let all = it.get("Protocol") == -1;
                let ports = it.get("PortRange");
                let ephemeral = it.get("Protocol") == rule.get("Protocol")
                    && ports["From"].as_u64().is_some_and(|it| it <= 1024)
                    && ports["To"] == 65535;
                let there = [json!("0.0.0.0/0"), rule.get("CidrBlock").clone()].contains(it.get("CidrBlock"));
                there && (all || ephemeral)
            })
        };
        for rule in into {
            assert!(answers(&rule), "nothing answers what {} admits", rule.id);
            admitted += 1;
        }
    }
    assert!(admitted > 4, "{admitted}");
}
