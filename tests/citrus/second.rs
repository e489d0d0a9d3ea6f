//! The second version, on Fargate and on Kubernetes; and that either version may go.

use super::{
    APP, FILE, container, differing, ids, imported, infra, launch_data, leads, of, subnets, synthesize, v2,
};
use crate::support::{
    query::{Query, joined, many},
    read,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn cit_26_the_second_version_keeps_its_numbers() {
    let template = v2();
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    assert_eq!((service.get("LaunchType"), service.get("DesiredCount")), (&json!("FARGATE"), &json!(6)));
    let placed = &service.get("NetworkConfiguration")["AwsvpcConfiguration"];
    assert_eq!(query.targets(&placed["Subnets"]), ids(&subnets(&query, false)));
    assert_eq!(query.only("AWS::ECS::TaskDefinition").get("Cpu"), "256");
    assert_eq!(container(&query)["PortMappings"][0]["ContainerPort"], 5555);
    assert_eq!(query.only("AWS::ElasticLoadBalancingV2::Listener").get("Port"), 80);
    let target = query.only("AWS::ApplicationAutoScaling::ScalableTarget");
    assert_eq!((target.get("MinCapacity"), target.get("MaxCapacity")), (&json!(1), &json!(10)));
    let policy = query.only("AWS::ApplicationAutoScaling::ScalingPolicy");
    let tracking = policy.get("TargetTrackingScalingPolicyConfiguration");
    assert_eq!(tracking["TargetValue"], 50);
    let metric = &tracking["PredefinedMetricSpecification"]["PredefinedMetricType"];
    assert_eq!(metric, "ECSServiceAverageCPUUtilization");
    let deployment = service.get("DeploymentConfiguration");
    assert_eq!(
        *deployment,
        json!({
            "DeploymentCircuitBreaker": {"Enable": true, "Rollback": true},
            "MaximumPercent": 200,
            "MinimumHealthyPercent": 100,
        })
    );
    leads(&template, "cbv2.example.com");
}

#[test]
fn cit_26_kubernetes_as_far_as_cloudformation_goes() {
    let template = joined("citrus-eks", &APP);
    let query = Query::new(&template);
    let cluster = query.only("AWS::EKS::Cluster");
    assert_eq!(cluster.get("AccessConfig.AuthenticationMode"), "API");
    assert_eq!(cluster.get("AccessConfig.BootstrapClusterCreatorAdminPermissions"), false);
    let place = cluster.get("ResourcesVpcConfig");
    assert_eq!(
        (&place["EndpointPrivateAccess"], &place["EndpointPublicAccess"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(query.targets(&place["SubnetIds"]), ids(&subnets(&query, false)));
    assert_eq!(many(cluster.get("Logging.ClusterLogging.EnabledTypes")).len(), 5);
    let encryption = &cluster.get("EncryptionConfig")[0];
    assert_eq!(encryption["Resources"], json!(["secrets"]));
    assert_eq!(query.target(&encryption["Provider"]["KeyArn"]).kind(), "AWS::KMS::Key");

    let nodes = query.only("AWS::EKS::Nodegroup");
    assert_eq!(query.targets(nodes.get("Subnets")), ids(&subnets(&query, false)));
    assert_eq!(nodes.get("UpdateConfig.MaxUnavailable"), 1);
    let data = launch_data(&query);
    assert_eq!(data["MetadataOptions"]["HttpTokens"], "required");
    assert_eq!(data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"], true);
    let addons: BTreeMap<&str, bool> = query
        .of("AWS::EKS::Addon")
        .iter()
        .map(|it| (it.get("AddonName").as_str().unwrap(), query.depends(it.id, nodes.id)))
        .collect();
    // Nodes become ready with the first three, and the others run on them.
    let expected = [
        ("vpc-cni", false),
        ("kube-proxy", false),
        ("eks-pod-identity-agent", false),
        ("coredns", true),
        ("metrics-server", true),
    ];
    assert_eq!(addons, BTreeMap::from(expected));
    for addon in query.of("AWS::EKS::Addon") {
        assert_ne!(query.depends(addon.id, nodes.id), query.depends(nodes.id, addon.id), "{}", addon.id);
    }
    assert_eq!(query.only("AWS::EKS::AccessEntry").get("PrincipalArn")["Ref"], "Administrator");
    for association in query.of("AWS::EKS::PodIdentityAssociation") {
        let role = query.target(association.get("RoleArn"));
        let trust = &role.get("AssumeRolePolicyDocument.Statement")[0];
        assert_eq!(trust["Principal"], json!({"Service": "pods.eks.amazonaws.com"}));
        assert_eq!(trust["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
    }
}

/// The text of the example without one of its stacks.
fn without(stack: &str) -> String {
    let text = read(FILE);
    let mut kept = String::new();
    let mut removed = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if removed.is_some_and(|it| line.is_empty() || indent > it) {
            continue;
        }
        let is_it = indent > 0 && line.trim_start().starts_with(&format!("{stack}:"));
        removed = is_it.then_some(indent);
        if removed.is_none() {
            kept += line;
            kept += "\n";
        }
    }
    kept
}

#[test]
fn cit_27_either_version_may_go() {
    let removed = synthesize(&without("appv2"));
    assert_eq!(
        removed.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(),
        ["citrus-infra", "citrus-app", "citrus-eks"]
    );
    assert_eq!(of(&removed, "citrus-app"), of(&APP, "citrus-app"));
    assert_eq!(differing(of(&removed, "citrus-infra"), infra()), BTreeSet::new());
    // The stack of the key is gone from the text as well, and not only from what is asked of it.
    assert!(!without("appv2").contains("k8s-cbv2"));

    let removed = synthesize(&without("app"));
    assert_eq!(removed.len(), 3);
    assert_eq!(of(&removed, "citrus-appv2"), of(&APP, "citrus-appv2"));
    // What they share is exported by the network, and neither imports from the other.
    let imports = ["citrus-app", "citrus-appv2"].map(|it| imported(of(&APP, it)));
    assert!(imports[0].intersection(&imports[1]).count() > 3);
    for imports in imports {
        assert!(imports.iter().all(|it| it.starts_with("citrus-infra:")), "{imports:?}");
    }
}

#[test]
fn its_readme_counts_lines_and_resources() {
    let (readme, text) = (read("examples/citrusbyte/README.md"), read(FILE));
    let resources = |stacks: &[&str]| -> usize {
        stacks.iter().map(|it| Query::new(of(&APP, it)).resources().len()).sum()
    };
    let lines = |text: &str| {
        text.lines().map(str::trim_start).filter(|it| !it.is_empty() && !it.starts_with('#')).count()
    };
    let (constructs, rest) = text.split_once("\n  eks:\n").unwrap();
    let eks = rest.split_once("\nenvironments:").unwrap().0;
    for (stacks, lines) in [
        (&["citrus-infra", "citrus-app", "citrus-appv2"][..], lines(constructs)),
        (&["citrus-eks"], 1 + lines(eks)),
    ] {
        let numbers = format!(" | {lines} | {} |", resources(stacks));
        assert!(readme.contains(&numbers), "{numbers}");
    }
}
